// Reads /proc and the control group to learn how much memory can be promised without inviting the out-of-memory killer.
#include "simt/memory/limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace simt::memory {
namespace {

/// The number that stands after `key` in `path` (in the file's unit), or the whole file's if `key` is null.
bool read_number(const std::string& path, const char* key, std::size_t& out) {
  std::FILE* f = std::fopen(path.c_str(), "re");
  if (!f) return false;
  char line[512];
  bool found = false;
  while (!found && std::fgets(line, sizeof line, f)) {
    const char* at = line;
    if (key) {
      if (std::strncmp(line, key, std::strlen(key)) != 0) continue;
      at += std::strlen(key);
    }
    unsigned long long v;
    found = std::sscanf(at, "%llu", &v) == 1;
    if (found) out = static_cast<std::size_t>(v);
    if (!key) break;
  }
  std::fclose(f);
  return found;
}

/// What the control group at `dir` leaves, given the names of its limit and usage files.
std::size_t group_left(const std::string& dir, const char* limit_file, const char* usage_file) {
  std::size_t limit = 0, usage = 0, cache = 0;
  if (!read_number(dir + limit_file, nullptr, limit) || !read_number(dir + usage_file, nullptr, usage)) return SIZE_MAX;
  read_number(dir + "/memory.stat", "inactive_file", cache);  // counted as used, but given up on demand
  usage -= std::min(usage, cache);
  return limit > usage ? limit - usage : 0;
}

std::size_t control_group_left() {
  std::size_t left = SIZE_MAX;
  std::FILE* f = std::fopen("/proc/self/cgroup", "re");
  if (!f) return left;
  char line[1024];
  while (std::fgets(line, sizeof line, f)) {
    line[std::strcspn(line, "\n")] = 0;
    if (std::strncmp(line, "0::", 3) == 0) {
      // Every ancestor may set a limit of its own.
      for (std::string path = line + 3;; path.resize(path.find_last_of('/'))) {
        if (path == "/") path.clear();
        left = std::min(left, group_left("/sys/fs/cgroup" + path, "/memory.max", "/memory.current"));
        if (path.empty()) break;
      }
    } else if (std::strstr(line, ":memory:")) {
      left = std::min(left, group_left("/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes"));
    }
  }
  std::fclose(f);
  return left;
}

}  // namespace

std::size_t address_space_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  std::size_t pages = 0;
  read_number("/proc/self/statm", nullptr, pages);
  const std::size_t used = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

std::size_t data_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  std::size_t kib = 0;
  read_number("/proc/self/status", "VmData:", kib);
  return limit.rlim_cur > kib << 10 ? limit.rlim_cur - (kib << 10) : 0;
}

std::size_t host_available() {
  std::size_t kib = 0, bytes = SIZE_MAX;
  if (read_number("/proc/meminfo", "MemAvailable:", kib)) bytes = kib << 10;
  else bytes = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 2;
  return std::min({bytes, control_group_left(), address_space_left()});
}

}  // namespace simt::memory
