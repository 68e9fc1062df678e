// The table of device profiles.
//
// Sources. Per compute capability (threads and blocks an SM, shared memory, register file): the CUDA C++ Programming
// Guide, "Technical Specifications per Compute Capability". SM count, memory, bus and clocks: NVIDIA's datasheets and
// architecture white papers of each product (H200 SXM; A100 SXM 40 GB; L4; GeForce RTX 4090; T4). L2: the size of the
// chip as those papers give it, for the H200 that of the GH100 die. Memory: the nominal size, for the H200 the 139 GiB
// that a driver shows of 141 GB. Memory clocks: half of the data rate that the bus width and the bandwidth give.
#include "simt/model/profile.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace simt::model {
namespace {

constexpr std::size_t KiB = 1024, MiB = KiB * 1024, GiB = MiB * 1024;

constexpr Profile kProfiles[] = {
    // key       name                       cc    SMs  thr/SM blk/SM shared/SM  opt-in     kept     L2        memory     bus   mem kHz    core kHz  32:64
    {"h200",    "Software GPU (H200)",      9, 0, 132, 2048,  32,    228 * KiB, 227 * KiB, 1 * KiB, 60 * MiB, 139 * GiB, 6144, 3'201'000, 1'980'000, 2},
    {"a100",    "Software GPU (A100)",      8, 0, 108, 2048,  32,    164 * KiB, 163 * KiB, 1 * KiB, 40 * MiB, 40 * GiB,  5120, 1'215'000, 1'410'000, 2},
    {"l4",      "Software GPU (L4)",        8, 9, 58,  1536,  24,    100 * KiB, 99 * KiB,  1 * KiB, 48 * MiB, 24 * GiB,  192,  6'251'000, 2'040'000, 64},
    {"rtx4090", "Software GPU (RTX 4090)",  8, 9, 128, 1536,  24,    100 * KiB, 99 * KiB,  1 * KiB, 72 * MiB, 24 * GiB,  384, 10'501'000, 2'520'000, 64},
    {"t4",      "Software GPU (T4)",        7, 5, 40,  1024,  16,    64 * KiB,  64 * KiB,  0,       4 * MiB,  16 * GiB,  256,  5'001'000, 1'590'000, 32},
};

const Profile& choose() {
  const char* wanted = std::getenv("PMPP_SIM_GPU");
  if (!wanted || !*wanted) return kProfiles[0];
  std::string known;
  for (const Profile& p : kProfiles) {
    if (p.key == wanted) return p;
    known += (known.empty() ? "" : ", ") + std::string(p.key);
  }
  std::fprintf(stderr, "pmpp: PMPP_SIM_GPU=%s is not a known device; using h200. Known: %s.\n", wanted, known.c_str());
  return kProfiles[0];
}

}  // namespace

const Profile& current() {
  static const Profile& profile = choose();
  return profile;
}

}  // namespace simt::model
