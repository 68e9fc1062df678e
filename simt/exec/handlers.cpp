// Handlers by level.
#include "simt/exec/handlers.hpp"

#include "simt/exec/handler_tables.hpp"

namespace simt::exec {

#define SIMT_BY_LEVEL(call)                                     \
  switch (level) {                                              \
    SIMT_FOR_EACH_ISA(call)                                     \
  }                                                             \
  return nullptr;

Handler load_handler(Isa level, Reach reach, Elem elem, unsigned count) {
#define SIMT_CALL(l) case Isa::l: return l::load(reach, elem, count);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
}
Handler store_handler(Isa level, Reach reach, Elem elem, unsigned count) {
#define SIMT_CALL(l) case Isa::l: return l::store(reach, elem, count);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
}
Handler move_handler(Isa level, std::string_view name) {
#define SIMT_CALL(l) case Isa::l: return l::move(name);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
}
Handler collective_handler(Isa level, std::string_view operation) {
#define SIMT_CALL(l) case Isa::l: return l::collective(operation);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
}

}  // namespace simt::exec
