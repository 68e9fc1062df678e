// Strongly connected components, without recursion: the input may be hostile.
#pragma once

#include <cstdint>
#include <vector>

namespace simt::ir {

/// Component of each node 0..successors.size(), numbered so that edges go from higher to lower or equal numbers.
/// Nodes with `inside[n]` false, and edges to them, do not exist; their component is -1.
inline std::vector<std::int32_t> components(const std::vector<std::vector<std::int32_t>>& successors,
                                            const std::vector<bool>& inside, std::int32_t& count) {
  const std::size_t n = successors.size();
  std::vector<std::int32_t> component(n, -1), index(n, -1), low(n, 0), stack;
  std::vector<std::pair<std::int32_t, std::size_t>> walk;   // node, next edge
  std::int32_t counter = 0;
  count = 0;
  for (std::size_t root = 0; root < n; ++root) {
    if (!inside[root] || index[root] >= 0) continue;
    walk.emplace_back(std::int32_t(root), 0);
    index[root] = low[root] = counter++;
    stack.push_back(std::int32_t(root));
    while (!walk.empty()) {
      auto& [node, edge] = walk.back();
      if (edge < successors[node].size()) {
        const auto next = successors[node][edge++];
        if (!inside[next]) continue;
        if (index[next] < 0) {
          index[next] = low[next] = counter++;
          stack.push_back(next);
          walk.emplace_back(next, 0);
        } else if (component[next] < 0 && index[next] < low[node]) {
          low[node] = index[next];
        }
        continue;
      }
      const auto done = node;
      walk.pop_back();
      if (!walk.empty() && low[done] < low[walk.back().first]) low[walk.back().first] = low[done];
      if (low[done] != index[done]) continue;
      std::int32_t member;
      do {
        member = stack.back();
        stack.pop_back();
        component[member] = count;
      } while (member != done);
      ++count;
    }
  }
  return component;
}

}  // namespace simt::ir
