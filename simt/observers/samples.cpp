// A warp's request of every source line that touches memory, to be drawn: the first one, and the one that costs most beyond
// what its bytes need. PMPP_SIM_SAMPLES names a file; each launch appends its requests to it, a line of JSON.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "simt/memory/memory.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/observer.hpp"
#include "simt/observers/source.hpp"
#include "simt/ptx/json.hpp"

namespace simt::observers {

namespace {

using exec::Instr;
using exec::Mask;
using exec::Warp;
using Addresses = std::array<std::uint64_t, exec::kLanes>;

/// What the lanes of a warp asked for at once.
struct Request {
  Mask lanes = 0;
  std::uint64_t block = 0;
  exec::Dim3 coordinates{};
  std::uint32_t warp = 0;
  unsigned cost = 0, needed = 0;   ///< sectors of global memory, wavefronts of shared memory, turns of an atomic operation
  Addresses address{};
  unsigned excess() const { return cost - needed; }
};

/// Different values among some, which it sorts.
template <class T, std::size_t n>
unsigned different(std::array<T, n>& values, std::size_t count) {
  std::sort(values.begin(), values.begin() + std::ptrdiff_t(count));
  return unsigned(std::unique(values.begin(), values.begin() + std::ptrdiff_t(count)) - values.begin());
}

void cost_of_global(Request& r, unsigned bytes) {
  std::array<std::uint64_t, 2 * exec::kLanes> sector{};
  auto address = r.address;
  std::size_t count = 0, lanes = 0;
  for (Mask left = r.lanes; left; left &= left - 1) {
    const auto at = r.address[unsigned(std::countr_zero(left))];
    address[lanes++] = at;
    sector[count++] = at >> 5;
    if ((at + bytes - 1) >> 5 != at >> 5) sector[count++] = (at + bytes - 1) >> 5;
  }
  r.cost = different(sector, count);
  r.needed = (different(address, lanes) * bytes + 31) / 32;
}

/// Lanes are served together as the width of an access allows; each bank gives one word at a time.
void cost_of_shared(Request& r, unsigned bytes) {
  const unsigned words = bytes <= 4 ? 1 : bytes / 4, together = 32 / words;
  r.cost = r.needed = 0;
  for (unsigned begin = 0; begin < 32; begin += together) {
    std::array<std::uint64_t, exec::kLanes> word{};
    std::size_t count = 0;
    for (unsigned lane = begin; lane < begin + together; ++lane)
      if (r.lanes >> lane & 1)
        for (unsigned w = 0; w < words; ++w) word[count++] = r.address[lane] / 4 + w;
    if (count == 0) continue;
    std::array<unsigned, 32> wanted{};
    const auto distinct = different(word, count);
    for (unsigned n = 0; n < distinct; ++n) ++wanted[word[n] % 32];
    r.cost += *std::max_element(wanted.begin(), wanted.end());
    r.needed += 1;
  }
}

/// Lanes that want one address take turns.
void cost_of_atomic(Request& r) {
  std::map<std::uint64_t, unsigned> lanes;
  r.cost = r.needed = 1;
  for (Mask left = r.lanes; left; left &= left - 1)
    r.cost = std::max(r.cost, ++lanes[r.address[unsigned(std::countr_zero(left))]]);
}

/// Of one instruction, of one kind of memory, on one worker.
struct Kept {
  std::optional<Request> first, worst;
  Request last;   ///< requests that differ from it by where they lie, and not in how they lie there, cost the same

  bool like_last(Mask lanes, const Addresses& address, std::uint64_t aligned) const {
    if (!first || lanes != last.lanes) return false;
    const auto lane = unsigned(std::countr_zero(lanes)) % exec::kLanes;   // g++ 13 warns of a lane 32 otherwise
    const auto moved = address[lane] - last.address[lane];
    std::uint64_t difference = moved % aligned;
    if (lanes == exec::kAllLanes) {   // many lanes at a time
      for (unsigned n = 0; n < exec::kLanes; ++n) difference |= address[n] - last.address[n] - moved;
    } else {
      for (unsigned n = 0; n < exec::kLanes; ++n) difference |= lanes >> n & 1 ? address[n] - last.address[n] - moved : 0;
    }
    return difference == 0;
  }
  /// Of blocks that run at the same time the one with the lowest number comes first.
  void keep(const Request& r) {
    if (!first || r.block < first->block) first = r;
    if (!worst || r.excess() > worst->excess() || (r.excess() == worst->excess() && r.block < worst->block)) worst = r;
  }
  void take(const Kept& other) {
    if (other.first) keep(*other.first);
    if (other.worst) keep(*other.worst);
  }
};

enum Memory : unsigned { global, shared, memories };

struct SampleProbe : exec::Probe {
  std::size_t n = 0;   ///< position of the instruction
  ir::Access access;
  bool whole_warp = false;
  Mask lanes = exec::kAllLanes;   ///< that give addresses
  std::array<Kept, memories> kept;

  void look(const Warp& warp, const Instr* instr) {
    if (whole_warp && (~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active) return;   // waits for others
    const Mask mask = exec::guarded(warp, instr) & lanes;
    if (!mask) return;
    Addresses address;
    const auto* row = warp.regs + instr->op[access.address];
    const auto offset = std::uint64_t(std::int64_t(instr->mem.offset));
    if (access.wide) {
      const auto* at = reinterpret_cast<const std::uint64_t*>(row);
      for (unsigned n = 0; n < exec::kLanes; ++n) address[n] = at[n] + offset;
    } else {
      const auto* at = reinterpret_cast<const std::uint32_t*>(row);
      for (unsigned n = 0; n < exec::kLanes; ++n) address[n] = std::uint32_t(at[n] + std::uint32_t(offset));
    }
    if (access.space == ptx::Space::global) return request(global, mask, address, warp);
    if (access.space == ptx::Space::shared) return request(shared, mask, address, warp);
    Mask in_global = 0, in_shared = 0;   // generic addresses: every lane has its own kind of memory
    for (unsigned n = 0; n < exec::kLanes; ++n) {
      in_global |= Mask(address[n] < memory::kSharedWindow) << n;
      in_shared |= Mask(address[n] - memory::kSharedWindow < memory::kWindowSize) << n;
    }
    if (in_global & mask) request(global, in_global & mask, address, warp);
    if (!(in_shared & mask)) return;
    for (auto& at : address) at = std::uint32_t(at);
    request(shared, in_shared & mask, address, warp);
  }

  void request(Memory memory, Mask mask, const Addresses& address, const Warp& warp) {
    Kept& k = kept[memory];
    const bool atomic = access.kind == ir::AccessKind::atomic;
    const bool known = k.like_last(mask, address, memory == global && !atomic ? 32 : 4);
    if (known && warp.block->index >= k.first->block && (k.last.excess() < k.worst->excess() || warp.block->index >= k.worst->block))
      return;
    Request& r = k.last;
    r.lanes = mask;
    r.block = warp.block->index;
    r.coordinates = warp.block->coordinates;
    r.warp = warp.index;
    r.address = address;
    if (!known) {
      if (atomic) cost_of_atomic(r);
      else if (memory == global) cost_of_global(r, access.bytes);
      else cost_of_shared(r, access.bytes);
    }
    k.keep(r);
  }
};

const char* word_for(ir::AccessKind kind) {
  return kind == ir::AccessKind::atomic ? "atomic" : kind == ir::AccessKind::load ? "load" : "store";
}

class SamplesObserver final : public Observer {
 public:
  explicit SamplesObserver(std::string path) : path_(std::move(path)) {}

  void launch_begin(const exec::Launch&, exec::Instrumentation& instrumentation) override {
    probes_.clear();
    probes_.resize(instrumentation.workers());
    const auto& code = instrumentation.code();
    const ptx::Instruction* before = nullptr;
    for (std::size_t n = 0; n < code.count; ++n) {
      const auto* instruction = code.origins[n].instruction;
      const auto& access = code.accesses[n];
      const bool seen = access.space == ptx::Space::global || access.space == ptx::Space::shared || access.space == ptx::Space::none;
      if (!instruction || access.kind == ir::AccessKind::none || !seen || instruction->opcode() == "wmma") continue;
      const bool again = access.kind == ir::AccessKind::atomic && before == instruction;   // the other parts of a vector
      before = instruction;
      if (again) continue;
      for (unsigned w = 0; w < instrumentation.workers(); ++w) {
        auto& probe = *probes_[w].emplace_back(std::make_unique<SampleProbe>());
        probe.call = [](exec::Probe& p, Warp& warp, const Instr* instr) {
          static_cast<SampleProbe&>(p).look(warp, instr);
          return exec::proceed(p, warp, instr);
        };
        probe.gang = [](exec::Probe& p, const exec::Gang& gang, const Instr* instr) {
          for (unsigned k = 0; k < gang.count; ++k) static_cast<SampleProbe&>(p).look(*gang.warps[k], instr);
        };
        probe.n = n;
        probe.access = access;
        if (instruction->opcode() == "ldmatrix" || instruction->opcode() == "stmatrix") {
          probe.whole_warp = true;   // 8 lanes name the rows of each matrix
          probe.lanes = says(*instruction, "x1") ? 0xffu : says(*instruction, "x2") ? 0xffffu : exec::kAllLanes;
        }
        instrumentation.add(w, n, probe);
      }
    }
  }

  void launch_end(const exec::Launch&, const ir::Code& code, const exec::Fault&) override {
    append_line(path_.c_str(), report(code));
    probes_.clear();
  }

 private:
  std::string report(const ir::Code& code) const {
    using Place = std::tuple<SourceLine, std::string, unsigned, unsigned>;   // with what is done, where, and bytes
    std::map<Place, Kept> lines;
    for (std::size_t n = 0; !probes_.empty() && n < probes_[0].size(); ++n) {
      const auto& probe = *probes_[0][n];
      const auto& origin = code.origins[probe.n];
      const auto line = source_line(*origin.module, *origin.function, std::size_t(origin.instruction - origin.function->body.data()));
      for (unsigned memory = 0; memory < memories; ++memory) {
        Kept all;
        for (const auto& worker : probes_) all.take(worker[n]->kept[memory]);
        if (!all.first) continue;
        auto& kept = lines[{line, word_for(probe.access.kind), memory, probe.access.bytes}];
        if (!kept.first) kept.first = all.first;   // that of the instruction which comes first
        if (!kept.worst || all.worst->excess() > kept.worst->excess()) kept.worst = all.worst;
      }
    }
    ptx::JsonWriter json;
    json.out += '{';
    json.field("symbol", code.info.name);
    json.list("requests", lines, [&](const auto& entry) {
      const auto& [line, kind, memory, bytes] = entry.first;
      json.out += '{';
      json.field("file", line.file);
      json.field("line", line.line);
      json.field("kind", kind);
      json.field("memory", std::string(memory == global ? "global" : "shared"));
      json.field("bytes", bytes);
      write(json, "first", *entry.second.first);
      write(json, "worst", *entry.second.worst);
      json.out += '}';
    });
    json.out += '}';
    return json.out;
  }

  static void write(ptx::JsonWriter& json, const char* name, const Request& r) {
    json.key(name);
    json.out += '{';
    json.list("block", r.coordinates, [&](auto n) { json.value(n); });
    json.field("warp", r.warp);
    json.field("cost", r.cost);
    json.field("needed", r.needed);
    json.key("addresses");   // null: the lane does not take part
    json.out += '[';
    for (unsigned lane = 0; lane < exec::kLanes; ++lane) {
      if (lane) json.out += ',';
      if (r.lanes >> lane & 1) json.value(r.address[lane]);
      else json.out += "null";
    }
    json.out += "]}";
  }

  std::string path_;
  std::vector<std::vector<std::unique_ptr<SampleProbe>>> probes_;   ///< by worker, in the order of the code
};

__attribute__((constructor)) void from_environment_samples() {
  if (const char* path = std::getenv("PMPP_SIM_SAMPLES"); path && *path) attach(std::make_shared<SamplesObserver>(path));
}

}  // namespace

}  // namespace simt::observers
