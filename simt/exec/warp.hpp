// A warp and its pre-decoded instructions: what every handler sees. Kept small; handlers in simt/ops and simt/exec share it.
//
// Register file: one flat buffer a warp. A register, an immediate, a kernel parameter and a special register are all a
// row of 32 lanes at a byte offset, so an operand is one int32. Rows of 16 bits take 64 bytes, of 32 bits 128, of 64
// bits 256, of 128 bits 512 (32 low halves, then 32 high halves). A predicate is one 32-bit lane mask. 8-bit PTX
// registers live in 16-bit rows. Rows of one width never overlap in part with rows of another.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simt::exec {

using Mask = std::uint32_t;
constexpr Mask kAllLanes = ~Mask{0};
constexpr int kLanes = 32;

struct Warp;
struct Instr;

/// Executes one instruction for the warp and returns the next one; null leaves the interpreter loop (barrier, exit,
/// fault, end of the time slice), the warp's state says why. Lane-wise handlers return `instr + 1`.
using Handler = const Instr* (*)(Warp&, const Instr*);

/// A pre-decoded instruction: one cache line.
struct alignas(64) Instr {
  Handler run = nullptr;
  /// Row offsets of the operands in the order in which PTX writes them, vectors and pairs flattened:
  /// `add.s32 d, a, b` is {d, a, b}; `setp.lt.f32 p|q, a, b` is {p, q, a, b}; `mov.b64 {x, y}, a` is {x, y, a}.
  std::int32_t op[8] = {};
  union {
    std::uint64_t imm = 0;          ///< a constant that the handler wants as such (the table of lop3)
    const std::int32_t* list;       ///< of more than eight operands: a constant, the access site, row offsets
    struct { std::int32_t offset; std::uint32_t site; } mem;      ///< memory instructions: displacement, access site
    struct { std::int32_t target; std::uint32_t charge; } jump;   ///< branches: target relative to this instruction
  };
  Handler inner = nullptr;          ///< of a guarded instruction: the handler that the guard lets through
  std::int32_t guard = 0;           ///< offset of the guarding predicate; bit 0: negated
  std::uint32_t origin = 0;         ///< index into Code::origins: function, PTX line, source line
};
static_assert(sizeof(Instr) == 64);

struct BlockState;
struct Worker;
struct Frame;

/// Lanes of a warp that wait at another instruction than the one that is being executed.
struct Group {
  const Instr* pc = nullptr;
  Mask mask = 0;
  std::uint32_t state = 0;          ///< Warp::State of these lanes
  Frame* frame = nullptr;           ///< innermost call; null in the kernel itself
  std::uint64_t detail = 0;         ///< what they wait for: barrier number, or the mask of a converging instruction
};

struct alignas(64) Warp {
  std::byte* regs = nullptr;        ///< the register file
  /// Lanes that a lane-wise handler may write: the active ones, and those that do not exist or have exited, whose
  /// values nobody reads. All ones is the common case, also in the last, partial block of a guarded kernel.
  Mask exec = 0;
  Mask active = 0;                  ///< lanes that really execute this instruction: what memory handlers obey
  Mask dead = 0;                    ///< lanes that never existed or have exited
  Mask pass = 0;                    ///< lanes that need not wait for others at the next converging instruction
  std::int32_t quantum = 0;         ///< what is left of the time slice, in warp instructions
  const Instr* limit = nullptr;     ///< lowest instruction at which other lanes wait: a jump that reaches it stops
  Worker* worker = nullptr;
  std::byte* shared = nullptr;      ///< the block's shared memory
  std::uint32_t shared_bytes = 0;
  std::uint32_t local_bytes = 0;    ///< local memory of one thread
  /// Local memory, interleaved: word w of lane l lies at 128 w + 4 l, so that all lanes at one offset are one row.
  std::byte* local = nullptr;
  BlockState* block = nullptr;
  Frame* frame = nullptr;           ///< innermost call of the active lanes; null in the kernel itself

  enum State : std::uint32_t {
    ready,        ///< can run
    yielded,      ///< used up its slice; runs after the others
    at_barrier,   ///< waits for other warps
    converging,   ///< waits for lanes of its own warp
    exited,
    faulted,
  };
  std::uint32_t state = ready;
  std::uint32_t index = 0;          ///< number of the warp in its block
  std::uint32_t group_count = 0;    ///< entries of `groups`, the one to run next last
  std::uint32_t local_base = 0;     ///< where the innermost frame's local memory begins
  const Instr* pc = nullptr;        ///< where it goes on when it is not being run; null: one of the groups does
  std::int64_t unpaid = 0;          ///< by how much charges to `quantum` exceed instructions executed
  Group groups[kLanes];
};

/// Fixed places of every register file.
constexpr std::int32_t kTrueRow = 0;    ///< predicate that holds in all lanes
constexpr std::int32_t kFalseRow = 4;   ///< predicate that holds in none
constexpr std::int32_t kCarryRow = 8;   ///< the condition code CC.CF, a predicate: add.cc writes it, addc reads it
constexpr std::int32_t kFixedBytes = 64;

/// In Instr::jump.charge: the back edge of a loop that may wait for other threads.
constexpr std::uint32_t kWaits = 1u << 31;

}  // namespace simt::exec
