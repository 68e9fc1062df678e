// Loading: modules are linked, and every kernel is lowered.
#include "simt/exec/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "simt/exec/isa.hpp"
#include "simt/ir/unit.hpp"
#include "simt/model/profile.hpp"

namespace simt::exec {

namespace {

class LoadedProgram final : public Program {
 public:
  Fault load(std::vector<std::unique_ptr<ptx::Module>> modules, int device, const LoadedProgram* first) {
    if (auto fault = image_.link(std::move(modules), device, first ? &first->image_ : nullptr)) return fault;
    for (const auto& f : image_.functions()) {
      if (!f.function->is_entry || f.function->is_declaration) continue;
      auto code = std::make_unique<ir::Code>();
      if (auto fault = ir::Unit(image_, f, isa()).lower(*code)) failures_.emplace(f.function->name, std::move(fault));
      else kernels_.emplace(f.function->name, std::move(code));
    }
    return {};
  }
  Kernel* kernel(std::string_view name) override {
    auto at = kernels_.find(name);
    return at == kernels_.end() ? nullptr : &at->second;
  }
  Kernel* kernel_at(std::uint64_t address) override {
    const auto* f = image_.function_at(address);
    return f && f->function->is_entry ? kernel(f->function->name) : nullptr;
  }
  Fault failure(std::string_view name) const override {
    auto at = failures_.find(name);
    return at == failures_.end() ? Fault{} : at->second;
  }
  Fault failure_at(std::uint64_t address) const override {
    const auto* f = image_.function_at(address);
    return f ? failure(f->function->name) : Fault{};
  }
  const KernelInfo& info(const Kernel* kernel) const override { return kernel->code().info; }
  bool symbol(std::string_view name, Symbol& out) const override {
    const auto* placed = image_.variable(name);
    if (!placed) return false;
    out = {placed->address, placed->size, placed->variable->managed};
    return true;
  }

 private:
  ir::Image image_;
  std::map<std::string, Kernel, std::less<>> kernels_;
  std::map<std::string, Fault, std::less<>> failures_;
};

unsigned number(const char* text, unsigned otherwise) {
  if (!text || !*text) return otherwise;
  char* end = nullptr;
  const auto value = std::strtoul(text, &end, 10);
  return *end ? otherwise : unsigned(value);
}

/// The best level that the processor has, but no better than `wanted`.
std::string best_level(const std::string& wanted) {
#if defined(__x86_64__) && !defined(SIMT_PORTABLE)
  __builtin_cpu_init();
  // Feature by feature: g++ 11 does not know the levels' names here.
  if (wanted == "v2" || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("f16c") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("lzcnt") ||
      !__builtin_cpu_supports("movbe"))
    return "v2";
  if (wanted == "v3" || !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return "v3";
  return "v4";
#else
  (void)wanted;
  return "generic";
#endif
}

}  // namespace

Settings::Settings() {
  threads = std::max(1u, std::min(1024u, number(std::getenv("PMPP_SIM_THREADS"), std::thread::hardware_concurrency())));
  if (const char* text = std::getenv("PMPP_SIM_SEED")) seed = std::strtoull(text, nullptr, 10);
  budget = 1ull << 36;
  if (const char* text = std::getenv("PMPP_SIM_BUDGET")) budget = std::strtoull(text, nullptr, 10);
  const char* level = std::getenv("PMPP_SIM_ISA");
  isa = best_level(level ? level : "");
}

std::unique_ptr<Program> Program::load(std::vector<std::unique_ptr<ptx::Module>> modules, int device, Fault& fault,
                                       const Program* first) {
  auto program = std::make_unique<LoadedProgram>();
  fault = program->load(std::move(modules), device, static_cast<const LoadedProgram*>(first));
  if (fault) return nullptr;
  return program;
}

Settings& settings() {
  static Settings s;
  return s;
}

namespace {
struct Limits {
  std::atomic<std::size_t> stack = kStackLimit, heap = kHeapLimit;
};
Limits limits[model::kMaxDevices];
}  // namespace

std::atomic<std::size_t>& stack_limit(int device) { return limits[device].stack; }
std::atomic<std::size_t>& heap_limit(int device) { return limits[device].heap; }

Isa isa() {
#define SIMT_IS(level) if (settings().isa == #level) return Isa::level;
  SIMT_FOR_EACH_ISA(SIMT_IS)
#undef SIMT_IS
  return Isa{};
}

}  // namespace simt::exec
