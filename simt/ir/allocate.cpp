// Rows for the values of a function: a linear scan over live ranges, so that a warp's registers stay in the first cache.
//
// Liveness is that of one thread. Lanes at different places share rows without harm, because every instruction writes
// its own lanes only. A result never shares a row with an operand of the same instruction, so handlers may write before
// they have read everything.
#include <algorithm>
#include <limits>
#include <queue>

#include "simt/ir/unit.hpp"

namespace simt::ir {

namespace {

struct Range {
  std::int32_t begin = std::numeric_limits<std::int32_t>::max(), end = -1;
  void cover(std::int32_t position) {
    begin = std::min(begin, position);
    end = std::max(end, position);
  }
};

/// An appearance of a value in a block: what liveness needs to know.
struct Appearance {
  std::int32_t block = 0;
  bool read_first = false;   ///< it is read before it is overwritten there: live on entry
};

}  // namespace

void Unit::allocate(Function& function) {
  std::vector<std::int32_t> first(function.blocks.size(), 0), last(function.blocks.size(), 0);
  std::unordered_map<ValueId, std::uint32_t> dense;
  std::vector<ValueId> ids;
  std::vector<Range> ranges;
  std::vector<std::vector<Appearance>> uses;                   // by value: blocks in which it is live on entry
  std::vector<std::vector<std::int32_t>> kills;                // by value: blocks that overwrite it in full
  std::vector<std::int32_t> seen_in, killed_in;                // by value: the block being scanned
  auto index_of = [&](ValueId id) -> std::int32_t {
    if (values[id].kind != Value::local) return -1;
    auto [at, fresh] = dense.try_emplace(id, std::uint32_t(ids.size()));
    if (fresh) {
      ids.push_back(id);
      ranges.emplace_back();
      uses.emplace_back();
      kills.emplace_back();
      seen_in.push_back(-1);
      killed_in.push_back(-1);
    }
    return std::int32_t(at->second);
  };

  std::int32_t position = 0;
  for (auto b : function.layout) {
    first[b] = position;
    auto read = [&](ValueId id) {
      const auto v = index_of(id);
      if (v < 0) return;
      ranges[v].cover(position);
      if (killed_in[v] == b || seen_in[v] == b) return;
      seen_in[v] = b;
      uses[v].push_back({b, true});
    };
    auto write = [&](ValueId id, bool whole) {
      const auto v = index_of(id);
      if (v < 0) return;
      ranges[v].cover(position);
      if (!whole || killed_in[v] == b) return;
      killed_in[v] = b;
      kills[v].push_back(b);
    };
    for (auto& node : function.blocks[b].nodes) {
      for (unsigned n = 0; n < node.count; ++n)
        if (!(node.writes >> n & 1) || (node.updates >> n & 1)) read(node.ops[n]);
      for (std::size_t n = node.list_writes; n < node.list.size(); ++n) read(node.list[n]);
      if (node.guard != kNoValue) read(node.guard);
      // A guarded result keeps its old value in the other lanes.
      for (unsigned n = 0; n < node.count; ++n)
        if (node.writes >> n & 1) write(node.ops[n], node.guard == kNoValue);
      for (std::size_t n = 0; n < node.list_writes; ++n) write(node.list[n], node.guard == kNoValue);
      ++position;
    }
    last[b] = position;
    ++position;   // the edge to the next block
  }

  // Where a value is live on entry, it is live at the end of every predecessor, and so on up to its definitions.
  std::vector<std::int32_t> stamp(function.blocks.size(), -1), killed(function.blocks.size(), -1), walk;
  for (std::size_t v = 0; v < ids.size(); ++v) {
    for (auto b : kills[v]) killed[b] = std::int32_t(v);
    for (const auto& use : uses[v])
      if (stamp[use.block] != std::int32_t(v)) {
        stamp[use.block] = std::int32_t(v);
        walk.push_back(use.block);
      }
    while (!walk.empty()) {
      const auto b = walk.back();
      walk.pop_back();
      ranges[v].cover(first[b]);
      for (auto p : function.blocks[b].predecessors) {
        ranges[v].cover(last[p]);
        if (killed[p] == std::int32_t(v)) continue;
        ranges[v].cover(first[p]);
        if (stamp[p] == std::int32_t(v)) continue;
        stamp[p] = std::int32_t(v);
        walk.push_back(p);
      }
    }
  }

  std::vector<std::uint32_t> order(ids.size());
  for (std::uint32_t n = 0; n < order.size(); ++n) order[n] = n;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    return ranges[a].begin != ranges[b].begin ? ranges[a].begin < ranges[b].begin : a < b;
  });
  using Held = std::pair<std::int32_t, std::int32_t>;   // end, place
  constexpr int kClasses = 5;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held[kClasses];
  std::vector<std::int32_t> spare[kClasses];
  std::int32_t count[kClasses] = {}, live[kClasses] = {};
  for (auto v : order) {
    auto& value = values[ids[v]];
    std::uint32_t width = 0;
    for (int c = 0; c < kClasses; ++c) {
      while (!held[c].empty() && held[c].top().first < ranges[v].begin) {
        spare[c].push_back(held[c].top().second);
        held[c].pop();
        --live[c];
      }
    }
    const int c = int(value.cls);
    if (spare[c].empty()) spare[c].push_back(count[c]++);
    value.row = spare[c].back();
    spare[c].pop_back();
    held[c].emplace(ranges[v].end, value.row);
    ++live[c];
    width = std::uint32_t(live[int(Cls::r16)] + live[int(Cls::r32)] + 2 * live[int(Cls::r64)] + 4 * live[int(Cls::r128)]);
    function.live_registers = std::max(function.live_registers, width);
  }

  // Rows of one width lie together, wide ones last, so that they never overlap in part.
  std::uint32_t at = function.frame_begin, begin[kClasses];
  for (Cls cls : {Cls::r16, Cls::r32, Cls::r64, Cls::r128, Cls::pred}) {
    if (cls != Cls::r128) function.zones[cls == Cls::pred ? 3 : int(cls) - 1] = at;
    begin[int(cls)] = at;
    at += std::uint32_t(count[int(cls)]) * row_bytes(cls);
  }
  for (auto id : ids) {
    auto& value = values[id];
    value.row = std::int32_t(begin[int(value.cls)] + std::uint32_t(value.row) * row_bytes(value.cls));
  }
  function.frame_end = (at + 63) / 64 * 64;
}

}  // namespace simt::ir
