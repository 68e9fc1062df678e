// Simplifications that pay in an interpreter: copies vanish, and what nobody reads is not computed.
#include <algorithm>
#include <cstdlib>

#include "simt/exec/handlers.hpp"
#include "simt/ir/unit.hpp"

namespace simt::ir {

namespace {

struct Place {
  std::int32_t block = -1, index = -1;
};

/// Immediate dominators, by place in the layout.
std::vector<std::int32_t> dominators(const Function& function) {
  const auto& layout = function.layout;
  std::vector<std::int32_t> parent(layout.size(), -1);
  if (layout.empty()) return parent;
  parent[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t n = 1; n < layout.size(); ++n) {
      // Every parent comes earlier in the layout, so the walks below end. A block that nothing earlier enters (only
      // irreducible loops have one) hangs below the root, which claims less than is true.
      std::int32_t common = std::int32_t(n);
      for (auto p : function.blocks[layout[n]].predecessors) common = std::min(common, function.blocks[p].order);
      if (common == std::int32_t(n)) common = 0;
      for (auto p : function.blocks[layout[n]].predecessors) {
        auto a = function.blocks[p].order;
        if (parent[a] < 0) continue;
        auto b = common;
        while (a != b) {
          if (a > b) a = parent[a];
          else b = parent[b];
        }
        common = a;
      }
      if (parent[n] != common) {
        parent[n] = common;
        changed = true;
      }
    }
  }
  return parent;
}

}  // namespace

void Unit::optimise(Function& function) {
  const auto& layout = function.layout;
  std::vector<std::uint32_t> writes(values.size(), 0), reads(values.size(), 0);
  std::vector<Place> defined(values.size());
  for (auto b : layout) {
    auto& nodes = function.blocks[b].nodes;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      auto& node = nodes[n];
      auto write = [&](ValueId id) {
        ++writes[id];
        defined[id] = {b, std::int32_t(n)};
      };
      for (unsigned k = 0; k < node.count; ++k)
        if (node.writes >> k & 1) write(node.ops[k]);
      for (std::size_t k = 0; k < node.list_writes; ++k) write(node.list[k]);
    }
  }

  // ---- copies ----
  const auto parent = dominators(function);
  auto dominates = [&](Place a, Place b) {
    if (a.block == b.block) return a.index < b.index;
    const auto wanted = function.blocks[a.block].order;
    auto at = function.blocks[b.block].order;
    while (at > wanted) at = parent[at];
    return at == wanted;
  };
  // A copy of a register holds only as long as both are what they were: each has one definition, the source's comes
  // first, and every use comes after the copy. A constant source needs the first of these only.
  std::vector<ValueId> source(values.size(), kNoValue);
  std::vector<bool> from_register(values.size(), false);
  static const bool verbatim = std::getenv("PMPP_SIM_REPLAY") != nullptr;   // a recording shows what each line assigns
  for (auto b : layout) {
    if (verbatim) break;
    auto& nodes = function.blocks[b].nodes;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      const auto& node = nodes[n];
      if (!node.copy || node.guard != kNoValue || node.count != 2) continue;
      const auto d = node.ops[0], s = node.ops[1];
      if (d == s || values[d].kind != Value::local || writes[d] != 1 || values[d].cls != values[s].cls) continue;
      if (values[s].kind == Value::constant || values[s].kind == Value::special ||
          (values[s].kind == Value::fixed && values[s].cls == Cls::pred)) {
        source[d] = s;
      } else if (values[s].kind == Value::local && writes[s] == 1 &&
                 dominates(defined[s], {b, std::int32_t(n)})) {
        source[d] = s;
        from_register[d] = true;
      }
    }
  }
  auto for_reads = [&](Node& node, auto f) {
    for (unsigned k = 0; k < node.count; ++k)
      if (!(node.writes >> k & 1) || (node.updates >> k & 1)) f(node.ops[k], !(node.writes >> k & 1));
    for (std::size_t k = node.list_writes; k < node.list.size(); ++k) f(node.list[k], true);
    if (node.guard != kNoValue) f(node.guard, true);
  };
  for (auto b : layout) {
    auto& nodes = function.blocks[b].nodes;
    for (std::size_t n = 0; n < nodes.size(); ++n)
      for_reads(nodes[n], [&](ValueId& id, bool replaceable) {
        if (source[id] == kNoValue) return;
        if (!replaceable || (from_register[id] && !dominates(defined[id], {b, std::int32_t(n)}))) source[id] = kNoValue;
      });
  }
  auto root = [&](ValueId id) {
    for (int hops = 0; source[id] != kNoValue && hops < 1000; ++hops) id = source[id];
    return id;
  };
  for (auto b : layout)
    for (auto& node : function.blocks[b].nodes)
      for_reads(node, [&](ValueId& id, bool replaceable) {
        if (replaceable) id = root(id);
        ++reads[id];
      });

  // ---- what nobody reads ----
  auto useless = [&](const Node& node) {
    if (!node.pure || node.kind != Node::plain || node.uses_carry || node.list_writes) return false;
    for (unsigned k = 0; k < node.count; ++k)
      if ((node.writes >> k & 1) && (reads[node.ops[k]] != 0 || values[node.ops[k]].kind != Value::local)) return false;
    return true;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (auto place = layout.rbegin(); place != layout.rend(); ++place) {
      auto& nodes = function.blocks[*place].nodes;
      std::size_t kept = nodes.size();
      for (std::size_t n = nodes.size(); n-- > 0;) {
        if (!useless(nodes[n])) {
          if (--kept != n) nodes[kept] = std::move(nodes[n]);
          continue;
        }
        if (kept < nodes.size()) nodes[kept].weight += nodes[n].weight;   // it still counts as executed
        for_reads(nodes[n], [&](ValueId& id, bool) { --reads[id]; });
        changed = true;
      }
      nodes.erase(nodes.begin(), nodes.begin() + std::ptrdiff_t(kept));
    }
  }
  for (auto b : layout)
    for (auto& node : function.blocks[b].nodes)
      if (node.access.kind == AccessKind::atomic && values[node.ops[0]].kind == Value::local && reads[node.ops[0]] == 0)
        node.handler = exec::unread_handler(node.handler);
  find_waits(function);
  share_addresses(function);
}

/// Loads of words from shared memory that differ in nothing but the displacement, in one block and without a write to the
/// address in between: the first one looks at the addresses for all of them.
void Unit::share_addresses(Function& function) {
  const auto plain = exec::load_handler(level, exec::Reach::shared, exec::Elem::u32, 1);
  for (auto b : function.layout) {
    auto& nodes = function.blocks[b].nodes;
    std::unordered_map<ValueId, std::vector<std::size_t>> open;   // by address: loads
    auto close = [&](std::vector<std::size_t>& loads) {
      if (loads.size() < 3) return loads.clear();   // two would not gain what the extra rows cost
      const auto index = temporary(Cls::r32), known = temporary(Cls::pred);
      auto& first = nodes[loads[0]];
      first.least = first.greatest = first.offset;
      for (auto n : loads) {
        auto& node = nodes[n];
        node.handler = exec::load_several_handler(level, n == loads[0]);
        node.add(index, n == loads[0]).add(known, n == loads[0]);
        first.least = std::min(first.least, node.offset);
        first.greatest = std::max(first.greatest, node.offset);
      }
      loads.clear();
    };
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      const auto& node = nodes[n];
      if (node.kind != Node::plain)
        for (auto& [address, loads] : open) close(loads);
      if (node.handler == plain && node.guard == kNoValue && node.offset % 4 == 0) open[node.ops[1]].push_back(n);
      auto written = [&](ValueId id) {
        if (auto at = open.find(id); at != open.end()) close(at->second);
      };
      for (unsigned k = 0; k < node.count; ++k)
        if (node.writes >> k & 1) written(node.ops[k]);
      for (std::size_t k = 0; k < node.list_writes; ++k) written(node.list[k]);
    }
    for (auto& [address, loads] : open) close(loads);
  }
}

/// A loop that contains an atomic is not yet one that waits: only if the way out depends on what the atomic (or the
/// volatile load) returned. Loops that wait get short time slices, the others are left alone.
void Unit::find_waits(Function& function) {
  for (std::size_t l = 0; l < function.loops.size(); ++l) {
    auto& loop = function.loops[l];
    if (!loop.waits) continue;
    auto inside = [&](std::int32_t b) {
      for (auto at = function.blocks[b].loop; at >= 0; at = function.loops[at].parent)
        if (at == std::int32_t(l)) return true;
      return false;
    };
    std::vector<std::int32_t> blocks;
    for (auto b : function.layout)
      if (inside(b)) blocks.push_back(b);
    if (blocks.size() > 2000) continue;   // not worth the search: it keeps its short slices

    std::unordered_map<ValueId, std::vector<Place>> definitions;
    for (auto b : blocks) {
      const auto& nodes = function.blocks[b].nodes;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        for (unsigned k = 0; k < nodes[n].count; ++k)
          if (nodes[n].writes >> k & 1) definitions[nodes[n].ops[k]].push_back({b, std::int32_t(n)});
        for (std::size_t k = 0; k < nodes[n].list_writes; ++k) definitions[nodes[n].list[k]].push_back({b, std::int32_t(n)});
      }
    }
    std::vector<ValueId> work;
    std::unordered_map<ValueId, bool> known;
    auto want = [&](ValueId id) {
      if (id != kNoValue && known.try_emplace(id, true).second) work.push_back(id);
    };
    // Branches that decide whether a block is executed.
    std::vector<bool> deciders_known(function.blocks.size(), false);
    auto want_deciders = [&](std::int32_t target) {
      if (deciders_known[target]) return;
      deciders_known[target] = true;
      for (auto x : blocks) {
        const auto& nodes = function.blocks[x].nodes;
        if (x == target || nodes.empty() || nodes.back().guard == kNoValue || function.blocks[x].successors.size() < 2) continue;
        std::vector<std::int32_t> walk;
        std::vector<bool> seen(function.blocks.size(), false);
        for (auto s : function.blocks[x].successors) walk.push_back(s);
        bool avoids = false;
        while (!walk.empty() && !avoids) {
          const auto b = walk.back();
          walk.pop_back();
          if (b == target || seen[b]) continue;
          seen[b] = true;
          if (!inside(b) || b == loop.header) avoids = true;
          else for (auto s : function.blocks[b].successors) walk.push_back(s);
        }
        if (avoids) want(nodes.back().guard);
      }
    };
    bool leaves = false, waits = false;
    for (auto b : blocks) {
      const auto& nodes = function.blocks[b].nodes;
      if (nodes.empty()) continue;
      const auto& last = nodes.back();
      bool exits = last.kind == Node::leave || last.kind == Node::ret;
      for (auto s : function.blocks[b].successors) exits |= !inside(s);
      if (!exits) continue;
      leaves = true;
      want(last.guard);
      for (unsigned k = 0; k < last.count && last.kind == Node::indexed; ++k) want(last.ops[k]);
      want_deciders(b);
    }
    while (!work.empty() && !waits) {
      const auto id = work.back();
      work.pop_back();
      for (const auto& place : definitions[id]) {
        const auto& node = function.blocks[place.block].nodes[place.index];
        waits |= node.waits;
        for (unsigned k = 0; k < node.count; ++k) want(node.ops[k]);
        for (auto read : node.list) want(read);
        want(node.guard);
        want_deciders(place.block);
      }
      if (values[id].kind == Value::fixed && !definitions[id].empty()) waits = true;   // the result of a call
    }
    if (leaves && !waits) loop.waits = false;
  }
}

}  // namespace simt::ir
