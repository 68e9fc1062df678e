// The product of lowering: one kernel with every device function that it can reach, ready for the interpreter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/exec/gang.hpp"
#include "simt/exec/warp.hpp"
#include "simt/memory/memory.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ir {

/// Generic addresses that no memory has: kernel parameters, and functions, which are called but never read.
constexpr memory::GuestAddr kParamWindow = 0x7ff2'0000'0000'0000ull;
constexpr memory::GuestAddr kFunctionWindow = 0x7ff3'0000'0000'0000ull;

/// Where an executed instruction comes from.
struct Origin {
  const ptx::Module* module = nullptr;
  const ptx::Function* function = nullptr;
  const ptx::Instruction* instruction = nullptr;
  std::int32_t weight = 0;               ///< PTX instructions that it stands for
};

enum class AccessKind : std::uint8_t { none, load, store, atomic, copy };

/// What a memory instruction does, for messages and observers.
struct Access {
  AccessKind kind = AccessKind::none;
  ptx::Space space = ptx::Space::none;   ///< none: generic
  std::uint8_t bytes = 0;                ///< a lane's access, vectors as a whole
  std::uint8_t address = 0;              ///< index of the address in Instr::op
  bool wide = false;                     ///< the address row has 64-bit lanes
  bool strong = false;                   ///< volatile, relaxed, acquire, release or atomic
  bool system = false;                   ///< atomic for the host, too
};

/// What an instruction does with its operands, Instr::op, for observers.
struct Operands {
  std::uint8_t count = 0;
  std::uint8_t writes = 0;               ///< bit n: op[n] is written
  std::uint8_t updates = 0;              ///< bit n: op[n] is read although it is written
  bool moves = false;                    ///< it computes nothing: values go on as they are
};

/// Rows that change with the warp, the block or the launch, filled by the engine.
enum class Special : std::uint8_t {
  tid_x, tid_y, tid_z, ntid_x, ntid_y, ntid_z, ctaid_x, ctaid_y, ctaid_z, nctaid_x, nctaid_y, nctaid_z,
  laneid, warpid, nwarpid, smid, nsmid, gridid,
  lanemask_eq, lanemask_le, lanemask_lt, lanemask_ge, lanemask_gt,
  dynamic_smem_size, total_smem_size, aggr_smem_size, reserved_smem_begin, reserved_smem_end, reserved_smem_cap,
  envreg, is_explicit_cluster,
  clusterid_x, clusterid_y, clusterid_z, nclusterid_x, nclusterid_y, nclusterid_z,
  cluster_ctaid_x, cluster_ctaid_y, cluster_ctaid_z, cluster_nctaid_x, cluster_nctaid_y, cluster_nctaid_z,
  cluster_ctarank, cluster_nctarank,
  param,          ///< bytes of the kernel's parameters, `detail` is the offset
  none,
};

struct SpecialRow {
  Special which = Special::none;
  std::uint32_t detail = 0;      ///< number of the envreg, offset of the parameter
  std::uint8_t bytes = 4;        ///< width of a lane: 2, 4 or 8
  std::uint8_t size = 4;         ///< parameters: bytes that are read, sign-extended if `is_signed`
  bool is_signed = false;
  std::int32_t row = 0;
};

/// A function that calls and returns need to know about.
struct Callee {
  const ptx::Function* function = nullptr;
  const exec::Instr* start = nullptr;
  std::uint32_t frame_begin = 0, frame_end = 0;  ///< its rows
  /// Its rows of 16, 32 and 64-bit lanes (128-bit rows are two of 64) begin here, then the predicates.
  std::uint32_t zones[4] = {};
  std::uint32_t local_bytes = 0;                 ///< its .local variables
  bool recursive = false;                        ///< may be entered again before it returns: callers save their rows
};

/// Frees what was allocated with the alignment of a cache line.
struct FreeInstrs {
  void operator()(void* p) const { ::operator delete[](p, std::align_val_t(64)); }
};

/// What gangs do where machine code (simt/jit) takes the place of handlers.
struct Pieces {
  std::vector<exec::GangEntry> gang;   ///< by position; empty if there is no machine code
  std::shared_ptr<const void> memory;
  std::vector<std::uint8_t> stops;     ///< where probes were when it was made
  bool known = false;                  ///< whether there are pieces has been found out
};

struct Code {
  exec::KernelInfo info;
  const ptx::Function* function = nullptr;

  std::unique_ptr<exec::Instr[], FreeInstrs> instrs;
  std::size_t count = 0;
  std::vector<Origin> origins;         ///< by Instr::origin
  std::vector<Access> accesses;        ///< by position in `instrs`
  std::vector<Operands> operands;      ///< likewise
  std::vector<std::vector<std::int32_t>> lists;
  std::vector<exec::GangEntry> gang;   ///< by position: what gangs do
  Pieces fused, observed;              ///< the same with machine code: without observers, and between the probes of the last ones
  unsigned gang_warps = 1;             ///< how many may form a gang, by what their registers take

  std::size_t file_bytes = 0;          ///< register file of a warp
  std::vector<std::byte> image;        ///< its first bytes: constants; specials are filled in per launch, warp or block
  std::vector<SpecialRow> launch_rows, warp_rows, block_rows;

  std::uint32_t sites = 0;             ///< memory instructions that cache a window
  std::uint32_t static_shared = 0;     ///< dynamic shared memory starts here, aligned
  std::uint32_t local_bytes = 0;       ///< of the deepest chain of calls without recursion
  bool recursive = false;              ///< how much a thread needs is not known: it gets the stack of cudaLimitStackSize besides
  std::vector<Callee> callees;                                  ///< [0] is the kernel
  std::unordered_map<std::uint64_t, std::uint32_t> by_address;  ///< function address -> index into callees
  bool cooperates = false;             ///< has loops that may wait for other threads
  std::vector<std::pair<std::string, std::uint32_t>> shared_variables;  ///< for messages: name and offset
};

}  // namespace simt::ir
