// The observers that are attached.
#include "simt/observers/observer.hpp"

#include <algorithm>
#include <mutex>

namespace simt::observers {

namespace {
std::mutex mutex;
std::vector<std::shared_ptr<Observer>>& all() {
  static std::vector<std::shared_ptr<Observer>> list;
  return list;
}
}  // namespace

void attach(std::shared_ptr<Observer> observer) {
  std::lock_guard lock(mutex);
  for (const auto& known : all())
    if (known == observer) return;
  all().push_back(std::move(observer));
}

void detach(const Observer* observer) {
  std::lock_guard lock(mutex);
  std::erase_if(all(), [&](const auto& known) { return known.get() == observer; });
}

std::vector<std::shared_ptr<Observer>> attached() {
  std::lock_guard lock(mutex);
  return all();
}

}  // namespace simt::observers
