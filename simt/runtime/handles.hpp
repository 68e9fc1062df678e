// Opaque handles: numbers that are never used twice and point to nothing, so that a stale or foreign one is recognised.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace simt::runtime {

template <class T>
class Handles {
 public:
  /// `tag` tells the kinds of handles apart.
  explicit Handles(unsigned tag) : next_(0x7ff8'0000'0000'0000ull | std::uint64_t{tag} << 40) {}

  void* add(std::shared_ptr<T> object) {
    std::unique_lock lock(mutex_);
    next_ += 16;
    map_.emplace(next_, std::move(object));
    return reinterpret_cast<void*>(next_);
  }
  /// Null if the handle is unknown.
  std::shared_ptr<T> get(const void* handle) const {
    std::shared_lock lock(mutex_);
    auto it = map_.find(reinterpret_cast<std::uint64_t>(handle));
    return it == map_.end() ? nullptr : it->second;
  }
  /// Forgets the handle and returns what it stood for; null if it is unknown.
  std::shared_ptr<T> remove(const void* handle) {
    std::unique_lock lock(mutex_);
    auto it = map_.find(reinterpret_cast<std::uint64_t>(handle));
    if (it == map_.end()) return nullptr;
    auto object = std::move(it->second);
    map_.erase(it);
    return object;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::uint64_t next_;
  std::unordered_map<std::uint64_t, std::shared_ptr<T>> map_;
};

}  // namespace simt::runtime
