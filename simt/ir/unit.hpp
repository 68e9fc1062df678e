// The working form of a kernel while it is lowered: values, nodes and basic blocks of every function it can reach.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "simt/exec/isa.hpp"
#include "simt/ir/code.hpp"
#include "simt/ir/link.hpp"
#include "simt/ops/select.hpp"

namespace simt::ir {

/// Widths of rows.
enum class Cls : std::uint8_t { pred, r16, r32, r64, r128 };
constexpr std::uint32_t row_bytes(Cls cls) {
  return cls == Cls::pred ? 4 : cls == Cls::r16 ? 64 : cls == Cls::r32 ? 128 : cls == Cls::r64 ? 256 : 512;
}
Cls class_of(ptx::Type type);
constexpr Cls class_of_bytes(std::size_t bytes) {
  return bytes <= 2 ? Cls::r16 : bytes == 4 ? Cls::r32 : bytes == 8 ? Cls::r64 : Cls::r128;
}

/// Where the two parts begin of what the system reserves of shared memory.
inline constexpr std::string_view kReservedFirst = "%reserved_smem_offset_0", kReservedSecond = "%reserved_smem_offset_1";
inline constexpr std::uint32_t kReservedShared = 1024;

using ValueId = std::int32_t;
constexpr ValueId kNoValue = -1;

/// What will be a row of the register file.
struct Value {
  enum Kind : std::uint8_t { local, constant, special, fixed } kind = local;
  Cls cls = Cls::r32;
  std::int32_t row = -1;
  std::uint64_t bits = 0, high = 0;   ///< constants; `high` is the upper half of 128 bits
  SpecialRow fill;                    ///< specials: what the engine writes there
};

/// An instruction between PTX and Instr.
struct Node {
  enum Kind : std::uint8_t {
    plain,     ///< goes on with the next node
    jump,      ///< to block `target`
    branch,    ///< lanes whose guard holds to block `target`, the others on
    leave,     ///< exit, or ret of a kernel; lanes whose guard holds
    ret,       ///< ret of a function
    call,      ///< on with the next node after the return
    trap,      ///< never goes on
    indexed,   ///< brx.idx: to one of `targets`
  } kind = plain;
  bool copy = false;         ///< ops[0] = ops[1]
  bool pure = false;         ///< no effect but on the rows it writes
  std::uint8_t writes = 0;   ///< bit n: ops[n] is written
  std::uint8_t updates = 0;  ///< bit n: ops[n] is read although it is written
  std::uint8_t count = 0;
  bool negated = false;      ///< of the guard
  bool uses_carry = false;   ///< reads or writes the condition code
  bool has_site = false;     ///< wants a window of its own
  ValueId guard = kNoValue;
  std::array<ValueId, 8> ops{};
  exec::Handler handler = nullptr;
  std::uint64_t imm = 0;
  std::int32_t offset = 0;   ///< displacement of a memory instruction
  std::int32_t least = 0, greatest = 0;   ///< displacements, of the first load of several: see share_addresses
  std::int32_t target = -1;
  std::vector<std::int32_t> targets;
  std::vector<ValueId> list;              ///< operands of instructions with more than eight; all after list_writes are read
  std::uint32_t list_writes = 0;
  Access access;
  const ptx::Instruction* instruction = nullptr;
  std::int32_t weight = 1;                ///< PTX instructions that it stands for
  bool waits = false;                     ///< may wait for another thread: makes its loops cooperative

  Node& add(ValueId value, bool written = false) {
    if (written) writes |= std::uint8_t(1u << count);
    ops[count++] = value;
    return *this;
  }
};

struct Block {
  std::vector<Node> nodes;
  std::vector<std::int32_t> successors;   ///< fall-through last
  std::vector<std::int32_t> predecessors;
  std::int32_t fall = -1;                 ///< where it goes on if the last node lets it
  std::int32_t order = -1;                ///< place in the layout; -1: unreachable
  std::int32_t loop = -1;                 ///< innermost loop, index into Function::loops
};

struct Loop {
  std::int32_t header = -1, parent = -1;
  bool waits = false;                     ///< contains something that may wait for another thread
  std::int32_t weight = 0;                ///< PTX instructions in it
};

struct Function {
  const LinkedFunction* linked = nullptr;
  const ptx::Function* ptx = nullptr;
  const ptx::Module* module = nullptr;
  std::vector<Block> blocks;
  std::vector<std::int32_t> layout;       ///< blocks in the order in which they are emitted
  std::vector<Loop> loops;
  std::unordered_map<std::string_view, std::int32_t> label_blocks;
  ValueId first_register = 0;             ///< value of register 0
  struct Words { ValueId first = kNoValue; std::uint32_t count = 0; };
  std::unordered_map<std::string_view, Words> params;              ///< .param variables: 32-bit words
  std::unordered_map<std::string_view, std::uint32_t> locals;      ///< .local variables: offset in the frame
  std::uint32_t local_bytes = 0;
  ValueId stack_top = kNoValue;           ///< where the next alloca begins; if there is one
  std::vector<std::uint32_t> calls;       ///< indices of functions called directly
  bool calls_indirectly = false, waits = false, recursive = false;
  std::uint32_t frame_begin = 0, frame_end = 0;
  std::uint32_t zones[4] = {};            ///< where rows of 16, 32, 64 bits and predicates begin
  std::uint32_t frame_shift = 0;          ///< from the rows that allocation gave out to their final place
  std::uint32_t live_registers = 0;
};

/// Lowers one kernel. `fault` tells what is wrong; a unit with a fault is useless.
class Unit {
 public:
  Unit(const Image& image, const LinkedFunction& entry, exec::Isa level);
  exec::Fault lower(Code& code);

 private:
  friend class FunctionLowering;

  // unit.cpp
  void reach();
  std::uint32_t function_index(const LinkedFunction* function);
  void assign_frames();
  exec::Fault emit(Code& code);
  void fill_rows(Code& code);

  // optimise.cpp, cfg.cpp, allocate.cpp
  void order_blocks(Function& function);
  void optimise(Function& function);
  void find_waits(Function& function);
  void share_addresses(Function& function);
  void allocate(Function& function);
  void collect_constants();

 public:
  ValueId constant(Cls cls, std::uint64_t bits, std::uint64_t high = 0);
  ValueId special(Special which, Cls cls, std::uint32_t detail = 0, std::uint8_t size = 4, bool is_signed = false);
  ValueId temporary(Cls cls);
  ValueId fixed(std::int32_t row);

  const Image& image;
  const LinkedFunction& entry;
  exec::Isa level;
  std::vector<Value> values;
  std::vector<std::unique_ptr<Function>> functions;   ///< [0] is the kernel
  std::unordered_map<const LinkedFunction*, std::uint32_t> function_indices;
  std::unordered_map<const ptx::Variable*, std::uint32_t> shared_offsets;
  std::uint32_t static_shared = 0, shared_align = 16;
  /// What a GPU reserves of every block's shared memory, for groups of several warps; only where the kernel asks for it.
  std::uint32_t reserved_at = 0, reserved_shared = 0;
  std::vector<std::pair<std::string, std::uint32_t>> shared_names;
  std::uint32_t abi_words = 0;                        ///< words through which calls pass arguments and results
  ValueId abi = kNoValue;                             ///< the first of them
  exec::Fault fault;

 private:
  std::vector<std::vector<std::int32_t>> call_graph_;
  std::map<std::tuple<Cls, std::uint64_t, std::uint64_t>, ValueId> constants_;
  std::map<std::tuple<Special, Cls, std::uint32_t, std::uint8_t, bool>, ValueId> specials_;
};

/// "kernel.cu:12" of an instruction, or "PTX line 34" without line information.
std::string place_of(const ptx::Module& module, const ptx::Instruction& instruction);
/// The opcode with all its modifiers.
std::string full_name(const ptx::Instruction& instruction);

}  // namespace simt::ir
