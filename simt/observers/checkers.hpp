// The checkers, as the one place that switches them on makes them.
#pragma once

#include <memory>

#include "simt/observers/observer.hpp"

namespace simt::observers {

std::shared_ptr<Observer> race_checker();
std::shared_ptr<Observer> sync_checker();

}  // namespace simt::observers
