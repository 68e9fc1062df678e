// Which pieces a kernel has, and memory for their code.
#include "simt/jit/jit.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "simt/exec/handlers.hpp"
#include "simt/jit/piece.hpp"

namespace simt::jit {

#ifdef SIMT_JIT

namespace {

constexpr std::size_t kLongest = 400;       ///< instructions of a piece
constexpr std::size_t kMostCode = 16 << 20;

bool allowed() {
  static const bool yes = [] {
    const char* text = std::getenv("PMPP_SIM_JIT");
    return !text || std::strcmp(text, "0") != 0;
  }();
  return yes && exec::settings().isa == "v4";
}

/// Memory with code, which nobody can write to any more. Null if the system forbids that.
std::shared_ptr<const void> executable(const std::vector<std::uint8_t>& bytes) {
  void* memory = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  std::memcpy(memory, bytes.data(), bytes.size());
  if (mprotect(memory, bytes.size(), PROT_READ | PROT_EXEC) != 0) {
    munmap(memory, bytes.size());
    return nullptr;
  }
  return {memory, [size = bytes.size()](const void* p) { munmap(const_cast<void*>(p), size); }};
}

}  // namespace

void prepare(ir::Code& code) {
  if (!allowed()) return;
  static std::mutex mutex;   // a kernel may be launched twice at once
  std::lock_guard lock(mutex);
  if (code.fused_known) return;
  code.fused_known = true;
  const Rows rows(code);
  if (!rows.known()) return;
  Assembler assembler;
  write_constants(assembler);
  struct Entry {
    std::size_t instr, offset;
    bool masked;
  };
  std::vector<Entry> entries;
  for (bool masked : {false, true}) {
    for (std::size_t n = 0; n < code.count;) {
      auto end = n;
      while (end + 1 < code.count && end - n < kLongest && (end == n || !rows.leads(end)) && Piece::knows(code, rows, end, masked)) ++end;
      if (end > n && assembler.bytes.size() < kMostCode) {
        while (assembler.bytes.size() % 64) assembler.bytes.push_back(0xcc);
        entries.push_back({n, Piece(assembler, code, rows, n, end, masked).compile(), masked});
      }
      n = end > n ? end : n + 1;
    }
  }
  if (entries.empty()) return;
  code.fused_memory = executable(assembler.bytes);
  if (!code.fused_memory) return;
  code.fused = code.gang;
  for (const auto& entry : entries) {
    const auto* start = static_cast<const std::byte*>(code.fused_memory.get()) + entry.offset;
    auto& way = entry.masked ? code.fused[entry.instr].partial : code.fused[entry.instr].full;
    way = reinterpret_cast<exec::GangHandler>(reinterpret_cast<std::uintptr_t>(start));
  }
}

#else

void prepare(ir::Code&) {}

#endif

}  // namespace simt::jit
