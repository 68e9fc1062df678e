// The program's own accesses to pinned and managed memory, seen one by one.
#include "simt/memory/watch.hpp"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "simt/memory/memory.hpp"

namespace simt::memory::watch {

void (*hook)(std::uint64_t, std::size_t, bool, void*) = nullptr;

namespace {

bool is_wanted = false;
/// Accesses to a page that are looked at one by one before it stays open, until the view is closed again.
constexpr unsigned kSteps = 64;

struct View {
  std::mutex mutex;
  std::atomic<bool> closed{false};
  std::vector<AddressSpace::Range> ranges;             // that were closed
  std::uint64_t allocations = 0;                       // of the address space, when they were
  std::set<std::uint64_t> opened;                      // pages that stay open
  std::unordered_map<std::uint64_t, unsigned> steps;   // by page
};
View& view() {
  static auto* one = new View;
  return *one;
}

std::uint64_t page_bytes() {
  static const auto size = std::uint64_t(sysconf(_SC_PAGESIZE));
  return size;
}
std::uint64_t page_of(std::uint64_t address) { return address / page_bytes() * page_bytes(); }

void protect(std::uint64_t from, std::uint64_t bytes, int protection) {
  // Fails only for memory that is gone; then nobody may touch it anyway.
  (void)mprotect(reinterpret_cast<void*>(from), bytes, protection);
}
void set_all(View& v, int protection) {
  for (const auto& [base, bytes] : v.ranges) protect(base, bytes, protection);
}

// ---- one instruction at a time --------------------------------------------------------------------------------------

struct Stepping {
  unsigned count;
  std::uint64_t pages[8];
};
thread_local Stepping stepping __attribute__((tls_model("initial-exec"))) = {};
struct sigaction trap_before;

#if defined(__x86_64__)
constexpr long kTrapFlag = 0x100;
constexpr bool kCanStep = true;
long long& flags_of(void* context) { return static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL]; }
bool is_write(void* context) { return (static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0; }
void* code_of(void* context) { return reinterpret_cast<void*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]); }
#else
constexpr long kTrapFlag = 0;
constexpr bool kCanStep = false;
long long& flags_of(void*) { static long long none; return none; }
bool is_write(void*) { return false; }
void* code_of(void*) { return nullptr; }
#endif

void on_trap(int signal, siginfo_t* info, void* context) {
  if (stepping.count) {
    flags_of(context) &= ~kTrapFlag;
    auto& v = view();
    std::lock_guard lock(v.mutex);
    for (unsigned n = 0; n < stepping.count; ++n)
      if (v.closed && !v.opened.count(stepping.pages[n])) protect(stepping.pages[n], page_bytes(), PROT_NONE);
    stepping.count = 0;
    return;
  }
  if (trap_before.sa_flags & SA_SIGINFO) trap_before.sa_sigaction(signal, info, context);
  else if (trap_before.sa_handler != SIG_DFL && trap_before.sa_handler != SIG_IGN) trap_before.sa_handler(signal);
  else if (trap_before.sa_handler == SIG_DFL) {
    sigaction(SIGTRAP, &trap_before, nullptr);
    raise(signal);
  }
}

// ---- calls of the C library that hand memory to the system ----------------------------------------------------------

/// The system does not fault on closed memory, it refuses: so what a call is given is told and opened beforehand.
void given(const void* pointer, std::size_t bytes, bool writes) {
  auto& v = view();
  if (!v.closed.load(std::memory_order_acquire) || bytes == 0) return;
  const auto address = reinterpret_cast<std::uint64_t>(pointer);
  bool inside = false;
  {
    std::lock_guard lock(v.mutex);
    for (const auto& [base, size] : v.ranges) inside |= address < base + size && base < address + bytes;
  }
  if (!inside) return;
  if (hook) hook(address, bytes, writes, nullptr);
  std::lock_guard lock(v.mutex);
  if (!v.closed) return;
  for (const auto& [base, size] : v.ranges)
    for (auto at = std::max(page_of(address), base); at < std::min(address + bytes, base + size); at += page_bytes()) {
      protect(at, page_bytes(), PROT_READ | PROT_WRITE);
      v.opened.insert(at);
    }
}
void given_parts(const iovec* parts, int count, bool writes) {
  given(parts, sizeof(iovec) * std::size_t(count), false);
  for (int n = 0; n < count; ++n) given(parts[n].iov_base, parts[n].iov_len, writes);
}

/// The function of that name behind those of this file.
template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_DEFAULT, name));
}
#define PMPP_REAL(name) static const auto next = real<decltype(::name)>(#name)

ssize_t own_read(int f, void* p, std::size_t n) { PMPP_REAL(read); given(p, n, true); return next(f, p, n); }
ssize_t own_write(int f, const void* p, std::size_t n) { PMPP_REAL(write); given(p, n, false); return next(f, p, n); }
ssize_t own_pread(int f, void* p, std::size_t n, off_t at) { PMPP_REAL(pread); given(p, n, true); return next(f, p, n, at); }
ssize_t own_pwrite(int f, const void* p, std::size_t n, off_t at) { PMPP_REAL(pwrite); given(p, n, false); return next(f, p, n, at); }
ssize_t own_readv(int f, const iovec* v, int n) { PMPP_REAL(readv); given_parts(v, n, true); return next(f, v, n); }
ssize_t own_writev(int f, const iovec* v, int n) { PMPP_REAL(writev); given_parts(v, n, false); return next(f, v, n); }
ssize_t own_recv(int f, void* p, std::size_t n, int flags) { PMPP_REAL(recv); given(p, n, true); return next(f, p, n, flags); }
ssize_t own_send(int f, const void* p, std::size_t n, int flags) { PMPP_REAL(send); given(p, n, false); return next(f, p, n, flags); }
std::size_t own_fread(void* p, std::size_t size, std::size_t n, FILE* f) { PMPP_REAL(fread); given(p, size * n, true); return next(p, size, n, f); }
std::size_t own_fwrite(const void* p, std::size_t size, std::size_t n, FILE* f) { PMPP_REAL(fwrite); given(p, size * n, false); return next(p, size, n, f); }
int own_fputs(const char* s, FILE* f) { PMPP_REAL(fputs); given(s, strlen(s) + 1, false); return next(s, f); }
int own_puts(const char* s) { PMPP_REAL(puts); given(s, strlen(s) + 1, false); return next(s); }
// What gcc makes of some of them with _FORTIFY_SOURCE.
ssize_t own_read_chk(int f, void* p, std::size_t n, std::size_t) { return own_read(f, p, n); }
std::size_t own_fread_chk(void* p, std::size_t, std::size_t size, std::size_t n, FILE* f) { return own_fread(p, size, n, f); }

const std::unordered_map<std::string, void*>& own_calls() {
  static const auto& all = *new std::unordered_map<std::string, void*>{
      {"read", (void*)own_read}, {"write", (void*)own_write}, {"pread", (void*)own_pread}, {"pwrite", (void*)own_pwrite},
      {"pread64", (void*)own_pread}, {"pwrite64", (void*)own_pwrite}, {"readv", (void*)own_readv}, {"writev", (void*)own_writev},
      {"recv", (void*)own_recv}, {"send", (void*)own_send}, {"fread", (void*)own_fread}, {"fwrite", (void*)own_fwrite},
      {"fputs", (void*)own_fputs}, {"puts", (void*)own_puts}, {"__read_chk", (void*)own_read_chk}, {"__fread_chk", (void*)own_fread_chk}};
  return all;
}

/// Has an object that was loaded call the functions above.
int redirect(dl_phdr_info* object, std::size_t, void* own) {
  const ElfW(Dyn)* dynamic = nullptr;
  bool is_own = false;
  std::uint64_t relro = 0, relro_bytes = 0;
  for (int n = 0; n < object->dlpi_phnum; ++n) {
    const auto& part = object->dlpi_phdr[n];
    if (part.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + part.p_vaddr);
    if (part.p_type == PT_LOAD) is_own |= reinterpret_cast<std::uint64_t>(own) - object->dlpi_addr - part.p_vaddr < part.p_memsz;
    if (part.p_type == PT_GNU_RELRO) relro = object->dlpi_addr + part.p_vaddr, relro_bytes = part.p_memsz;
  }
  if (!dynamic || is_own || std::strstr(object->dlpi_name, "linux-vdso") || std::strstr(object->dlpi_name, "/ld-linux")) return 0;
  std::uint64_t symbols = 0, names = 0, jumps = 0, jump_bytes = 0, others = 0, other_bytes = 0;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    const auto value = dynamic->d_un.d_val;
    switch (dynamic->d_tag) {
      case DT_SYMTAB: symbols = value; break;
      case DT_STRTAB: names = value; break;
      case DT_JMPREL: jumps = value; break;
      case DT_PLTRELSZ: jump_bytes = value; break;
      case DT_RELA: others = value; break;
      case DT_RELASZ: other_bytes = value; break;
      default: break;
    }
  }
  if (!symbols || !names || symbols < object->dlpi_addr || names < object->dlpi_addr) return 0;
  const auto apply = [&](std::uint64_t table, std::uint64_t bytes) {
    const auto* r = reinterpret_cast<const ElfW(Rela)*>(table);
    for (const auto* end = r + bytes / sizeof *r; r < end; ++r) {
#if defined(__x86_64__)
      const auto type = ELF64_R_TYPE(r->r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
#else
      if (ELF64_R_TYPE(r->r_info) != R_AARCH64_JUMP_SLOT && ELF64_R_TYPE(r->r_info) != R_AARCH64_GLOB_DAT) continue;
#endif
      const auto& symbol = reinterpret_cast<const ElfW(Sym)*>(symbols)[ELF64_R_SYM(r->r_info)];
      if (symbol.st_shndx != SHN_UNDEF) continue;
      const auto found = own_calls().find(reinterpret_cast<const char*>(names) + symbol.st_name);
      if (found == own_calls().end()) continue;
      const auto slot = object->dlpi_addr + r->r_offset;
      const bool read_only = slot - page_of(relro) < relro_bytes + relro - page_of(relro);
      if (read_only) protect(page_of(slot), page_bytes(), PROT_READ | PROT_WRITE);
      *reinterpret_cast<void**>(slot) = found->second;
      if (read_only) protect(page_of(slot), page_bytes(), PROT_READ);
    }
  };
  apply(jumps, jump_bytes);
  apply(others, other_bytes);
  return 0;
}

void begin() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const auto& call : own_calls()) (void)call;
    dl_iterate_phdr(redirect, reinterpret_cast<void*>(&begin));
    struct sigaction action {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTRAP, &action, &trap_before);
  });
}

}  // namespace

void want() { is_wanted = true; }
bool wanted() { return is_wanted; }
bool possible() { return is_wanted && AddressSpace::instance().two_views(); }
bool any() { return is_wanted && AddressSpace::instance().any_shared(); }

void close() {
  auto& space = AddressSpace::instance();
  auto& v = view();
  begin();
  std::lock_guard lock(v.mutex);
  const auto now = space.allocations();
  if (v.closed && v.opened.empty() && v.allocations == now) return;
  v.ranges = space.shared_ranges();
  v.allocations = now;
  v.opened.clear();
  v.steps.clear();
  v.closed.store(true, std::memory_order_release);
  set_all(v, PROT_NONE);
}

void open() {
  auto& v = view();
  std::lock_guard lock(v.mutex);
  if (!v.closed) return;
  v.closed.store(false, std::memory_order_release);
  v.ranges = AddressSpace::instance().shared_ranges();   // without what was freed
  set_all(v, PROT_READ | PROT_WRITE);
  v.opened.clear();
}

bool handle(std::uint64_t address, void* context) {
  if (!is_wanted) return false;
  auto& v = view();
  const auto page = page_of(address);
  const auto mine = [&] {
    for (const auto& [base, bytes] : AddressSpace::instance().shared_ranges())
      if (address - base < bytes) return true;
    return false;
  };
  if (!mine()) return false;
  if (v.closed.load(std::memory_order_acquire) && !AddressSpace::forked() && hook) hook(address, 1, is_write(context), code_of(context));
  std::lock_guard lock(v.mutex);
  protect(page, page_bytes(), PROT_READ | PROT_WRITE);
  if (!v.closed) return true;
  auto& s = stepping;
  if (AddressSpace::forked() || !kCanStep || ++v.steps[page] > kSteps || s.count == std::size(s.pages)) {
    v.opened.insert(page);
    return true;
  }
  s.pages[s.count++] = page;
  flags_of(context) |= kTrapFlag;
  return true;
}

}  // namespace simt::memory::watch
