// A recording of one block's run, for `pmpp replay`: which warp executed which line with which lanes, what it computed, read
// and wrote, who waited at a barrier and when that was complete.
//
// PMPP_SIM_REPLAY names a file to which lines of JSON are appended: {"launched": ...} for every kernel, once, and a recording
// of the first launch that is wanted. With checkers on, the first launch in which they find something is recorded too, and
// comes later in the file. PMPP_SIM_REPLAY_KERNEL, _BLOCK ("x,y,z"), _LAUNCH (of that kernel, from 1) and _STEPS choose. With 0
// steps nothing is recorded, but {"memory": ...} at the end stands for what all launches left in the arrays that they were
// given: to compare schedules with.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/observer.hpp"
#include "simt/observers/replay_sites.hpp"
#include "simt/ptx/json.hpp"

namespace simt::observers {

namespace {

using exec::Instr;
using exec::Mask;
using exec::Probe;
using exec::Warp;

class Recorder;

struct StepProbe : Probe {
  Recorder* recorder = nullptr;
  std::uint32_t site = 0;
  bool barrier = false;
};

struct Value {
  std::int32_t site = -1;
  Mask mask = 0;
  std::uint64_t bits[exec::kLanes] = {};
};

/// An access to shared or global memory, by lane.
struct Touch {
  char kind = 'r';                       ///< r, w or a (atomic)
  std::int32_t allocation = -1;          ///< -1: shared memory
  std::uint8_t bytes = 0;
  std::uint32_t instruction = 0;         ///< tells accesses of one step apart
  Mask mask = 0;
  std::uint64_t at[exec::kLanes] = {};   ///< bytes from the beginning
};

struct Written {
  std::uint32_t word = 0, value = 0;
  int lane = -1;                         ///< -1: an asynchronous copy
};

struct Parked {
  Mask mask = 0;
  std::int32_t line = -1;
  std::uint32_t state = 0;
  bool operator==(const Parked&) const = default;
};

struct Arrival {
  unsigned number = 0;
  Mask mask = 0;
};

struct Release {
  unsigned number = 0;
  std::vector<Mask> arrived;
};

/// A warp executes a line, as far as the compiler left its instructions together.
struct Step {
  std::uint32_t warp = 0;
  std::int32_t line = -1;
  Mask active = 0;
  std::uint32_t instructions = 0;
  bool decides = false;
  Mask exited = 0;
  std::vector<Value> values;
  std::vector<Touch> touches;
  std::vector<Written> written;
  std::vector<Arrival> arrivals;
  std::vector<Release> releases;
  std::optional<std::vector<Parked>> parked;   ///< lanes that wait elsewhere meanwhile, where that has changed
};

struct Wanted {
  std::string kernel;
  exec::Dim3 block{};
  std::uint64_t launch = 0;              ///< 0: whichever comes first
  std::size_t steps = 20000;
};

const char* setting(const char* name) {
  const char* text = std::getenv(name);
  return text && *text ? text : nullptr;
}

class Recorder final : public Observer {
 public:
  explicit Recorder(std::string path) : path_(std::move(path)) {
    if (const char* text = setting("PMPP_SIM_REPLAY_KERNEL")) wanted_.kernel = text;
    if (const char* text = setting("PMPP_SIM_REPLAY_BLOCK"))
      std::sscanf(text, "%u,%u,%u", &wanted_.block[0], &wanted_.block[1], &wanted_.block[2]);
    if (const char* text = setting("PMPP_SIM_REPLAY_LAUNCH")) wanted_.launch = std::strtoull(text, nullptr, 10);
    if (const char* text = setting("PMPP_SIM_REPLAY_STEPS")) wanted_.steps = std::strtoull(text, nullptr, 10);
  }

  bool alone() const override { return true; }
  bool by_turns() const override { return true; }   // a step is a warp on a line, however many instructions that takes

  void launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) override {
    code_ = &instrumentation.code();
    recording_ = false;
    block_ = nullptr;
    const auto name = readable_name(code_->info.name);
    if (launched_.insert(name).second) {
      ptx::JsonWriter json;
      json.out = "{";
      json.field("launched", name);
      append_line(path_.c_str(), json.out + "}");
    }
    if (!wanted_.kernel.empty() && wanted_.kernel != name && wanted_.kernel != code_->info.name) return;
    ++launches_;
    if (wanted_.steps == 0) return;
    found_before_ = finding_count();
    if (wanted_.launch ? launches_ != wanted_.launch : found_) return;
    if (!wanted_.launch && recorded_ && !setting("PMPP_SIM_CHECK")) return;
    recording_ = true;
    const auto& at = wanted_.block;
    there_is_ = at[0] < launch.grid[0] && at[1] < launch.grid[1] && at[2] < launch.grid[2];
    index_ = at[0] + std::uint64_t(launch.grid[0]) * (at[1] + std::uint64_t(launch.grid[1]) * at[2]);
    sites_ = sites_of(*code_);
    steps_.clear();
    parked_.clear();
    allocations_.clear();
    allocation_ids_.clear();
    total_ = 0;
    full_ = false;
    probes_.assign(code_->count, {});
    for (std::size_t n = 0; n < code_->count; ++n) {
      const auto handler = instrumentation.handler(n);
      // Where lanes go on together, and ways to the next block: nothing that was written.
      if (handler == exec::run_join || (code_->origins[n].weight == 0 && (handler == exec::run_jump || handler == exec::run_jump_back))) continue;
      auto& probe = probes_[n];
      probe.call = on_instruction;
      probe.recorder = this;
      probe.site = std::uint32_t(n);
      probe.barrier = handler == exec::run_barrier;
      instrumentation.add(0, n, probe);
    }
  }

  void block_begin(const exec::Worker& worker, const exec::BlockState& block) override {
    if (!recording_ || !there_is_ || block.index != index_) return;
    block_ = &block;
    shared_bytes_ = worker.grid->shared_bytes;
    parked_.assign(block.warp_count, {});
    last_ = ~std::size_t{0};
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override {
    if (&block == block_) block_ = nullptr;
  }
  void barrier(const exec::Worker&, const exec::BlockState& block, unsigned number, const Mask* arrived) override {
    if (&block != block_ || full_ || steps_.empty()) return;
    steps_.back().releases.push_back({number, {arrived, arrived + block.warp_count}});
  }
  void waits(const Warp& warp, const Instr*) override {
    if (warp.block == block_) waited_ = true;
  }
  void copied(const Warp& warp, std::uint64_t to, std::uint64_t, unsigned bytes, unsigned) override { note(warp, -1, to, bytes); }
  void wrote(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) override { note(warp, lane, to, bytes); }
  void launch_end(const exec::Launch& launch, const ir::Code& code, const exec::Fault& fault) override {
    if (wanted_.steps == 0) digest(launch, code);
    if (!recording_) return;
    recording_ = false;
    block_ = nullptr;
    const bool found = fault || finding_count() > found_before_;
    if (recorded_ && !found && !wanted_.launch) return;
    recorded_ = true;
    found_ |= found;
    append_line(path_.c_str(), report(launch, code, fault, found));
  }
  void at_exit() const {
    if (wanted_.steps == 0) append_line(path_.c_str(), "{\"memory\":\"" + std::to_string(digest_) + "\"}");
  }

 private:
  static const Instr* on_instruction(Probe& probe, Warp& warp, const Instr* instr) {
    auto& p = static_cast<StepProbe&>(probe);
    auto& r = *p.recorder;
    if (warp.block != r.block_) return proceed(probe, warp, instr);
    return r.execute(p, warp, instr);
  }

  /// Shared memory was written by something else than a store.
  void note(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) {
    if (warp.block != block_ || full_ || steps_.empty() || to - memory::kSharedWindow >= memory::kWindowSize) return;
    const auto at = std::uint32_t(to - memory::kSharedWindow);
    for (std::uint32_t word = at / 4; word * 4 < at + bytes; ++word) steps_.back().written.push_back({word, word_of(warp, word), lane});
  }
  const Instr* execute(StepProbe& probe, Warp& warp, const Instr* instr);
  void open(std::size_t n, const Warp& warp);
  void touch(std::size_t n, const Warp& warp, const Instr* instr, Mask mask);
  void keep_written(const Warp& warp, const Touch& touched);
  void keep_value(std::size_t n, const Warp& warp, Mask mask);
  void keep_parked(const Warp& warp);
  std::int32_t allocation_of(std::uint64_t address, std::uint64_t& base);
  void digest(const exec::Launch& launch, const ir::Code& code);
  std::uint32_t word_of(const Warp& warp, std::uint32_t word) const {
    std::uint32_t value = 0;
    if (word * 4 + 4 <= ((warp.shared_bytes + 3) & ~3u)) std::memcpy(&value, warp.shared + word * 4, 4);
    return value;
  }
  std::string report(const exec::Launch& launch, const ir::Code& code, const exec::Fault& fault, bool found);

  const std::string path_;
  Wanted wanted_;
  const ir::Code* code_ = nullptr;
  Sites sites_;
  std::vector<StepProbe> probes_;
  std::set<std::string> launched_;
  std::uint64_t launches_ = 0;           ///< of kernels that are wanted
  std::size_t found_before_ = 0;
  bool recorded_ = false, found_ = false, recording_ = false, there_is_ = false;
  std::uint64_t index_ = 0;              ///< of the block
  std::uint64_t digest_ = 0;
  const exec::BlockState* block_ = nullptr;
  std::uint32_t shared_bytes_ = 0;
  std::vector<Step> steps_;
  std::size_t total_ = 0;
  bool full_ = false;                    ///< no more steps are kept, but they are counted
  bool waited_ = false;
  std::size_t last_ = 0;                 ///< the instruction that was executed before
  std::uint32_t last_warp_ = 0;
  std::int32_t last_line_ = -1;
  Mask last_active_ = 0;
  bool stored_ = false;                  ///< it wrote to memory
  std::vector<std::vector<Parked>> parked_;   ///< by warp
  struct Known {
    std::uint64_t base = 0, size = 0;
    std::string label;
  };
  std::map<std::uint64_t, std::int32_t> allocation_ids_;   ///< by address
  std::vector<Known> allocations_;
};

/// Begins a step, unless the instruction goes on with the one before.
void Recorder::open(std::size_t n, const Warp& warp) {
  auto line = sites_.by_instruction[n].line;
  const bool same_run = last_ != ~std::size_t{0} && last_warp_ == warp.index && last_active_ == warp.active && n > last_;
  if (line < 0 && same_run) line = last_line_;
  const bool goes_on = same_run && line == last_line_ && !stored_;   // of a loop that was unrolled, the next turn begins
  stored_ = false;
  last_ = n;
  last_warp_ = warp.index;
  last_line_ = line;
  last_active_ = warp.active;
  if (goes_on) return;
  ++total_;
  if (steps_.size() >= wanted_.steps) {
    full_ = true;
    return;
  }
  auto& step = steps_.emplace_back();
  step.warp = warp.index;
  step.line = line;
  step.active = warp.active;
  keep_parked(warp);
}

const Instr* Recorder::execute(StepProbe& probe, Warp& warp, const Instr* instr) {
  const auto n = probe.site;
  const Mask active = warp.active, mask = exec::guarded(warp, instr), dead = warp.dead;
  const auto steps_before = steps_.size(), total_before = total_, last_before = last_;
  const auto warp_before = last_warp_;
  const auto line_before = last_line_;
  const auto active_before = last_active_;
  open(n, warp);
  if (full_) return proceed(probe, warp, instr);
  auto& step = steps_.back();
  const auto touches_before = step.touches.size();
  touch(n, warp, instr, mask);
  waited_ = false;
  const Instr* next = proceed(probe, warp, instr);
  if (waited_) {   // it will be executed again, by more lanes
    step.touches.resize(touches_before);
    if (steps_.size() > steps_before) {
      steps_.pop_back();
      parked_[warp.index] = {Parked{}};   // to be said again
    }
    total_ = total_before;
    last_ = last_before;
    last_warp_ = warp_before;
    last_line_ = line_before;
    last_active_ = active_before;
    return next;
  }
  const auto& site = sites_.by_instruction[n];
  const auto kind = code_->accesses[n].kind;
  stored_ = kind == ir::AccessKind::store || kind == ir::AccessKind::atomic;
  step.instructions += std::uint32_t(code_->origins[n].weight);
  step.decides |= site.decides;
  for (auto k = touches_before; k < step.touches.size(); ++k) keep_written(warp, step.touches[k]);
  keep_value(n, warp, mask);
  step.exited |= warp.dead & ~dead;
  if (probe.barrier && warp.state != Warp::faulted) {
    std::uint32_t number = 0;
    const auto barrier = exec::BarrierKind(instr->imm);
    if (barrier < exec::BarrierKind::cluster_arrive && active)
      std::memcpy(&number, warp.regs + instr->op[0] + 4 * std::countr_zero(active), 4);
    if (barrier != exec::BarrierKind::cluster_arrive) step.arrivals.push_back({number, active});
  }
  return next;
}

/// Remembers what an access touches, before it happens: the register of the address may be gone afterwards.
void Recorder::touch(std::size_t n, const Warp& warp, const Instr* instr, Mask mask) {
  const auto& access = code_->accesses[n];
  if (access.kind == ir::AccessKind::none || access.kind == ir::AccessKind::copy || access.bytes == 0 || !mask) return;
  if (access.space != ptx::Space::none && access.space != ptx::Space::global && access.space != ptx::Space::shared) return;
  const auto* instruction = code_->origins[n].instruction;
  if (!instruction || instruction->opcode() == "wmma") return;
  std::map<std::int32_t, Touch> by_memory;   // generic addresses may lead anywhere
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    std::uint64_t at = 0;
    if (access.wide) {
      std::memcpy(&at, warp.regs + instr->op[access.address] + 8 * lane, 8);
      at += std::uint64_t(std::int64_t(instr->mem.offset));
    } else {
      std::uint32_t offset;
      std::memcpy(&offset, warp.regs + instr->op[access.address] + 4 * lane, 4);
      at = std::uint32_t(offset + std::uint32_t(instr->mem.offset));
    }
    std::int32_t where = -1;
    if (access.space == ptx::Space::shared) {
    } else if (at - memory::kSharedWindow < memory::kWindowSize) {
      at -= memory::kSharedWindow;
    } else if (at >= memory::kSharedWindow) {
      continue;   // local memory, parameters
    } else {
      std::uint64_t base = 0;
      where = allocation_of(at, base);
      if (where < 0) continue;   // a fault
      at -= base;
    }
    auto& t = by_memory[where];
    t.allocation = where;
    t.mask |= Mask{1} << lane;
    t.at[lane] = at;
  }
  for (auto& [where, t] : by_memory) {
    t.kind = access.kind == ir::AccessKind::load ? 'r' : access.kind == ir::AccessKind::store ? 'w' : 'a';
    t.bytes = access.bytes;
    t.instruction = std::uint32_t(n);
    steps_.back().touches.push_back(t);
  }
}

/// What shared memory holds now. Of lanes that write one word, the last one counts as its writer.
void Recorder::keep_written(const Warp& warp, const Touch& touched) {
  if (touched.allocation >= 0 || touched.kind == 'r') return;
  std::map<std::uint32_t, int> writers;
  for (Mask left = touched.mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (touched.at[lane] + touched.bytes > warp.shared_bytes) continue;   // a fault
    for (auto word = touched.at[lane] / 4; word * 4 < touched.at[lane] + touched.bytes; ++word) writers[std::uint32_t(word)] = lane;
  }
  for (const auto& [word, lane] : writers) steps_.back().written.push_back({word, word_of(warp, word), lane});
}

void Recorder::keep_value(std::size_t n, const Warp& warp, Mask mask) {
  const auto& site = sites_.by_instruction[n];
  if (site.value < 0 || !mask) return;
  Value value;
  value.site = site.value;
  value.mask = mask;
  for (int lane = 0; lane < exec::kLanes; ++lane) std::memcpy(&value.bits[lane], warp.regs + site.row + site.width * lane, site.width);
  auto& values = steps_.back().values;
  std::erase_if(values, [&](const Value& v) { return v.site == value.site && (v.mask & ~mask) == 0; });
  values.push_back(value);
}

void Recorder::keep_parked(const Warp& warp) {
  std::vector<Parked> now;
  for (std::uint32_t k = 0; k < warp.group_count; ++k) {
    const auto& group = warp.groups[k];
    // At a barrier they stay on its line.
    const auto line = group.pc && group.state != Warp::at_barrier ? sites_.by_instruction[group.pc->origin].line : -1;
    now.push_back({group.mask, line, group.state});
  }
  auto& before = parked_[warp.index];
  if (now == before) return;
  before = now;
  steps_.back().parked = std::move(now);
}

std::int32_t Recorder::allocation_of(std::uint64_t address, std::uint64_t& base) {
  const auto found = memory::AddressSpace::instance().lookup(address);
  if (!found) return -1;
  base = found->base;
  const auto [at, is_new] = allocation_ids_.try_emplace(found->base, std::int32_t(allocations_.size()));
  if (is_new) allocations_.push_back({found->base, found->size, found->label});
  return at->second;
}

/// The pointer that a parameter may be; 0 for others.
std::uint64_t pointer_of(const exec::Launch& launch, std::size_t offset, std::size_t size) {
  std::uint64_t pointer = 0;
  if (size == 8 && offset + 8 <= launch.params.size()) std::memcpy(&pointer, launch.params.data() + offset, 8);
  return pointer;
}

void Recorder::digest(const exec::Launch& launch, const ir::Code& code) {
  for (const auto& [offset, size] : code.info.params) {
    const auto found = memory::AddressSpace::instance().lookup(pointer_of(launch, offset, size));
    if (!found || !found->host) continue;
    std::uint64_t word = 0;
    for (std::size_t at = 0; at < found->size; at += 8) {
      std::memcpy(&word, found->host + at, std::min<std::size_t>(8, found->size - at));
      digest_ = (digest_ ^ word) * 0x100000001b3ull + (digest_ >> 29);
    }
  }
}

// ---- the report ---------------------------------------------------------------------------------------------------

/// The numbers of some lanes; one number if they are all the same, first and step if they are evenly spaced.
void write_lanes(ptx::JsonWriter& json, Mask mask, const std::uint64_t* of_lane) {
  std::vector<std::uint64_t> numbers;
  for (Mask left = mask; left; left &= left - 1) numbers.push_back(of_lane[std::countr_zero(left)]);
  bool even = numbers.size() > 2;
  const auto by = numbers.size() > 1 ? numbers[1] - numbers[0] : 0;
  for (std::size_t k = 1; k < numbers.size(); ++k) even &= numbers[k] - numbers[k - 1] == by;
  if (even && std::int64_t(by) > -(1 << 20) && std::int64_t(by) < 1 << 20) {
    json.out += "{\"from\":" + std::to_string(numbers[0]) + ",\"by\":" + std::to_string(std::int64_t(by)) + '}';
    return;
  }
  json.array(numbers, [&](std::uint64_t n) { json.value(n); });
}

std::string Recorder::report(const exec::Launch& launch, const ir::Code& code, const exec::Fault& fault, bool found) {
  ptx::JsonWriter json;
  auto number = [&](std::uint64_t n) { json.value(n); };
  json.out = "{";
  json.field("kernel", readable_name(code.info.name));
  json.field("symbol", code.info.name);
  json.list("grid", launch.grid, number);
  json.list("block", launch.block, number);
  json.list("of", wanted_.block, number);
  json.field("launch", launches_);
  json.field("there_is", there_is_);
  json.field("found", found);
  json.field("seed", exec::settings().seed.load());
  json.field("shared_bytes", std::uint64_t(code.static_shared + launch.dynamic_shared));
  json.field("static_shared", std::uint64_t(code.static_shared));
  json.list("shared", code.shared_variables, [&](const auto& variable) {
    json.out += '{';
    json.field("name", variable.first);
    json.field("offset", variable.second);
    json.out += '}';
  });
  if (fault) {
    json.key("fault");
    json.out += '{';
    json.field("message", fault.message);
    json.field("block", fault.block);
    json.field("thread", fault.thread);
    json.out += '}';
  }
  json.list("lines", sites_.lines, [&](const ShownLine& line) {
    json.out += '{';
    json.field("file", line.file);
    json.field("line", line.line);
    if (line.call != line.line) json.field("call", line.call);
    json.out += '}';
  });
  json.list("values", sites_.values, [&](const ValueSite& value) {
    json.out += '{';
    json.field("line", value.line);
    json.field("type", value.type);
    if (value.stores) json.field("stores", true);
    if (value.leaves) json.field("leaves", true);
    if (value.decides) json.field("decides", true);
    if (!value.target.empty()) json.field("target", value.target);
    json.out += '}';
  });
  // Which parameter points into an allocation gives it the name that the programmer knows it by.
  json.list("allocations", allocations_, [&](const Known& known) {
    json.out += '{';
    json.field("bytes", known.size);
    json.field("label", known.label);
    std::vector<std::size_t> parameters;
    for (std::size_t k = 0; k < code.info.params.size(); ++k) {
      const auto& [offset, size] = code.info.params[k];
      if (pointer_of(launch, offset, size) - known.base < known.size) parameters.push_back(k);
    }
    json.list("parameters", parameters, number);
    json.out += '}';
  });
  json.field("total", total_);
  json.list("steps", steps_, [&](const Step& step) {
    json.out += '{';
    json.field("w", step.warp);
    json.field("l", step.line);
    json.field("m", step.active);
    json.field("n", step.instructions);
    if (step.decides) json.field("k", 1);
    if (step.exited) json.field("x", step.exited);
    if (!step.values.empty())
      json.list("v", step.values, [&](const Value& value) {
        json.out += '[' + std::to_string(value.site) + ',' + std::to_string(value.mask) + ',';
        write_lanes(json, value.mask, value.bits);
        json.out += ']';
      });
    if (!step.touches.empty())
      json.list("t", step.touches, [&](const Touch& t) {
        json.out += std::string("[\"") + t.kind + "\"," + std::to_string(t.allocation) + ',' + std::to_string(t.bytes) + ',' +
                    std::to_string(t.mask) + ',';
        write_lanes(json, t.mask, t.at);
        json.out += ']';
      });
    if (!step.written.empty())
      json.list("s", step.written, [&](const Written& w) {
        json.out += '[' + std::to_string(w.word) + ',' + std::to_string(w.value) + ',' + std::to_string(w.lane) + ']';
      });
    if (step.parked)
      json.list("p", *step.parked, [&](const Parked& p) {
        json.out += '[' + std::to_string(p.mask) + ',' + std::to_string(p.line) + ',' + std::to_string(p.state) + ']';
      });
    if (!step.arrivals.empty())
      json.list("b", step.arrivals, [&](const Arrival& a) { json.out += '[' + std::to_string(a.number) + ',' + std::to_string(a.mask) + ']'; });
    if (!step.releases.empty())
      json.list("d", step.releases, [&](const Release& r) {
        json.out += '[' + std::to_string(r.number) + ',';
        json.array(r.arrived, [&](Mask mask) { json.value(mask); });
        json.out += ']';
      });
    json.out += '}';
  });
  json.out += '}';
  return json.out;
}

__attribute__((constructor)) void from_environment() {
  const char* path = setting("PMPP_SIM_REPLAY");
  if (!path) return;
  static auto* one = new std::shared_ptr<Recorder>(std::make_shared<Recorder>(path));
  attach(*one);
  std::atexit([] { (*one)->at_exit(); });
}

}  // namespace

}  // namespace simt::observers
