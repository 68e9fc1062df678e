// Registration, lazy loading, and the way from a host function or variable to its device twin.
#include "simt/runtime/module.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <shared_mutex>
#include <unordered_map>

#include "simt/model/profile.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/load.hpp"

// <cxxabi.h> would bring a namespace `abi` along, a name that the files of the interface have for the CUDA runtime's.
namespace __cxxabiv1 {
extern "C" char* __cxa_demangle(const char* mangled, char* buffer, std::size_t* length, int* status);
}

namespace simt::runtime {
namespace {

struct Registry {
  std::shared_mutex mutex;
  std::unordered_map<void*, ModuleRef> modules;                       // what __cudaRegisterFatBinary gave out
  std::unordered_map<const void*, std::pair<KernelRef, ModuleRef>> functions;
  std::unordered_map<const void*, ModuleRef> variables;
  struct Entry {
    KernelRef kernel;
    ModuleRef module;
  };
  Handles<Entry> handles{2};
  Handles<Module> libraries{3};
};

Registry& registry() {
  static auto* r = new Registry;   // outlives the destructors of the program's own statics
  return *r;
}

ModuleRef module_of(void** handle) {
  auto& r = registry();
  std::shared_lock lock(r.mutex);
  auto it = r.modules.find(handle);
  return it == r.modules.end() ? nullptr : it->second;
}

KernelRef add_kernel(const ModuleRef& module, std::string name) {
  auto kernel = std::make_shared<Kernel>();
  kernel->name = std::move(name);
  auto entry = std::make_shared<Registry::Entry>();
  entry->kernel = kernel;
  entry->module = module;
  kernel->handle = registry().handles.add(entry);
  module->kernels.push_back(kernel);
  if (module->program) {
    kernel->entry = module->program->kernel(kernel->name);
    if (kernel->entry) kernel->info = &module->program->info(kernel->entry);
  }
  return kernel;
}

void register_variable(void** handle, const void* host, const char* name, std::size_t size, void** managed) {
  ModuleRef module = module_of(handle);
  if (!module) return;
  {
    std::lock_guard lock(module->mutex);
    module->variables.push_back({name, host, size, managed});
  }
  auto& r = registry();
  std::unique_lock lock(r.mutex);
  r.variables[host] = module;
}

/// Static shared memory beyond what a block has is an error of the PTX, as ptxas finds it.
void check_size(Module& m) {
  const std::size_t most = model::Profile::shared_per_block;
  for (const std::string& name : m.entries) {
    const auto* kernel = m.program->kernel(name);
    const std::size_t size = kernel ? m.program->info(kernel).static_shared : 0;
    if (size <= most) continue;
    m.fault = {abi::kInvalidPtx, format("kernel %s declares %zu bytes of static shared memory; a block has %zu at most. More is possible as "
                                        "dynamic shared memory.", readable(name).c_str(), size, most)};
    m.program.reset();
    return;
  }
}

bool has_managed(const std::vector<std::unique_ptr<ptx::Module>>& modules) {
  return std::any_of(modules.begin(), modules.end(), [](const auto& m) {
    return std::any_of(m->variables.begin(), m->variables.end(), [](const ptx::Variable& v) { return v.managed; });
  });
}

/// The kernel on the device of `twin`, a module that has `first`; the twin is loaded.
KernelRef twin_of(const KernelRef& kernel, Module& twin) {
  std::lock_guard lock(twin.mutex);
  KernelRef& there = twin.twins[kernel.get()];
  if (there) return there;
  there = std::make_shared<Kernel>();
  there->name = kernel->name;
  there->handle = kernel->handle;
  there->entry = twin.program->kernel(there->name);
  if (there->entry) there->info = &twin.program->info(there->entry);
  return there;
}

/// What to say after something was not found in the PTX of a linked program: which of its units has none.
std::string left_out(const Module& m) {
  auto why = m.left_out;
  const auto& kernels = m.first ? m.first->kernels : m.kernels;
  // nvcc links a library of its own, of which the software GPU has the functions itself.
  if (std::any_of(kernels.begin(), kernels.end(), [](const KernelRef& k) { return k->name.find("cuda_device_runtime_cu") != k->name.npos; })) {
    const auto own = std::max_element(why.begin(), why.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (own != why.end()) why.erase(own);
  }
  constexpr std::string_view whole = "the program has ";
  if (why.empty()) return "";
  return why[0].starts_with(whole) ? ". One of its units has " + why[0].substr(whole.size()) : ". One of its units cannot be used: " + why[0];
}

bool lacks_a_unit(const exec::Fault& fault) { return fault.message.find("no unit of the program defines") != std::string::npos; }

/// Code that comes while the program runs is taken whole or not at all, as by a driver. Of what the program brought along
/// only the kernels that cannot run are refused, when they are used: others may never need them.
void refuse_in_part(Module& m) {
  for (const std::string& name : m.entries) {
    m.fault = m.program->failure(name);
    if (!m.fault) continue;
    if (lacks_a_unit(m.fault)) m.fault.message += left_out(m);
    m.program.reset();
    return;
  }
}

bool managed_at(Module& m, const void* host, const void* address) {
  std::lock_guard lock(m.mutex);
  return std::any_of(m.variables.begin(), m.variables.end(),
                     [&](const Module::Variable& v) { return v.host == host && v.managed && *v.managed == address; });
}

}  // namespace

std::string readable(const std::string& mangled) {
  int status = 0;
  char* text = __cxxabiv1::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  if (!text) return mangled;
  std::string name = text;
  std::free(text);
  const std::size_t arguments = name.find('(');
  return arguments == std::string::npos || arguments == 0 ? name : name.substr(0, arguments);
}

Code load(Module& m) {
  std::lock_guard lock(m.mutex);
  if (!m.tried) {
    m.tried = true;
    std::vector<std::unique_ptr<ptx::Module>> modules;
    m.fault = read_modules(m, modules);
    for (const auto& part : modules)
      for (const ptx::Function& f : part->functions)
        if (f.is_entry && !f.is_declaration) m.entries.push_back(f.name);
    // Managed variables exist once, so that the first device's must be there.
    std::shared_ptr<exec::Program> first;
    if (m.first && has_managed(modules)) {
      load(*m.first);
      m.fault = m.first->fault;
      first = m.first->program;
    }
    if (!m.fault) {
      auto program = exec::Program::load(std::move(modules), m.device, m.fault, first.get());
      if (program) m.program = {program.release(), [first](exec::Program* p) { delete p; }};
    }
    if (!m.program && lacks_a_unit(m.fault)) m.fault.message += left_out(m);
    if (m.program) check_size(m);
    if (m.program && m.whole) refuse_in_part(m);
    if (m.program) {
      for (const KernelRef& k : m.kernels) {
        k->entry = m.program->kernel(k->name);
        if (k->entry) k->info = &m.program->info(k->entry);
      }
      for (const Module::Variable& v : m.variables) {
        exec::Program::Symbol symbol;
        if (v.managed && m.program->symbol(v.name, symbol)) *v.managed = reinterpret_cast<void*>(symbol.address);
      }
    }
    for (const Module::Variable& v : m.variables)   // host code does not ask whether the module could be loaded
      if (!m.program && v.managed && v.size) *v.managed = std::calloc(1, v.size);
  }
  return m.program ? 0 : fail(m.fault);
}

ModuleRef on_device(const ModuleRef& module, int device) {
  if (device == 0 || !module) return module;
  std::lock_guard lock(module->mutex);
  if (module->elsewhere.empty()) module->elsewhere.resize(std::size_t(device_count()));
  ModuleRef& there = module->elsewhere[std::size_t(device)];
  if (!there) {
    there = std::make_shared<Module>();
    there->device = device;
    there->first = module.get();
    there->wrapper = module->wrapper;
    there->whole = module->whole;
    there->image = module->image;
    there->text = module->text;
  }
  return there;
}

BoundKernel bind(const void* function, int device, Code unknown) {
  BoundKernel b;
  auto& r = registry();
  if (auto entry = r.handles.get(function)) {
    b.kernel = entry->kernel;
    b.module = entry->module;
  } else {
    std::shared_lock lock(r.mutex);
    auto it = r.functions.find(function);
    if (it != r.functions.end()) std::tie(b.kernel, b.module) = it->second;
  }
  if (!b.kernel) {
    b.error = fail(unknown,
                   format("%p is not a kernel: neither a __global__ function of this program nor a kernel handle.", function));
    return b;
  }
  const ModuleRef first = b.module;   // keeps the others
  b.module = on_device(first, device);
  if ((b.error = load(*b.module)) == 0) {
    if (device != 0) b.kernel = twin_of(b.kernel, *b.module);
    std::lock_guard lock(b.module->mutex);
    b.program = b.module->program;
    exec::Fault fault = b.kernel->entry ? exec::Fault{} : b.program->failure(b.kernel->name);
    if (fault) {
      if (lacks_a_unit(fault)) fault.message += left_out(*b.module);
      b.error = fail(fault);
      b.refused = true;
    } else if (!b.kernel->entry) {
      b.error = fail(abi::kInvalidDeviceFunction, "kernel " + readable(b.kernel->name) + " is not in the PTX of the program" + left_out(*b.module));
    }
  }
  if (b.error) b.kernel = nullptr;
  return b;
}

KernelRef kernel_named(Module& m, const std::string& name) {
  KernelRef found;
  {
    Module& first = m.first ? *m.first : m;
    std::lock_guard lock(first.mutex);
    for (const KernelRef& k : first.kernels)
      if (k->name == name) found = k;
  }
  return found && m.first ? twin_of(found, m) : found;
}

void* kernel_handle(const void* host_function) {
  auto& r = registry();
  if (r.handles.get(host_function)) return const_cast<void*>(host_function);
  std::shared_lock lock(r.mutex);
  auto it = r.functions.find(host_function);
  return it == r.functions.end() ? nullptr : it->second.first->handle;
}

BoundSymbol bind_symbol(const void* host_variable) {
  BoundSymbol b;
  ModuleRef module;
  {
    auto& r = registry();
    std::shared_lock lock(r.mutex);
    auto it = r.variables.find(host_variable);
    if (it == r.variables.end()) {
      // A managed variable comes as its own address: host code sees it through the pointer that load() filled.
      it = std::find_if(r.variables.begin(), r.variables.end(), [&](const auto& v) { return managed_at(*v.second, v.first, host_variable); });
    }
    if (it != r.variables.end()) module = it->second, host_variable = it->first;
  }
  if (!module) {
    b.error = fail(abi::kInvalidSymbol,
                   format("%p is not a __device__ or __constant__ variable of this program; pass the variable itself, not "
                          "its name and not a device pointer.", host_variable));
    return b;
  }
  const ModuleRef here = on_device(module);
  if ((b.error = load(*here))) return b;
  b.program = here->program;
  std::lock_guard lock(module->mutex);
  for (const Module::Variable& v : module->variables) {
    if (v.host != host_variable) continue;
    b.name = v.name;
    if (b.program->symbol(v.name, b.symbol)) return b;
  }
  b.error = fail(abi::kInvalidSymbol, "variable '" + b.name + "' is not in the PTX of the program" + left_out(*module));
  return b;
}

ModuleRef library_of(void* handle) { return registry().libraries.get(handle); }
void* add_library(ModuleRef m) { return registry().libraries.add(std::move(m)); }

ModuleRef remove_library(void* handle) {
  auto& r = registry();
  ModuleRef m = r.libraries.remove(handle);
  if (m)
    for (const KernelRef& k : m->kernels) r.handles.remove(k->handle);
  return m;
}

void* library_kernel(const ModuleRef& module, const std::string& name) {
  std::lock_guard lock(module->mutex);
  for (const KernelRef& k : module->kernels)
    if (k->name == name) return k->handle;
  if (!module->program || !module->program->kernel(name)) return nullptr;
  return add_kernel(module, name)->handle;
}

}  // namespace simt::runtime

// ---- what nvcc's host code calls before main ------------------------------------------------------------------------

using namespace simt::runtime;

PMPP_EXPORT void** __cudaRegisterFatBinary(void* image) {
  auto module = std::make_shared<Module>();
  module->wrapper = image;
  auto& r = registry();
  std::unique_lock lock(r.mutex);
  void** handle = reinterpret_cast<void**>(module.get());
  r.modules.emplace(handle, std::move(module));
  return handle;
}

PMPP_EXPORT void __cudaRegisterFatBinaryEnd(void**) {}

PMPP_EXPORT void __cudaUnregisterFatBinary(void** handle) {
  auto& r = registry();
  ModuleRef module;
  {
    std::unique_lock lock(r.mutex);
    auto it = r.modules.find(handle);
    if (it == r.modules.end()) return;
    module = std::move(it->second);
    r.modules.erase(it);
    std::erase_if(r.functions, [&](const auto& f) { return f.second.second == module; });
    std::erase_if(r.variables, [&](const auto& v) { return v.second == module; });
  }
  // Kernels in flight keep the program itself.
  for (const KernelRef& k : module->kernels) r.handles.remove(k->handle);
}

PMPP_EXPORT void __cudaRegisterFunction(void** handle, const char* host, char*, const char* name, int, void*, void*,
                                        void*, void*, int*) {
  ModuleRef module = module_of(handle);
  if (!module) return;
  KernelRef kernel;
  {
    std::lock_guard lock(module->mutex);
    kernel = add_kernel(module, name);
    kernel->host = host;
  }
  auto& r = registry();
  std::unique_lock lock(r.mutex);
  r.functions[host] = {kernel, module};
}

PMPP_EXPORT void __cudaRegisterVar(void** handle, char* host, char*, const char* name, int, std::size_t size, int, int) {
  register_variable(handle, host, name, size, nullptr);
}

PMPP_EXPORT void __cudaRegisterManagedVar(void** handle, void** host, char*, const char* name, int, std::size_t size, int,
                                          int) {
  register_variable(handle, host, name, size, host);
}

// Host code calls this before it touches a managed variable: its address must be known from here on.
PMPP_EXPORT char __cudaInitModule(void** handle) {
  ModuleRef module = module_of(handle);
  return module && load(*module) == 0;
}
