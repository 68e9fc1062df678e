// The table of device profiles, and which one is in use.
#include "simt/model/profile.hpp"

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

}  // namespace

const Profile& current() {
  static const Profile& profile = choose();
  return profile;
}

}  // namespace simt::model
