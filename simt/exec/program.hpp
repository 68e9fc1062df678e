// What Program::load makes: linked modules and their kernels.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "simt/exec/engine.hpp"
#include "simt/ir/code.hpp"
#include "simt/ir/link.hpp"

namespace simt::exec {

class Kernel {
 public:
  explicit Kernel(std::unique_ptr<ir::Code> code) : code_(std::move(code)) {}
  ir::Code& code() { return *code_; }
  const ir::Code& code() const { return *code_; }

 private:
  std::unique_ptr<ir::Code> code_;
};

/// Bytes of stack that recursion may use beyond what is known at load (cudaLimitStackSize).
std::atomic<std::size_t>& stack_limit(int device);
/// Bytes that device code may have allocated with malloc at a time (cudaLimitMallocHeapSize).
std::atomic<std::size_t>& heap_limit(int device);
inline constexpr std::size_t kStackLimit = 1024, kHeapLimit = 8 << 20;   ///< as long as nobody sets others

}  // namespace simt::exec
