// Observers at work: probes go into the code of a launch, and what no instruction shows is told.
#include "simt/exec/probe.hpp"
#include "simt/observers/observer.hpp"

namespace simt::exec {

namespace {

const Instr* run_probed(Warp& warp, const Instr* instr) {
  const Probed& probed = warp.worker->probed[instr->origin];
  for (Probe* probe = probed.first; probe; probe = probe->next) probe->call(*probe, warp, instr);
  return probed.run(warp, instr);
}

}  // namespace

Instrumentation::Instrumentation(ir::Code& code, unsigned workers) : code_(code), probed_(workers) {
  for (auto& list : probed_) {
    list.resize(code.count);
    for (std::size_t n = 0; n < code.count; ++n) list[n].run = code.instrs[n].run;
  }
}

Instrumentation::~Instrumentation() {
  for (std::size_t n = 0; n < code_.count; ++n) code_.instrs[n].run = probed_[0][n].run;
}

void Instrumentation::add(unsigned worker, std::size_t n, Probe& probe) {
  Probe** place = &probed_[worker][n].first;
  while (*place) place = &(*place)->next;
  probe.next = nullptr;
  *place = &probe;
  code_.instrs[n].run = run_probed;
}

void tell_block(const Worker& worker, const BlockState& block, bool begins) {
  for (const auto& o : worker.grid->observers) begins ? o->block_begin(worker, block) : o->block_end(worker, block);
}

void tell_wait(const Warp& warp, const Instr* instr) {
  for (const auto& o : warp.worker->grid->observers) o->waits(warp, instr);
}

}  // namespace simt::exec
