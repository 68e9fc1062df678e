// Fuzz target: linking and lowering of PTX that parses, and a short run of what comes out. Any text must give a program or a
// fault with a sentence, and any program must end: by itself, with a fault, or by its budget.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/ptx/parser.hpp"

namespace {

using namespace simt;

void demand(bool truth) {
  if (!truth) std::abort();
}

void run(exec::Program& program, const std::string& name) {
  auto* kernel = program.kernel(name);
  if (!kernel) {   // its own opcodes are unknown: the others can run
    const exec::Fault failure = program.failure(name);
    demand(failure && !failure.message.empty());
    return;
  }
  const auto& info = program.info(kernel);
  exec::Launch launch;
  launch.kernel = kernel;
  launch.program = &program;
  launch.grid = {2, 1, 1};
  launch.block = {40, 1, 1};   // a whole warp and a part of one
  const std::vector<std::byte> params(info.param_bytes);
  launch.params = params;
  if (const exec::Fault fault = exec::run(launch)) demand(!fault.message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  exec::settings().threads = 1;
  exec::settings().budget = 20000;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ptx::Error error;
  auto module = ptx::parse({reinterpret_cast<const char*>(data), size}, error);
  if (!module) return 0;
  std::vector<std::string> entries;   // before linking takes the module
  for (const auto& function : module->functions)
    if (function.is_entry && !function.is_declaration) entries.push_back(function.name);
  std::vector<std::unique_ptr<ptx::Module>> modules;
  modules.push_back(std::move(module));
  exec::Fault fault;
  const auto program = exec::Program::load(std::move(modules), 0, fault);
  demand((program == nullptr) == static_cast<bool>(fault));
  demand(!fault || !fault.message.empty());
  if (!program) return 0;
  for (const auto& name : entries) run(*program, name);
  return 0;
}
