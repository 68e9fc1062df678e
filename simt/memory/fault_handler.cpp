// The SIGSEGV handler: says which device allocation host code touched and what to do instead, then steps aside.
//
// It runs inside a signal, so it uses a buffer on the stack and write(2), waits for no lock and allocates nothing.
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>
#include <mutex>

#include "simt/memory/memory.hpp"
#include "simt/memory/watch.hpp"

namespace simt::memory {

void (*host_fault_hook)(const char*) = nullptr;

namespace {

struct sigaction previous;

/// Text that grows on the stack.
class Text {
 public:
  Text& operator<<(const char* s) {
    while (*s && used_ < sizeof buffer_) buffer_[used_++] = *s++;
    return *this;
  }
  Text& operator<<(std::uint64_t v) {
    char digits[20];
    int n = 0;
    do digits[n++] = static_cast<char>('0' + v % 10);
    while (v /= 10);
    while (n && used_ < sizeof buffer_) buffer_[used_++] = digits[--n];
    return *this;
  }
  Text& hex(std::uint64_t v) {
    *this << "0x";
    int shift = 60;
    while (shift > 0 && !(v >> shift & 15)) shift -= 4;
    for (; shift >= 0 && used_ < sizeof buffer_; shift -= 4) buffer_[used_++] = "0123456789abcdef"[v >> shift & 15];
    return *this;
  }
  void send() const {
    for (std::size_t at = 0; at < used_;) {
      const ssize_t n = write(STDERR_FILENO, buffer_ + at, used_ - at);
      if (n <= 0) return;
      at += static_cast<std::size_t>(n);
    }
  }

  /// Without "pmpp: " and the end of the line.
  const char* line() {
    buffer_[used_ - 1] = 0;
    return buffer_ + 6;
  }

 private:
  char buffer_[1024];
  std::size_t used_ = 0;
};

const char* verb([[maybe_unused]] void* context) {
#if defined(__x86_64__)
  const auto* uc = static_cast<const ucontext_t*>(context);
  return uc->uc_mcontext.gregs[REG_ERR] & 2 ? "wrote to" : "read from";
#else
  return "touched";
#endif
}

void explain(std::uint64_t addr, void* context) {
  FaultSite site;
  AddressSpace::instance().fault_site(addr, site);
  if (!site.device_range && !site.host_range) return;
  Text text;
  text << "pmpp: host code " << verb(context) << (site.device_range ? " device" : " pinned or managed")
       << " memory at ";
  text.hex(addr);
  if (site.known) {
    text << ", byte " << addr - site.base << " of ";
    if (site.label[0]) text << "the " << site.size << "-byte variable '" << site.label << "'";
    else text << "allocation " << site.id << " (" << site.size << " bytes)";
    if (!site.live) text << ", which was freed";
  } else {
    text << ", which is in no allocation";
  }
  if (site.device_range) {
    text << ". Only kernels can use device memory: copy it with cudaMemcpy(host, device, bytes, "
            "cudaMemcpyDeviceToHost), or allocate with cudaMallocManaged.\n";
  } else {
    text << ". Free such memory only after its last use.\n";
  }
  text.send();
  if (host_fault_hook && site.device_range) host_fault_hook(text.line());
}

void on_fault(int signal, siginfo_t* info, void* context) {
  if (info->si_code > 0 && watch::handle(reinterpret_cast<std::uint64_t>(info->si_addr), context)) return;
  if (info->si_code > 0 && !AddressSpace::forked()) explain(reinterpret_cast<std::uint64_t>(info->si_addr), context);
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    // Back to the default and return: the instruction faults again and the process dies of it, with the right core.
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    sigaction(signal, &plain, nullptr);
    if (info->si_code <= 0) raise(signal);  // sent by kill(): nothing will fault again
  } else {
    previous.sa_handler(signal);
  }
}

}  // namespace

void install_fault_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous);
  });
}

}  // namespace simt::memory
