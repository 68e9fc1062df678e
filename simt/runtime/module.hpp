// Modules, kernels and symbols: what the host code registered, and the programs that the engine made of it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simt/runtime/core.hpp"

namespace simt::runtime {

struct Kernel {
  std::string name;                  // mangled
  void* handle = nullptr;            // cudaKernel_t
  const void* host = nullptr;        // the function that the program calls; null for a library's kernel
  // Filled when the module is loaded.
  exec::Kernel* entry = nullptr;
  const exec::KernelInfo* info = nullptr;
  // cudaFuncSetAttribute
  std::atomic<int> max_dynamic_shared{-1};   // -1: what fits into 48 KiB
  std::atomic<int> carveout{-1};
  std::atomic<int> non_portable_cluster{0};
  std::atomic<int> required_cluster[3]{};
  std::atomic<int> cluster_policy{0};
};
using KernelRef = std::shared_ptr<Kernel>;

/// One fatbinary of a program, or one library that it loaded. Its PTX is read and lowered at the first use.
struct Module {
  // Where the PTX is, one of: the wrapper that a program registers, an image (fatbinary, ELF file), the text itself.
  const void* wrapper = nullptr;
  std::string_view image;
  std::string text;
  std::vector<char> owned;            // a file's bytes

  bool whole = false;                 // one kernel that cannot run is the failure of all

  std::mutex mutex;                   // guards what follows
  bool tried = false;
  exec::Fault fault;
  std::shared_ptr<exec::Program> program;
  std::vector<std::string> left_out;  // why units have no PTX that the device could run, one sentence each
  int ptx_arch = 0;                   // 75 for PTX made for compute_75
  std::vector<std::string> entries;   // names of all kernels in the PTX
  std::vector<KernelRef> kernels;
  struct Variable {
    std::string name;
    const void* host = nullptr;
    std::size_t size = 0;
    void** managed = nullptr;         // where the host code keeps a managed variable's address
  };
  std::vector<Variable> variables;

  // The module on the devices other than 0, by device; made when it is used there. Such a one has `first`, the module on
  // device 0, its kernels by those of `first`, and nothing of the rest but the code.
  int device = 0;
  std::vector<std::shared_ptr<Module>> elsewhere;
  Module* first = nullptr;
  std::unordered_map<const Kernel*, KernelRef> twins;
};
using ModuleRef = std::shared_ptr<Module>;

/// A kernel that is ready to be launched or asked about. `program` keeps its code and its variables alive.
struct BoundKernel {
  KernelRef kernel;
  ModuleRef module;
  std::shared_ptr<exec::Program> program;
  explicit operator bool() const { return kernel != nullptr; }
  Code error = 0;                     // why there is none
  bool refused = false;               // it is there, but needs what the software GPU does not have
};

/// Loads the module if that was not done yet. 0, or the code after failing the call in progress.
Code load(Module&);

/// The module on a device, given the one on device 0.
ModuleRef on_device(const ModuleRef&, int device = current_device());

/// The kernel behind a host function, a cudaKernel_t or a cudaFunction_t, on a device.
BoundKernel bind(const void* function, int device = current_device(), Code unknown = abi::kInvalidDeviceFunction);
/// The kernel of that name, on the device of the module; null if the host knows none.
KernelRef kernel_named(Module&, const std::string& name);
/// cudaKernel_t of a host function; null if it was never registered.
void* kernel_handle(const void* host_function);

struct BoundSymbol {
  exec::Program::Symbol symbol;
  std::string name;
  std::shared_ptr<exec::Program> program;
  Code error = 0;
};
/// The current device's variable behind a host variable.
BoundSymbol bind_symbol(const void* host_variable);

ModuleRef library_of(void* handle);   ///< null if there is none
void* add_library(ModuleRef);
ModuleRef remove_library(void* handle);
/// A handle for a kernel of a library; null if it has none of that name. The module must be loaded.
void* library_kernel(const ModuleRef&, const std::string& name);

/// A mangled name as a person wrote it.
std::string readable(const std::string& mangled);

}  // namespace simt::runtime
