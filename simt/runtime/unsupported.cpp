// The rest of the interface: names that exist so that programs link and load, and that say they are not implemented.
//
// They are defined without parameters, whatever the caller passes: in the C calling conventions of x86-64 and aarch64
// the caller owns the arguments.
#include "simt/runtime/core.hpp"

#define NAME(name) \
  PMPP_EXPORT int name() { return simt::runtime::call(#name, [] { return simt::runtime::unsupported(#name); }); }
#include "simt/runtime/unsupported.def"
#undef NAME
