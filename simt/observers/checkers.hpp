// The checkers, as the one place that switches them on makes them.
#pragma once

#include <cstdint>
#include <memory>

#include "simt/observers/observer.hpp"

namespace simt::observers {

std::shared_ptr<Observer> race_checker();
std::shared_ptr<Observer> sync_checker();

/// Follows values that were never written; the host tells it of device memory.
class UninitializedChecker : public Observer {
 public:
  virtual void allocated(std::uint64_t address, std::size_t bytes) = 0;
  virtual void written(std::uint64_t address, std::size_t bytes) = 0;   ///< or freed
};
std::shared_ptr<UninitializedChecker> uninitialized_checker();

}  // namespace simt::observers
