// What numbers in kernels stand for: texture and surface objects. A number is never used again.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace simt::exec {

template <class T>
class Objects {
 public:
  explicit Objects(std::uint64_t first) : last_(first) {}
  std::uint64_t add(T object) {
    auto kept = std::make_shared<const T>(std::move(object));
    std::unique_lock lock(mutex_);
    objects_.emplace(++last_, std::move(kept));
    return last_;
  }
  /// Null if there is none.
  std::shared_ptr<const T> find(std::uint64_t number) const {
    std::shared_lock lock(mutex_);
    const auto at = objects_.find(number);
    return at == objects_.end() ? nullptr : at->second;
  }
  bool remove(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    return objects_.erase(number) != 0;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::uint64_t last_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const T>> objects_;
};

}  // namespace simt::exec
