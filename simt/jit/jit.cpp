// Which pieces a kernel has, and memory for their code.
#include "simt/jit/jit.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "simt/exec/handlers.hpp"
#include "simt/jit/piece.hpp"

namespace simt::jit {

#ifdef SIMT_JIT

namespace {

constexpr std::size_t kLongest = 400;       ///< instructions of a piece
constexpr std::size_t kMostCode = 16 << 20;

bool allowed() {
  static const bool yes = [] {
    const char* text = std::getenv("PMPP_SIM_JIT");
    return !text || std::strcmp(text, "0") != 0;
  }();
  return yes && exec::settings().isa == "v4";
}

/// Memory with code, which nobody can write to any more. Null if the system forbids that.
std::shared_ptr<const void> executable(const std::vector<std::uint8_t>& bytes) {
  void* memory = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  std::memcpy(memory, bytes.data(), bytes.size());
  if (mprotect(memory, bytes.size(), PROT_READ | PROT_EXEC) != 0) {
    munmap(memory, bytes.size());
    return nullptr;
  }
  return {memory, [size = bytes.size()](const void* p) { munmap(const_cast<void*>(p), size); }};
}

void make(ir::Code& code, ir::Pieces& pieces) {
  const Rows rows(code);
  if (!rows.known()) return;
  Assembler assembler;
  write_constants(assembler);
  struct Entry {
    std::size_t instr, offset;
    bool masked;
  };
  std::vector<Entry> entries;
  const auto stop = [&](std::size_t n) { return pieces.stops.empty() ? 0 : pieces.stops[n]; };
  const std::size_t shortest = pieces.stops.empty() ? 1 : 2;   // alone between two probes an instruction is the handler's
  for (bool masked : {false, true}) {
    for (std::size_t n = 0; n < code.count;) {
      auto end = n;
      while (end + 1 < code.count && end - n < kLongest && (end == n ? stop(n) < 2 : !rows.leads(end) && stop(end) == 0) &&
             Piece::knows(code, rows, end, masked))
        ++end;
      if (end - n >= shortest && assembler.bytes.size() < kMostCode) {
        while (assembler.bytes.size() % 64) assembler.bytes.push_back(0xcc);
        entries.push_back({n, Piece(assembler, code, rows, n, end, masked, stop(end) != 0).compile(), masked});
      }
      n = end > n ? end : n + 1;
    }
  }
  if (entries.empty()) return;
  pieces.memory = executable(assembler.bytes);
  if (!pieces.memory) return;
  pieces.gang = code.gang;
  for (const auto& entry : entries) {
    const auto* start = static_cast<const std::byte*>(pieces.memory.get()) + entry.offset;
    auto& way = entry.masked ? pieces.gang[entry.instr].partial : pieces.gang[entry.instr].full;
    way = reinterpret_cast<exec::GangHandler>(reinterpret_cast<std::uintptr_t>(start));
  }
}

std::mutex& making() {   // a kernel may be launched twice at once
  static std::mutex mutex;
  return mutex;
}

}  // namespace

void prepare(ir::Code& code) {
  if (!allowed()) return;
  std::lock_guard lock(making());
  if (code.fused.known) return;
  code.fused.known = true;
  make(code, code.fused);
}

const std::vector<exec::GangEntry>& prepare(ir::Code& code, const std::vector<std::uint8_t>& stops) {
  auto& pieces = code.observed;
  std::lock_guard lock(making());
  if (allowed() && !(pieces.known && pieces.stops == stops)) {
    pieces = {.gang = {}, .memory = nullptr, .stops = stops, .known = true};
    make(code, pieces);
  }
  return pieces.gang;
}

#else

void prepare(ir::Code&) {}
const std::vector<exec::GangEntry>& prepare(ir::Code& code, const std::vector<std::uint8_t>&) { return code.observed.gang; }

#endif

}  // namespace simt::jit
