// Observers at work: probes go into the code of a launch, and what no instruction shows is told.
#include "simt/exec/probe.hpp"
#include "simt/exec/tell.hpp"
#include "simt/jit/jit.hpp"
#include "simt/observers/observer.hpp"

namespace simt::exec {

namespace {

const Instr* run_probed(Warp& warp, const Instr* instr) {
  Probe& probe = *warp.worker->probed[instr->origin];
  return probe.call(probe, warp, instr);
}

const Instr* run_probed_gang(Gang& gang, const Instr* instr) {
  const Worker& worker = *gang.warps[0]->worker;
  for (Probe* probe = worker.probed[instr->origin]; probe; probe = probe->next) probe->gang(*probe, gang, instr);
  const auto& entry = worker.grid->instrumentation->behind(instr->origin);
  return gang.partial ? entry.partial(gang, instr) : entry.full(gang, instr);
}

}  // namespace

Instrumentation::Instrumentation(ir::Code& code, unsigned workers)
    : code_(code), probed_(workers), stops_(code.count), gang_(code.gang), behind_(code.gang.data()) {
  for (std::size_t n = 0; n < code.count; ++n) handlers_.push_back(code.instrs[n].run);
  for (auto& list : probed_) list.resize(code.count);
}

Instrumentation::~Instrumentation() {
  for (std::size_t n = 0; n < code_.count; ++n) code_.instrs[n].run = handlers_[n];
}

void Instrumentation::add(unsigned worker, std::size_t n, Probe& probe) {
  Probe** place = &probed_[worker][n];
  while (*place) place = &(*place)->next;
  probe.next = nullptr;
  probe.run = handlers_[n];
  code_.instrs[n].run = place == &probed_[worker][n] && probe.alone ? probe.alone : run_probed;
  *place = &probe;
  bool all = true;
  for (const Probe* p = probed_[worker][n]; p; p = p->next) all &= p->gang != nullptr;
  stops_[n] = all ? together : apart;
  if (behind_ == code_.gang.data()) return choose(n);
  behind_ = code_.gang.data();
  for (std::size_t k = 0; k < code_.count; ++k) choose(k);
}

void Instrumentation::choose(std::size_t n) {
  const GangHandler run = stops_[n] == together ? run_probed_gang : warp_by_warp;
  gang_[n] = stops_[n] == none ? behind_[n] : GangEntry{run, run};
}

void Instrumentation::fuse() {
  // Machine code is made of the handlers that the probes stand in front of.
  std::vector<Handler> probing;
  for (std::size_t n = 0; n < code_.count; ++n) {
    probing.push_back(code_.instrs[n].run);
    code_.instrs[n].run = handlers_[n];
  }
  const auto& pieces = jit::prepare(code_, stops_);
  for (std::size_t n = 0; n < code_.count; ++n) code_.instrs[n].run = probing[n];
  if (pieces.empty()) return;
  behind_ = pieces.data();
  for (std::size_t n = 0; n < code_.count; ++n) choose(n);
}

void tell_block(const Worker& worker, const BlockState& block, bool begins) {
  for (const auto& o : worker.grid->observers) begins ? o->block_begin(worker, block) : o->block_end(worker, block);
}

void tell_copy(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) {
  for (const auto& o : warp.worker->grid->observers) o->copied(warp, to, from, bytes, read);
}

void tell_write(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) {
  for (const auto& o : warp.worker->grid->observers) o->wrote(warp, lane, to, bytes);
}

void tell_access(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind) {
  for (const auto& o : warp.worker->grid->observers) o->accessed(warp, instr, lane, address, bytes, kind);
}

void tell_tile(const Warp& warp, const Instr* instr, const TileAccess& tile) {
  for (const auto& o : warp.worker->grid->observers) o->tile(warp, instr, tile);
}

void tell_copying(const Warp& warp, const Instr* instr, int lane, std::uint64_t to, unsigned bytes, bool ends) {
  for (const auto& o : warp.worker->grid->observers) o->copying(warp, instr, lane, to, bytes, ends);
}

void tell_tracked(const Warp& warp, const Instr* instr) {
  for (const auto& o : warp.worker->grid->observers) o->tracked(warp, instr);
}

void tell_cluster_barrier(const Cluster& cluster) {
  for (const auto& o : cluster.blocks[0].warps[0].worker->grid->observers) o->cluster_barrier(cluster);
}

void tell_wait(const Warp& warp, const Instr* instr) {
  for (const auto& o : warp.worker->grid->observers) o->waits(warp, instr);
}

void tell_barrier(const Worker& worker, const BlockState& block, unsigned number) {
  for (const auto& o : worker.grid->observers) o->barrier(worker, block, number, block.barriers[number].arrived);
}

}  // namespace simt::exec
