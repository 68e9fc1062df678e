// Handlers by level.
#include "simt/exec/handlers.hpp"

#include <unordered_map>

#include "simt/exec/handler_tables.hpp"

namespace simt::exec {

namespace {

#define SIMT_BY_LEVEL(call)                                     \
  switch (level) {                                              \
    SIMT_FOR_EACH_ISA(call)                                     \
  }

Loop load_loop(Isa level, Reach reach, Elem elem, unsigned count) {
#define SIMT_CALL(l) case Isa::l: return l::load(reach, elem, count);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
  return nullptr;
}
Loop store_loop(Isa level, Reach reach, Elem elem, unsigned count) {
#define SIMT_CALL(l) case Isa::l: return l::store(reach, elem, count);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
  return nullptr;
}
std::span<const NamedLoop> move_loops(Isa level) {
#define SIMT_CALL(l) case Isa::l: return l::moves();
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
  return {};
}

}  // namespace

Handler load_handler(Isa level, Reach reach, Elem elem, unsigned count) { return load_loop(level, reach, elem, count).warp; }
Handler store_handler(Isa level, Reach reach, Elem elem, unsigned count) { return store_loop(level, reach, elem, count).warp; }
Handler move_handler(Isa level, std::string_view name) {
  for (const auto& entry : move_loops(level))
    if (entry.name == name) return entry.loop.warp;
  return nullptr;
}
Handler collective_handler(Isa level, std::string_view operation) {
#define SIMT_CALL(l) case Isa::l: return l::collective(operation);
  SIMT_BY_LEVEL(SIMT_CALL)
#undef SIMT_CALL
  return nullptr;
}

GangEntry gang_loop(Handler handler) {
  static const std::unordered_map<Handler, GangEntry> known = [] {
    std::unordered_map<Handler, GangEntry> map;
    auto add = [&](Loop loop) {
      if (loop.gang.full) map.emplace(loop.warp, loop.gang);
    };
    auto add_level = [&](Isa level) {
      for (const auto& entry : move_loops(level)) add(entry.loop);
      for (auto reach : {Reach::flat, Reach::uniform, Reach::shared, Reach::local})
        for (auto elem : {Elem::u8, Elem::s8, Elem::u16, Elem::u32, Elem::u64})
          for (unsigned count : {1u, 2u, 4u}) {
            add(load_loop(level, reach, elem, count));
            add(store_loop(level, reach, elem, count));
          }
    };
#define SIMT_LEVEL(l) add_level(Isa::l);
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
    return map;
  }();
  const auto at = known.find(handler);
  return at == known.end() ? GangEntry{} : at->second;
}

}  // namespace simt::exec
