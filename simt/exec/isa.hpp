// Instruction set levels of the host. Every *_isa.cpp is compiled once for each of them, with SIMT_ISA set to its name.
//
// All code of such a file, templates from headers included, must live in a namespace that ends in SIMT_ISA: an inline
// function that two levels share would be merged by the linker, and the oldest machine could get the newest code.
#pragma once

#include <cstdint>

// SIMT_PORTABLE leaves the generic one alone, as on other processors: for builds under sanitizers.
#if defined(__x86_64__) && !defined(SIMT_PORTABLE)
#define SIMT_FOR_EACH_ISA(X) X(v2) X(v3) X(v4)
#else
#define SIMT_FOR_EACH_ISA(X) X(generic)
#endif

namespace simt::exec {

enum class Isa : std::uint8_t {
#define SIMT_NAME(level) level,
  SIMT_FOR_EACH_ISA(SIMT_NAME)
#undef SIMT_NAME
};

/// The level in use: the best that the processor has, or the one that PMPP_SIM_ISA names.
Isa isa();

}  // namespace simt::exec
