// The private interface: see pmpp_simt.h.
#include "simt/runtime/pmpp_simt.h"

#include "simt/exec/isa.hpp"
#include "simt/model/profile.hpp"
#include "simt/runtime/core.hpp"

using namespace simt::runtime;

PMPP_EXPORT const char* pmpp_simt_last_message(void) { return last_message(); }
PMPP_EXPORT int pmpp_simt_version(void) { return 1; }
PMPP_EXPORT const char* pmpp_simt_device_name(void) { return simt::model::current().name.data(); }
PMPP_EXPORT const char* pmpp_simt_isa(void) {
  switch (simt::exec::isa()) {
#define LEVEL(level) case simt::exec::Isa::level: return #level;
    SIMT_FOR_EACH_ISA(LEVEL)
#undef LEVEL
  }
  return "";
}
PMPP_EXPORT void pmpp_simt_set_threads(unsigned threads) { simt::exec::settings().threads = threads; }
PMPP_EXPORT unsigned pmpp_simt_threads(void) { return simt::exec::settings().threads; }
PMPP_EXPORT void pmpp_simt_set_seed(uint64_t seed) { simt::exec::settings().seed = seed; }
PMPP_EXPORT uint64_t pmpp_simt_seed(void) { return simt::exec::settings().seed; }
PMPP_EXPORT void pmpp_simt_set_budget(uint64_t budget) { simt::exec::settings().budget = budget; }
PMPP_EXPORT uint64_t pmpp_simt_budget(void) { return simt::exec::settings().budget; }

PMPP_EXPORT void pmpp_simt_read_counters(pmpp_simt_counters* out) {
  const Counters c = counters();
  *out = {c.launches, c.h2d_copies, c.h2d_bytes, c.d2h_copies, c.d2h_bytes, c.d2d_copies, c.d2d_bytes};
}
PMPP_EXPORT void pmpp_simt_reset_counters(void) { reset_counters(); }

PMPP_EXPORT void pmpp_simt_record_calls(int on) { record_calls(on != 0); }
PMPP_EXPORT const char* pmpp_simt_recorded_calls(void) {
  thread_local std::string calls;
  calls = recorded_calls();
  return calls.c_str();
}
