// The program's own accesses to pinned and managed memory, seen one by one while work of the device may touch it too.
//
// While the view that the program has is closed, an access faults. It is told to the hook, the page is opened, and after the
// one instruction closed again; the engine uses another view of the same memory. A page that the program uses a lot stays open.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simt::memory::watch {

/// Asks for two views of the memory that both sides use; without effect once there is memory.
void want();
bool wanted();
/// Whether there are two views.
bool possible();
/// Whether there is any memory to be watched.
bool any();

/// Closes the program's view of all of it, and opens it again.
void close();
void open();

/// Called on the thread that accesses, in its signal handler. `code`: the instruction, or null for a call of the C library.
extern void (*hook)(std::uint64_t address, std::size_t bytes, bool writes, void* code);

/// For the handler of SIGSEGV: true if the instruction can go on.
bool handle(std::uint64_t address, void* context);

}  // namespace simt::memory::watch
