// The table of device profiles, and which one is in use.
#include "simt/model/profile.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace simt::model {
namespace {

// The rows come from simt/model/*.toml, one file a device; the build puts them here.
constexpr Profile kProfiles[] = {SIMT_DEVICES};

const Profile& choose() {
  const char* wanted = std::getenv("PMPP_SIM_GPU");
  if (!wanted || !*wanted) wanted = "h200";
  std::string known;
  for (const Profile& p : kProfiles) {
    if (p.key == wanted) return p;
    known += (known.empty() ? "" : ", ") + std::string(p.key);
  }
  std::fprintf(stderr, "pmpp: PMPP_SIM_GPU=%s is not a known device; using h200. Known: %s.\n", wanted, known.c_str());
  for (const Profile& p : kProfiles)
    if (p.key == "h200") return p;
  std::abort();
}

/// How many devices the machine has; 0 if nobody said.
int machine_devices() {
  const char* text = std::getenv("PMPP_SIM_DEVICES");
  if (!text || !*text) return 0;
  const std::string_view wanted = text;
  int count = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), count);
  if (error == std::errc() && end == wanted.data() + wanted.size() && count >= 1 && count <= kMaxDevices) return count;
  std::fprintf(stderr, "pmpp: PMPP_SIM_DEVICES=%s is not a number from 1 to %d; using 1.\n", text, kMaxDevices);
  return 1;
}

/// "GPU-706d7070-2d73-...": as tools of NVIDIA write it.
std::string uuid_text(int number) {
  std::string text = "GPU-";
  int n = 0;
  for (const char c : uuid(number)) {
    if (n == 4 || n == 6 || n == 8 || n == 10) text += '-';
    ++n;
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    text += digits;
  }
  return text;
}

/// The device that an entry of CUDA_VISIBLE_DEVICES means: a number, or the beginning of one device's UUID. -1: none.
int device_named(std::string_view entry, int count) {
  while (!entry.empty() && entry.front() == ' ') entry.remove_prefix(1);
  while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
  int found = -1;
  if (entry.substr(0, 4) == "GPU-") {
    for (int n = 0; n < count; ++n) {
      if (std::string_view(uuid_text(n)).substr(0, entry.size()) != entry) continue;
      if (found >= 0) return -1;
      found = n;
    }
    return found;
  }
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), found);
  return error == std::errc() && end == entry.data() + entry.size() && found >= 0 && found < count ? found : -1;
}

std::vector<int> visible_devices() {
  std::vector<int> all;
  const int count = machine_devices();
  const char* chosen = count ? std::getenv("CUDA_VISIBLE_DEVICES") : nullptr;
  if (!chosen) {
    for (int n = 0; n < std::max(count, 1); ++n) all.push_back(n);
    return all;
  }
  // The first entry that means no device ends the list; one that comes twice leaves none.
  for (std::string_view rest = chosen; !rest.empty();) {
    const auto comma = rest.find(',');
    const int n = device_named(rest.substr(0, comma), count);
    if (n < 0) break;
    if (std::find(all.begin(), all.end(), n) != all.end()) return {};
    all.push_back(n);
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
  }
  return all;
}

}  // namespace

std::array<char, 16> uuid(int number) {
  std::array<char, 16> bytes{'p', 'm', 'p', 'p', '-', 's', 'i', 'm', 't', '-', 'g', 'p', 'u', '-'};
  bytes[14] = static_cast<char>('0' + number / 10);
  bytes[15] = static_cast<char>('0' + number % 10);
  return bytes;
}

const std::vector<int>& devices() {
  static const auto* all = new std::vector<int>(visible_devices());   // asked until the process ends
  return *all;
}

const Profile& current() {
  static const Profile& profile = choose();
  return profile;
}

}  // namespace simt::model
