// Exact counters of every launch, in total and by source line.
#include "simt/observers/counters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <unistd.h>

#include "simt/exec/handlers.hpp"
#include "simt/model/l1.hpp"
#include "simt/model/l2.hpp"
#include "simt/model/profile.hpp"
#include "simt/observers/counting.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/observer.hpp"
#include "simt/observers/source.hpp"
#include "simt/ptx/json.hpp"

namespace simt::observers {

namespace {

#define SIMT_COUNTERS(X)                                                                                              \
  X(thread_instructions) X(warp_instructions) X(divergent_branches)                                                   \
  X(global_load_requests) X(global_load_sectors) X(global_load_sectors_ideal)                                         \
  X(global_store_requests) X(global_store_sectors) X(global_store_sectors_ideal) X(l1_hit_sectors)                    \
  X(shared_load_wavefronts) X(shared_store_wavefronts) X(shared_bank_conflicts) X(atomics) X(atomic_serialization)    \
  X(barriers) X(flop) X(dram_read_bytes) X(dram_write_bytes)

enum Counter : unsigned {
#define SIMT_NAME(name) name,
  SIMT_COUNTERS(SIMT_NAME)
#undef SIMT_NAME
  counter_count
};
constexpr const char* kNames[] = {
#define SIMT_NAME(name) #name,
    SIMT_COUNTERS(SIMT_NAME)
#undef SIMT_NAME
};

using Counters = std::array<std::uint64_t, counter_count>;

// ---- floating-point operations ------------------------------------------------------------------------------------

/// Operations of an instruction: of each thread, or of the warp as a whole.
struct Flop {
  unsigned thread = 0, warp = 0;
};

Flop flop_of(const ptx::Instruction& instruction) {
  const auto opcode = instruction.opcode();
  if (opcode == "mma" || (opcode == "wmma" && says(instruction, "mma"))) {
    if (says(instruction, "s32")) return {};
    unsigned m = 0, n = 0, k = 0;
    for (auto part : instruction.parts)
      if (std::sscanf(std::string(part).c_str(), "m%un%uk%u", &m, &n, &k) == 3) return {0, 2 * m * n * k};
    return {};
  }
  const unsigned each = opcode == "fma" || opcode == "mad"                                               ? 2
                        : opcode == "add" || opcode == "sub" || opcode == "mul" || opcode == "div" ? 1
                                                                                                   : 0;
  if (each == 0) return {};
  for (auto type : {"f32", "f64", "f16", "bf16"})
    if (says(instruction, type)) return {each, 0};
  for (auto type : {"f16x2", "bf16x2", "f32x2"})
    if (says(instruction, type)) return {2 * each, 0};
  return {};
}

// ---- pipes ---------------------------------------------------------------------------------------------------------

/// The part of an SM that executes an instruction. Moves and parameters mostly vanish when machine code is made.
enum Pipe : unsigned { pipe_fp32, pipe_fp64, pipe_half, pipe_integer, pipe_special, pipe_tensor, pipe_memory, pipe_control, pipe_move, pipe_count };
constexpr const char* kPipes[] = {"fp32", "fp64", "half", "integer", "special", "tensor", "memory", "control", "move"};

Pipe pipe_of(const ptx::Instruction& instruction) {
  const auto opcode = instruction.opcode();
  const auto is = [&](std::initializer_list<std::string_view> names) { return std::ranges::find(names, opcode) != names.end(); };
  const auto has = [&](std::initializer_list<const char*> names) {
    return std::ranges::any_of(names, [&](const char* name) { return says(instruction, name); });
  };
  if (is({"mov", "cvta"}) || (opcode == "ld" && has({"param"})) || (opcode == "st" && has({"param"}))) return pipe_move;
  if (opcode == "mma" || (opcode == "wmma" && has({"mma"}))) return pipe_tensor;
  if (is({"ld", "ldu", "st", "atom", "red", "wmma", "ldmatrix", "stmatrix", "movmatrix", "shfl", "cp", "tex", "tld4", "suld",
          "sust", "prefetch", "isspacep"}))
    return pipe_memory;
  if (is({"bra", "brx", "call", "ret", "exit", "trap", "bar", "barrier", "mbarrier", "membar", "fence", "vote", "match",
          "activemask", "nanosleep", "redux", "elect"}))
    return pipe_control;
  if (is({"rcp", "sqrt", "rsqrt", "sin", "cos", "lg2", "ex2", "tanh", "div", "rem", "popc", "clz", "bfind", "brev"}))
    return has({"f64"}) ? pipe_fp64 : pipe_special;
  if (opcode == "cvt") return has({"f16", "f32", "f64", "bf16"}) ? pipe_special : pipe_integer;
  if (has({"f64"})) return pipe_fp64;
  if (has({"f16", "f16x2", "bf16", "bf16x2"})) return pipe_half;
  return has({"f32", "f32x2"}) ? pipe_fp32 : pipe_integer;
}

// ---- the caches: blocks one after another -------------------------------------------------------------------------

/// Traces of blocks go through the caches in the order of the blocks, whoever ran them and when.
class Replay {
 public:
  Replay(std::size_t instructions, model::L1 l1)
      : read(instructions, 0), written(instructions, 0), l1_hits(instructions, 0), l1_(std::move(l1)) {}

  bool is_next(std::uint64_t block) {
    std::lock_guard lock(mutex_);
    return block == next_;
  }
  /// Of the block that is next, or of one that has ended.
  void take(std::uint64_t block, const TraceEntry* begin, const TraceEntry* end, bool ended) {
    std::lock_guard lock(mutex_);
    if (block != next_) {
      waiting_[block].assign(begin, end);
      return;
    }
    add(block, begin, end);
    if (!ended) return;
    ++next_;
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_; at = waiting_.erase(at), ++next_)
      add(next_, at->second.data(), at->second.data() + at->second.size());
  }
  /// The launch is over: what was written goes to DRAM.
  void finish() {
    for (auto& [block, entries] : waiting_) add(block, entries.data(), entries.data() + entries.size());
    run();
    cache().flush([&](const model::L2::Traffic& t) { written[t.writer] += t.written; });
  }

  std::vector<std::uint64_t> read, written;   ///< bytes, by the instruction that caused them
  std::vector<std::uint64_t> l1_hits;         ///< sectors, by the instruction that loaded them

 private:
  static model::L2& cache() {
    static auto* one = new model::L2(model::current().l2);
    return *one;
  }
  void add(std::uint64_t block, const TraceEntry* begin, const TraceEntry* end) {
    l1_.enter(block);
    for (const auto* e = begin; e != end; ++e) {
      TraceEntry entry = *e;
      if (entry.site % 4 == TraceEntry::cached_read) {
        entry.site ^= TraceEntry::cached_read ^ TraceEntry::read;
        entry.words = l1_.load(entry.line, e->words);
        l1_hits[entry.site / 4] += model::L1::sectors(e->words) - model::L1::sectors(entry.words);
        if (entry.words == 0) continue;   // most of them
      }
      batch_.push_back(entry);
    }
    if (batch_.size() >= 4096) run();
  }
  /// Many entries at a time: the cache's sets are fetched while earlier ones are worked on.
  void run() {
    auto& l2 = cache();
    const auto* end = batch_.data() + batch_.size();
    for (const auto* e = batch_.data(); e != end; ++e) {
      if (end - e > 16) l2.expect(e[16].line);
      const auto site = e->site / 4;
      if (e->site % 4 != TraceEntry::write) {
        const auto t = l2.read(e->line, e->words);
        read[site] += t.read;
        if (t.written) written[t.writer] += t.written;
      }
      if (e->site % 4 != TraceEntry::read) {
        const auto t = l2.write(e->line, e->words, site);
        if (t.written) written[t.writer] += t.written;
      }
    }
    batch_.clear();
  }

  std::mutex mutex_;
  model::L1 l1_;
  std::vector<TraceEntry> batch_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::vector<TraceEntry>> waiting_;
};

/// The trace of a worker's blocks; all but the current one are set aside.
struct WorkerTrace : Trace {
  explicit WorkerTrace(Replay& r) : replay(r) {
    enter = [](Trace& t, const exec::BlockState* b) { static_cast<WorkerTrace&>(t).go_on(b); };
    full = [](Trace& t) { static_cast<WorkerTrace&>(t).make_room(); };
  }
  ~WorkerTrace() {
    std::free(begin);
    for (auto& [b, buffer] : aside) std::free(buffer.begin);
  }
  void go_on(const exec::BlockState* b) {
    if (block) aside[block] = {begin, next, end};
    Buffer mine;
    if (const auto at = aside.find(b); at != aside.end()) {
      mine = at->second;
      aside.erase(at);
    }
    block = b;
    begin = mine.begin;
    next = mine.next;
    end = mine.end;
  }
  void make_room() {
    constexpr std::size_t kEnough = 1 << 14;
    if (std::size_t(next - begin) >= kEnough && replay.is_next(block->index)) {
      replay.take(block->index, begin, next, false);
      next = begin;
      return;
    }
    const std::size_t used = std::size_t(next - begin), room = std::max<std::size_t>(2 * std::size_t(end - begin), 1024);
    auto* grown = static_cast<TraceEntry*>(std::realloc(begin, room * sizeof(TraceEntry)));
    if (!grown) throw std::bad_alloc();
    begin = grown;
    next = grown + used;
    end = grown + room;
  }
  void finish(const exec::BlockState& b) {
    if (block != &b) go_on(&b);
    replay.take(b.index, begin, next, true);
    next = begin;
  }

  struct Buffer {
    TraceEntry *begin = nullptr, *next = nullptr, *end = nullptr;
  };
  Replay& replay;
  std::unordered_map<const exec::BlockState*, Buffer> aside;
};

// ---- a launch -----------------------------------------------------------------------------------------------------

class Recording {
 public:
  Recording(const exec::Launch& launch, exec::Instrumentation& instrumentation)
      : code_(instrumentation.code()), reached_(reached(code_)), replay_(code_.count, l1_of(launch, code_)) {
    plan(instrumentation);
    for (unsigned w = 0; w < instrumentation.workers(); ++w) {
      auto& worker = *workers_.emplace_back(std::make_unique<Worker>(replay_));
      worker.counts.resize(counts_);
      worker.memory.resize(memory_);
      worker.by_instruction.assign(code_.count, nullptr);
      place(instrumentation, w, worker);
    }
  }

  void block_end(unsigned worker, const exec::BlockState& block) { workers_[worker]->trace.finish(block); }
  void waits(unsigned worker, const exec::Warp& warp, const exec::Instr* instr) {
    auto* count = workers_[worker]->by_instruction[instr->origin];
    if (!count || (plans_[instr->origin].memory && memory_of(count).whole_warp)) return;
    count->warps -= 1;
    count->threads -= unsigned(std::popcount(warp.active));
  }
  std::string report(const exec::Launch& launch);

 private:
  struct Plan {
    bool probe = false, memory = false;
    Counting counting = Counting::executions;
  };
  struct Worker {
    explicit Worker(Replay& replay) : trace(replay) {}
    std::vector<Count> counts;
    std::vector<MemoryCount> memory;
    std::vector<Count*> by_instruction;
    WorkerTrace trace;
  };
  static MemoryCount& memory_of(Count* count) { return *static_cast<MemoryCount*>(count); }

  void plan(const exec::Instrumentation& instrumentation);
  void place(exec::Instrumentation& instrumentation, unsigned w, Worker& worker);
  std::string module_name() const;
  static model::L1 l1_of(const exec::Launch& launch, const ir::Code& code);

  const ir::Code& code_;
  std::vector<Reached> reached_;
  std::vector<Plan> plans_;             // by instruction
  std::size_t counts_ = 0, memory_ = 0;
  Replay replay_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

model::L1 Recording::l1_of(const exec::Launch& launch, const ir::Code& code) {
  const auto& profile = model::current();
  const auto volume = [](const exec::Dim3& d) { return std::uint64_t(d[0]) * d[1] * d[2]; };
  const auto shared = code.static_shared + launch.dynamic_shared;
  return {model::l1_of_a_block(profile, unsigned(volume(launch.block)), shared, volume(launch.grid)), unsigned(profile.sms)};
}

/// Whether a load is answered by L1 where it can: not if it has to see what others wrote, or asks to be left out.
bool goes_through_l1(const ir::Access& access, const ptx::Instruction& instruction) {
  if (access.kind != ir::AccessKind::load || access.strong) return false;
  for (auto part : {"cg", "cv", "bulk", "L1::no_allocate"})
    if (says(instruction, part)) return false;
  return true;
}

bool is_conditional_branch(exec::Handler run) { return run == exec::run_branch || run == exec::run_branch_back; }

void Recording::plan(const exec::Instrumentation& instrumentation) {
  plans_.resize(code_.count);
  for (const auto& r : reached_) plans_[r.carrier].probe = true;
  const ptx::Instruction* before = nullptr;
  for (std::size_t n = 0; n < code_.count; ++n) {
    auto& plan = plans_[n];
    const auto* instruction = code_.origins[n].instruction;
    const auto& access = code_.accesses[n];
    const auto space = access.space;
    if (!instruction) continue;
    if (is_conditional_branch(instrumentation.handler(n))) {
      if (instruction->opcode() == "bra") plan = {true, false, Counting::branch};
    } else if (access.kind != ir::AccessKind::none && instruction->opcode() != "wmma") {
      const bool atomic = access.kind == ir::AccessKind::atomic;
      if (atomic && before == instruction) continue;   // the other parts of a vector
      if (space == ptx::Space::global) plan = {true, true, atomic ? Counting::global_atomic : Counting::global};
      if (space == ptx::Space::none) plan = {true, true, atomic ? Counting::generic_atomic : Counting::generic};
      const bool guarded = code_.instrs[n].guard != 0;
      if (space == ptx::Space::shared)
        plan = {true, true, atomic ? Counting::shared_atomic : guarded ? Counting::guarded_shared : Counting::shared};
    } else if (instruction->guard >= 0 && code_.instrs[n].guard != 0 && flop_of(*instruction).thread) {
      plan = {true, false, Counting::guard};
    }
    before = instruction;
  }
  for (const auto& plan : plans_)
    if (plan.probe) ++(plan.memory ? memory_ : counts_);
}

void Recording::place(exec::Instrumentation& instrumentation, unsigned w, Worker& worker) {
  std::size_t count = 0, memory = 0;
  for (std::size_t n = 0; n < code_.count; ++n) {
    const auto& plan = plans_[n];
    if (!plan.probe) continue;
    Count* probe = plan.memory ? &worker.memory[memory++] : &worker.counts[count++];
    const auto calls = counting(exec::isa(), plan.counting);
    probe->call = calls.call;
    probe->alone = calls.alone;
    probe->gang = calls.gang;
    worker.by_instruction[n] = probe;
    if (plan.memory) {
      const auto& access = code_.accesses[n];
      auto& m = memory_of(probe);
      m.bytes = access.bytes;
      m.address = access.address;
      m.trace = &worker.trace;
      m.site = std::uint32_t(n) * 4 + (goes_through_l1(access, *code_.origins[n].instruction) ? TraceEntry::cached_read
                                       : access.kind == ir::AccessKind::load  ? TraceEntry::read
                                       : access.kind == ir::AccessKind::store ? TraceEntry::write
                                                                              : TraceEntry::both);
      const auto& instruction = *code_.origins[n].instruction;
      if (instruction.opcode() == "ldmatrix" || instruction.opcode() == "stmatrix") {
        m.whole_warp = true;   // 8 lanes name the rows of each matrix
        m.lanes = says(instruction, "x1") ? 0xffu : says(instruction, "x2") ? 0xffffu : exec::kAllLanes;
      }
    }
    instrumentation.add(w, n, *probe);
  }
}

/// The PTX that the kernel came from, for whoever wants to know its registers: the name of its file in the folder PMPP_SIM_PTX.
std::string Recording::module_name() const {
  const auto& text = reached_.front().module->text;
  char name[32];
  std::snprintf(name, sizeof name, "%016zx.ptx", std::hash<std::string>{}(text));
  if (const char* folder = std::getenv("PMPP_SIM_PTX"); folder && *folder) {
    const auto path = std::string(folder) + '/' + name;
    if (access(path.c_str(), F_OK) != 0)
      if (std::FILE* file = std::fopen(path.c_str(), "w")) {
        std::fwrite(text.data(), 1, text.size(), file);
        std::fclose(file);
      }
  }
  return name;
}

std::string Recording::report(const exec::Launch& launch) {
  replay_.finish();
  for (auto& worker : workers_)
    for (auto& memory : worker->memory) memory.settle();
  std::map<SourceLine, Counters> lines;
  std::array<std::uint64_t, pipe_count> pipes{};
  auto line_of = [&](std::size_t n) -> Counters& {
    const auto& origin = code_.origins[n];
    return lines[source_line(*origin.module, *origin.function, std::size_t(origin.instruction - origin.function->body.data()))];
  };
  std::map<const ptx::Instruction*, std::size_t> guarded;
  for (std::size_t n = 0; n < code_.count; ++n)
    if (plans_[n].counting == Counting::guard) guarded[code_.origins[n].instruction] = n;
  for (const auto& r : reached_) {
    const auto& instruction = r.instruction();
    const auto flops = flop_of(instruction);
    const auto own = guarded.find(&instruction);
    auto& c = lines[source_line(*r.module, *r.function, r.index)];
    std::uint64_t warps = 0, threads = 0, doing = 0;
    for (const auto& worker : workers_) {
      const auto& count = *worker->by_instruction[r.carrier];
      warps += count.warps;
      threads += count.threads;
      doing += own == guarded.end() ? count.threads : worker->by_instruction[own->second]->special;
    }
    c[warp_instructions] += warps;
    pipes[pipe_of(instruction)] += warps;
    c[thread_instructions] += threads;
    c[flop] += doing * flops.thread + warps * flops.warp;
    const auto opcode = instruction.opcode();
    if ((opcode == "bar" || opcode == "barrier") && !says(instruction, "warp")) c[barriers] += warps;
  }
  for (std::size_t n = 0; n < code_.count; ++n) {
    const auto& plan = plans_[n];
    if (replay_.l1_hits[n]) line_of(n)[l1_hit_sectors] += replay_.l1_hits[n];
    if (replay_.read[n]) line_of(n)[dram_read_bytes] += replay_.read[n];
    if (replay_.written[n]) line_of(n)[dram_write_bytes] += replay_.written[n];
    if (plan.counting == Counting::executions || plan.counting == Counting::guard) continue;
    auto& c = line_of(n);
    for (const auto& worker : workers_) {
      auto* count = worker->by_instruction[n];
      if (!plan.memory) {
        c[divergent_branches] += count->special;
        continue;
      }
      const auto& m = memory_of(count);
      switch (code_.accesses[n].kind) {
        case ir::AccessKind::atomic:
          c[atomics] += m.requests;
          c[atomic_serialization] += m.meetings;
          break;
        case ir::AccessKind::store:
          c[global_store_requests] += m.requests;
          c[global_store_sectors] += m.sectors;
          c[global_store_sectors_ideal] += m.ideal;
          c[shared_store_wavefronts] += m.wavefronts;
          break;
        default:
          c[global_load_requests] += m.requests;
          c[global_load_sectors] += m.sectors;
          c[global_load_sectors_ideal] += m.ideal;
          c[shared_load_wavefronts] += m.wavefronts;
      }
      c[shared_bank_conflicts] += m.conflicts;
    }
  }

  Counters total{};
  for (const auto& [line, c] : lines)
    for (unsigned k = 0; k < counter_count; ++k) total[k] += c[k];
  ptx::JsonWriter json;
  auto number = [&](std::uint64_t n) { json.value(n); };
  auto counters = [&](const Counters& c) {
    json.key("counters");
    json.out += '{';
    for (unsigned k = 0; k < counter_count; ++k) json.field(kNames[k], c[k]);
    json.out += '}';
  };
  json.out += '{';
  json.field("name", readable_name(code_.info.name));
  json.field("symbol", code_.info.name);
  json.list("grid", launch.grid, number);
  json.list("block", launch.block, number);
  json.field("dynamic_shared", std::uint64_t(launch.dynamic_shared));
  json.field("module", module_name());
  counters(total);
  json.key("pipes");
  json.out += '{';
  for (unsigned k = 0; k < pipe_count; ++k) json.field(kPipes[k], pipes[k]);
  json.out += '}';
  json.list("lines", lines, [&](const auto& line) {
    json.out += '{';
    json.field("file", line.first.file);
    json.field("line", line.first.line);
    counters(line.second);
    json.out += '}';
  });
  json.out += '}';
  return json.out;
}

class CountersObserver final : public Observer {
 public:
  void launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) override {
    recording_.emplace(launch, instrumentation);
  }
  void block_end(const exec::Worker& worker, const exec::BlockState& block) override {
    recording_->block_end(worker.number, block);
  }
  void waits(const exec::Warp& warp, const exec::Instr* instr) override { recording_->waits(warp.worker->number, warp, instr); }
  void launch_end(const exec::Launch& launch, const ir::Code&, const exec::Fault&) override {
    auto report = recording_->report(launch);
    recording_.reset();
    if (const char* path = std::getenv("PMPP_SIM_COUNTERS"); path && *path) append_line(path, report);
    std::lock_guard lock(mutex_);
    kernels_.push_back(std::move(report));
  }
  void forget() {
    std::lock_guard lock(mutex_);
    kernels_.clear();
  }
  const char* text() {
    std::lock_guard lock(mutex_);
    text_ = "{\"kernels\":[";
    for (const auto& kernel : kernels_) {
      if (text_.back() == '}') text_ += ',';
      text_ += kernel;
    }
    return (text_ += "]}").c_str();
  }

 private:
  std::optional<Recording> recording_;   // launches run one at a time
  std::mutex mutex_;
  std::vector<std::string> kernels_;
  std::string text_;
};

CountersObserver& counters_observer() {
  static auto* one = new CountersObserver;
  return *one;
}

void start() { attach(std::shared_ptr<Observer>(&counters_observer(), [](Observer*) {})); }

/// For a program that is started: every launch becomes a line of the file that PMPP_SIM_COUNTERS names.
__attribute__((constructor)) void from_environment() {
  if (const char* path = std::getenv("PMPP_SIM_COUNTERS"); path && *path) start();
}

}  // namespace

}  // namespace simt::observers

extern "C" {

__attribute__((visibility("default"))) void pmpp_simt_count(int on) {
  using namespace simt::observers;
  auto& one = counters_observer();
  if (!on) return detach(&one);
  one.forget();
  start();
}

__attribute__((visibility("default"))) const char* pmpp_simt_counted(void) { return simt::observers::counters_observer().text(); }

}
