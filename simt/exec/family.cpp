// Runs a launch with all that comes from it.
//
// Nothing waits on the host's stack: a kernel may launch its successor a million times over. A grid's children are done,
// with everything that comes from them, before whatever was launched after the grid begins.
#include "simt/exec/family.hpp"

#include "simt/exec/program.hpp"
#include "simt/observers/source.hpp"

namespace simt::exec {

Fault run(const Launch& launch) {
  Family family;
  auto fault = run_grid(launch, family);
  while (!fault && !family.open.empty()) {
    const auto last = family.open.back();
    Step step;
    const bool any = last->next(step);
    if (last->empty()) family.open.pop_back();
    if (!any) continue;
    if (!step.launch.kernel) {
      fault = step.work();
      continue;
    }
    step.launch.params = step.params;
    fault = run_grid(step.launch, family);
    const std::uint64_t budget = settings().budget;
    if (!fault && budget && family.spent > budget)
      fault = {702, "kernel " + observers::readable_name(launch.kernel->code().info.name) + " was stopped as endless after " + std::to_string(budget) +
                        " warp instructions, those of the launches from kernels among them; the last was of kernel " +
                        observers::readable_name(step.launch.kernel->code().info.name) + ". PMPP_SIM_BUDGET sets the limit"};
  }
  return fault;
}

}  // namespace simt::exec
