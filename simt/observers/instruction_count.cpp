// Counts executed instructions: what the benchmarks divide by time.
#include <atomic>
#include <bit>

#include "simt/observers/instruction_count.h"
#include "simt/observers/observer.hpp"

namespace simt::observers {
namespace {

class InstructionCount final : public Observer {
 public:
  void instruction(const Event& event) override {
    const unsigned weight = event.weight();
    if (weight == 0) return;
    warps.fetch_add(weight, std::memory_order_relaxed);
    threads.fetch_add(std::uint64_t(weight) * unsigned(std::popcount(event.active)), std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> warps{0}, threads{0};
};

std::shared_ptr<InstructionCount>& counter() {
  static auto one = std::make_shared<InstructionCount>();
  return one;
}

}  // namespace
}  // namespace simt::observers

extern "C" {

__attribute__((visibility("default"))) void pmpp_simt_count_instructions(int on) {
  using namespace simt::observers;
  auto& one = counter();
  if (!on) {
    detach(one.get());
    return;
  }
  one->warps = 0;
  one->threads = 0;
  attach(one);
}

__attribute__((visibility("default"))) void pmpp_simt_counted_instructions(uint64_t* warp_instructions,
                                                                          uint64_t* thread_instructions) {
  *warp_instructions = simt::observers::counter()->warps;
  *thread_instructions = simt::observers::counter()->threads;
}

}
