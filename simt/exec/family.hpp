// Launches that come from kernels: what the threads of a grid ask for is done when its blocks have ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "simt/exec/engine.hpp"

namespace simt::exec {

/// A launch, or something else to do between launches, such as a copy.
struct Step {
  Launch launch;                       ///< if it has a kernel
  std::vector<std::byte> params;       ///< those of the launch
  std::function<Fault()> work;         ///< if it has none
};

/// What the threads of one grid asked for. Whoever provides the functions they call for that keeps the list.
class Offspring {
 public:
  virtual ~Offspring() = default;
  /// Takes a step of which all that it has to wait for is done. False if there is none left.
  virtual bool next(Step&) = 0;
  virtual bool empty() const = 0;
};

/// A launch of the host with all that comes from it, while it runs.
struct Family {
  std::vector<std::shared_ptr<Offspring>> open;   ///< of grids that ended; the youngest last, it goes first
  std::uint64_t spent = 0;                        ///< warp instructions
};

/// run.cpp: runs the blocks of one grid; what they ask for is put to the family.
Fault run_grid(const Launch& launch, Family& family);

}  // namespace simt::exec
