// The engine's face: modules in, launches through, faults out. Knows nothing of the CUDA runtime API above it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simt/ptx/ast.hpp"

namespace simt::exec {

using Dim3 = std::array<std::uint32_t, 3>;

/// Why a launch or a load failed. `code` is the cudaError_t that a GPU would return.
struct Fault {
  int code = 0;            ///< 0: no fault
  std::string message;     ///< one sentence for the person: what, where (kernel, source line, block, thread), what to do
  std::size_t instr = ~std::size_t{0};   ///< of a launch: instruction, block and thread in the block, if it has a place
  std::uint64_t block = 0;
  std::uint32_t thread = 0;
  explicit operator bool() const { return code != 0; }
};

struct KernelInfo {
  std::string name;
  std::size_t param_bytes = 0;
  std::vector<std::pair<std::size_t, std::size_t>> params;  ///< offset and size of each parameter
  std::size_t static_shared = 0, local_bytes = 0, const_bytes = 0;
  std::uint32_t registers = 0;        ///< an estimate: PTX registers that are live at once, in 32-bit units
  std::uint32_t max_threads_per_block = 1024;
  Dim3 required_block{0, 0, 0}, required_cluster{0, 0, 0};
};

class Kernel;   ///< opaque: a lowered entry function

/// A set of PTX modules that were linked together, lowered and placed in memory on one device.
class Program {
 public:
  /// Links `modules` (one, or several of an -rdc build), lays out .global/.const variables in device memory, resolves
  /// symbols and lowers every function. Null and a fault on failure.
  /// `first` is the same program on another device, which must live longer: the managed variables are its.
  static std::unique_ptr<Program> load(std::vector<std::unique_ptr<ptx::Module>> modules, int device, Fault& fault,
                                       const Program* first = nullptr);
  virtual ~Program() = default;

  virtual Kernel* kernel(std::string_view name) = 0;                  ///< null if there is none, or it failed
  /// Why a kernel could not be lowered (unknown opcode: names opcode, PTX and source line). The others can run.
  virtual Fault failure(std::string_view name) const = 0;
  virtual Fault failure_at(std::uint64_t address) const = 0;
  virtual const KernelInfo& info(const Kernel*) const = 0;
  struct Symbol { std::uint64_t address = 0; std::size_t size = 0; bool managed = false; };
  virtual bool symbol(std::string_view name, Symbol& out) const = 0;  ///< module-scope variables
  /// The kernel that device code knows by this address; null if there is none.
  virtual Kernel* kernel_at(std::uint64_t address) = 0;
};

struct Launch {
  Kernel* kernel = nullptr;
  Program* program = nullptr;
  Dim3 grid{1, 1, 1}, block{1, 1, 1}, cluster{1, 1, 1};
  std::size_t dynamic_shared = 0;
  bool cooperative = false;
  std::span<const std::byte> params;  ///< laid out as KernelInfo says
  std::uint64_t stream = 0;           ///< for observers and messages
  int device = 0;                     ///< the program's
  std::uint32_t depth = 0;            ///< kernels that it is nested in: a kernel launched it, which another one launched ...
  const void* owner = nullptr;        ///< whatever the caller wants launches from this kernel to know
};

/// Runs a grid to its end on the worker threads, and all launches that come from it; the calling thread takes part.
/// Returns the first fault.
/// Limits on the configuration (block size, grid size, shared memory) are the caller's to check.
/// Thread-safe; launches on one device run one after the other, those on several devices beside each other, each with
/// worker threads of its own.
Fault run(const Launch&);

/// Settings, read once from the environment: PMPP_SIM_THREADS, PMPP_SIM_SEED, PMPP_SIM_BUDGET (warp instructions a
/// launch may take before it is stopped as endless; 0: none), PMPP_SIM_ISA (v2, v3, v4). A launch takes what holds when
/// it begins.
struct Settings {
  std::atomic<unsigned> threads = 0;
  std::atomic<std::uint64_t> seed = 0;
  std::atomic<std::uint64_t> budget = 0;
  std::string isa;
  Settings();
};
Settings& settings();

}  // namespace simt::exec
