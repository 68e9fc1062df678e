// printf, assert, malloc and free of device code.
#include "simt/exec/externals.hpp"

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "simt/exec/access.hpp"
#include "simt/exec/program.hpp"
#include "simt/model/profile.hpp"

namespace simt::exec {

namespace {

std::uint64_t argument(const Warp& warp, const Instr* instr, unsigned n, int lane) {
  std::uint64_t value;
  std::memcpy(&value, warp.regs + instr->op[n + 1] + 8 * lane, 8);
  return value;
}

/// A string in device memory, at most 4096 characters of it. False after a fault.
bool read_string(Warp& warp, const Instr* instr, std::uint64_t address, int lane, std::string& out) {
  for (std::size_t n = 0; n < 4096; ++n) {
    char c;
    if (!read_lane(warp, instr, address + n, 1, lane, &c)) return false;
    if (c == 0) return true;
    out += c;
  }
  return true;
}

/// Formats as the host's printf does, with the arguments taken one after another from `next`.
template <class Next>
bool format(const std::string& pattern, Next&& next, std::string& out) {
  for (std::size_t n = 0; n < pattern.size(); ++n) {
    if (pattern[n] != '%') {
      out += pattern[n];
      continue;
    }
    if (n + 1 < pattern.size() && pattern[n + 1] == '%') {
      out += '%';
      ++n;
      continue;
    }
    std::string spec = "%";
    std::size_t at = n + 1;
    while (at < pattern.size() && std::strchr("-+ #0123456789.*", pattern[at])) {
      if (pattern[at] == '*') {
        std::uint64_t width;
        if (!next(4, width)) return false;
        spec += std::to_string(std::int32_t(width));
      } else {
        spec += pattern[at];
      }
      ++at;
    }
    int longs = 0;
    while (at < pattern.size() && std::strchr("hlLjzt", pattern[at])) longs += pattern[at++] != 'h';
    if (at >= pattern.size() || spec.size() > 64) {
      out += pattern.substr(n);
      return true;
    }
    const char kind = pattern[at];
    char text[512];
    std::uint64_t value = 0;
    if (std::strchr("diouxXc", kind)) {
      if (!next(longs ? 8 : 4, value)) return false;
      if (!longs && (kind == 'd' || kind == 'i')) value = std::uint64_t(std::int64_t(std::int32_t(value)));
      if (kind == 'c') std::snprintf(text, sizeof text, (spec + "c").c_str(), int(value));
      else std::snprintf(text, sizeof text, (spec + "ll" + kind).c_str(), static_cast<long long>(value));
      out += text;
    } else if (std::strchr("eEfFgGaA", kind)) {
      if (!next(8, value)) return false;
      std::snprintf(text, sizeof text, (spec + kind).c_str(), std::bit_cast<double>(value));
      out += text;
    } else if (kind == 'p') {
      if (!next(8, value)) return false;
      std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
      out += text;
    } else if (kind == 's') {
      if (!next(0, value)) return false;
      std::string string;
      if (!next.string(value, string)) return false;
      if (spec == "%") out += string;
      else {
        std::snprintf(text, sizeof text, (spec + "s").c_str(), string.c_str());
        out += text;
      }
    } else {
      out += pattern.substr(n, at - n + 1);
    }
    n = at;
  }
  return true;
}

std::mutex print_mutex;

/// vprintf(format, arguments): each argument is aligned to its size in the buffer.
const Instr* run_vprintf(Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    std::string pattern, text;
    if (!read_string(warp, instr, argument(warp, instr, 0, lane), lane, pattern)) return nullptr;
    struct Next {
      Warp& warp;
      const Instr* instr;
      int lane;
      std::uint64_t base, at = 0;
      bool operator()(unsigned bytes, std::uint64_t& value) {
        const unsigned width = bytes ? bytes : 8;
        at = (at + width - 1) / width * width;
        value = 0;
        const bool good = read_lane(warp, instr, base + at, width, lane, &value);
        at += width;
        return good;
      }
      bool string(std::uint64_t address, std::string& out) { return read_string(warp, instr, address, lane, out); }
    };
    if (!format(pattern, Next{warp, instr, lane, argument(warp, instr, 1, lane)}, text)) return nullptr;
    std::int32_t written = 0;
    for (char c : pattern) written += c == '%';   // as on a GPU: the number of arguments, roughly
    {
      std::lock_guard lock(print_mutex);
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
    }
    std::memcpy(warp.regs + instr->op[0] + 4 * lane, &written, 4);
  }
  return instr + 1;
}

/// __assertfail(message, file, line, function, character size)
const Instr* run_assertfail(Warp& warp, const Instr* instr) {
  const int lane = std::countr_zero(warp.active);
  std::string message, file, function;
  if (!read_string(warp, instr, argument(warp, instr, 0, lane), lane, message)) return nullptr;
  if (!read_string(warp, instr, argument(warp, instr, 1, lane), lane, file)) return nullptr;
  if (!read_string(warp, instr, argument(warp, instr, 3, lane), lane, function)) return nullptr;
  const auto line = std::uint32_t(argument(warp, instr, 2, lane));
  return raise(warp, instr, 710, "assertion `" + message + "` failed (" + file + ":" + std::to_string(line) + ", " +
                                     function + ")", lane);
}

/// Every allocation of device code is one of the address space, so its bounds are checked like any other's.
std::atomic<std::size_t> heap_used[model::kMaxDevices];

/// What a lane's malloc or free counts for, in instructions: a loop around them ends by its budget as soon as any other.
constexpr std::int32_t kHeapCost = 128;

const Instr* run_malloc(Warp& warp, const Instr* instr) {
  warp.quantum -= kHeapCost * std::popcount(warp.active);
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const std::uint64_t result = heap_allocate(warp, argument(warp, instr, 0, lane));
    std::memcpy(warp.regs + instr->op[0] + 8 * lane, &result, 8);
  }
  return instr + 1;
}

const Instr* run_free(Warp& warp, const Instr* instr) {
  warp.quantum -= kHeapCost * std::popcount(warp.active);
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const std::uint64_t address = argument(warp, instr, 0, lane);
    if (address && !heap_free(warp, address))
      return raise(warp, instr, 700, "free of an address that device malloc did not return, or that was freed before", lane);
  }
  return instr + 1;
}

std::vector<std::span<const External>>& provided() {
  static std::vector<std::span<const External>> tables;
  return tables;
}

constexpr External kExternals[] = {
    {"vprintf", 2, false, run_vprintf},
    {"__assertfail", 5, false, run_assertfail},
    {"malloc", 1, true, run_malloc},
    {"free", 1, false, run_free},
};

}  // namespace

std::uint64_t heap_allocate(const Warp& warp, std::uint64_t bytes) {
  const int device = warp.worker->grid->launch->device;
  std::uint64_t result = 0;
  if (bytes && heap_used[device].fetch_add(bytes) + bytes <= heap_limit(device)) {
    const auto address = memory::AddressSpace::instance().allocate(bytes, device, memory::Kind::device, "device malloc");
    if (address) result = *address;
  }
  if (!result) heap_used[device].fetch_sub(bytes);
  return result;
}

bool heap_free(Warp& warp, std::uint64_t address) {
  auto& space = memory::AddressSpace::instance();
  const auto block = space.lookup(address);
  if (!block || block->base != address || block->label != "device malloc") return false;
  heap_used[block->device].fetch_sub(block->size);
  space.release(address);
  for (auto& window : warp.worker->windows) window = {};   // one of them may have been what was freed
  return true;
}

std::uint64_t listed_argument(const Warp& warp, const Instr* instr, unsigned n, int lane) {
  std::uint64_t value;
  std::memcpy(&value, warp.regs + instr->list[2 + n] + 8 * lane, 8);
  return value;
}

void provide(std::span<const External> table) { provided().push_back(table); }

const External* find_external(std::string_view name) {
  for (const auto& e : kExternals)
    if (e.name == name) return &e;
  for (const auto& table : provided())
    for (const auto& e : table)
      if (e.name == name) return &e;
  return nullptr;
}

}  // namespace simt::exec
