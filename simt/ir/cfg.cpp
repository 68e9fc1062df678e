// The order of basic blocks. Lanes that diverge are run lowest block first, so the order decides where they meet again:
// every block between a branch and its immediate post-dominator must come before that post-dominator. An order in which
// edges go forward, loops are contiguous and a loop's exit follows its body has that property.
#include <algorithm>
#include <queue>

#include "simt/ir/graph.hpp"
#include "simt/ir/unit.hpp"

namespace simt::ir {

namespace {

struct Orderer {
  Function& function;
  std::vector<std::vector<std::int32_t>> successors;
  std::vector<std::int32_t> text;   ///< place in the PTX text, the tie-break

  /// Appends `nodes` to the layout. Edges to `header` are a loop's back edges.
  void order(const std::vector<std::int32_t>& nodes, std::int32_t header, std::int32_t loop, int depth) {
    // A sub-graph of its own, so that the work is proportional to its size.
    std::vector<std::int32_t> place(function.blocks.size(), -1);
    for (std::size_t n = 0; n < nodes.size(); ++n) place[nodes[n]] = std::int32_t(n);
    std::vector<std::vector<std::int32_t>> edges(nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n)
      for (auto s : successors[nodes[n]])
        if (s != header && place[s] >= 0) edges[n].push_back(place[s]);
    std::int32_t count = 0;
    const auto component = components(edges, std::vector<bool>(nodes.size(), true), count);
    std::vector<std::vector<std::int32_t>> members(count);
    std::vector<std::int32_t> waiting(count, 0), first(count, INT32_MAX);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      members[component[n]].push_back(nodes[n]);
      first[component[n]] = std::min(first[component[n]], nodes[n] == header ? -1 : text[nodes[n]]);
      for (auto s : edges[n]) waiting[component[s]] += component[s] != component[n];
    }
    using Entry = std::pair<std::int32_t, std::int32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (std::int32_t c = 0; c < count; ++c)
      if (waiting[c] == 0) ready.emplace(first[c], c);
    while (!ready.empty()) {
      const auto c = ready.top().second;
      ready.pop();
      auto& group = members[c];
      std::sort(group.begin(), group.end(), [&](auto a, auto b) { return text[a] < text[b]; });
      const auto& own = edges[place[group[0]]];
      const bool loops = group.size() > 1 || std::find(own.begin(), own.end(), place[group[0]]) != own.end();
      if (!loops) {
        function.blocks[group[0]].loop = loop;
        function.layout.push_back(group[0]);
      } else {
        // The header is the block through which the loop is entered; of several, the first in the text.
        std::int32_t entered = -1;
        for (auto b : group) {
          bool outside = b == 0;
          for (auto p : function.blocks[b].predecessors) outside |= place[p] < 0 || component[place[p]] != c;
          if (outside && (entered < 0 || text[b] < text[entered])) entered = b;
        }
        if (entered < 0) entered = group[0];
        const auto inner = std::int32_t(function.loops.size());
        function.loops.push_back({entered, loop});
        if (depth < 200) {
          order(group, entered, inner, depth + 1);
        } else {
          for (auto b : group) {
            function.blocks[b].loop = inner;
            function.layout.push_back(b);
          }
        }
      }
      for (auto b : group)
        for (auto s : edges[place[b]])
          if (component[s] != c && --waiting[component[s]] == 0) ready.emplace(first[component[s]], component[s]);
    }
  }
};

}  // namespace

void Unit::order_blocks(Function& function) {
  auto& blocks = function.blocks;
  for (auto& block : blocks) {
    block.successors.clear();
    block.predecessors.clear();
    block.order = block.loop = -1;
    const Node* last = block.nodes.empty() ? nullptr : &block.nodes.back();
    bool falls = true;
    if (last) {
      if (last->kind == Node::jump || last->kind == Node::branch) block.successors.push_back(last->target);
      for (auto t : last->targets) block.successors.push_back(t);
      const bool ends = last->kind == Node::leave || last->kind == Node::ret;
      falls = last->kind == Node::plain || last->kind == Node::call || last->kind == Node::branch ||
              (ends && last->guard != kNoValue);
    }
    if (falls && block.fall >= 0) block.successors.push_back(block.fall);
    if (!falls) block.fall = -1;
  }
  std::vector<std::int32_t> stack{0}, reachable;
  std::vector<bool> seen(blocks.size(), false);
  seen[0] = true;
  while (!stack.empty()) {
    const auto b = stack.back();
    stack.pop_back();
    reachable.push_back(b);
    for (auto s : blocks[b].successors) {
      if (!seen[s]) stack.push_back(s);
      seen[s] = true;
    }
  }
  for (auto b : reachable)
    for (auto s : blocks[b].successors) blocks[s].predecessors.push_back(b);

  // The text order of a block is that of its first instruction; helper blocks stand where they are entered.
  Orderer orderer{function, {}, std::vector<std::int32_t>(blocks.size(), INT32_MAX - 1)};
  for (auto& block : blocks) orderer.successors.push_back(block.successors);
  const auto& body = function.ptx->body;
  for (std::size_t b = 0; b < blocks.size(); ++b)
    for (const auto& node : blocks[b].nodes)
      if (node.instruction) {
        orderer.text[b] = std::int32_t(node.instruction - body.data());
        break;
      }
  orderer.text[0] = -1;
  function.layout.clear();
  function.loops.clear();
  orderer.order(reachable, 0, -1, 0);
  for (std::size_t n = 0; n < function.layout.size(); ++n) blocks[function.layout[n]].order = std::int32_t(n);

  for (auto b : function.layout) {
    std::int32_t weight = 0;
    bool waits = false;
    for (const auto& node : blocks[b].nodes) {
      weight += node.weight;
      waits |= node.waits;
    }
    for (auto loop = blocks[b].loop; loop >= 0; loop = function.loops[loop].parent) {
      function.loops[loop].weight += weight;
      function.loops[loop].waits |= waits;
    }
    function.waits |= waits;
  }
}

}  // namespace simt::ir
