// The syntax tree of a PTX module: what the text says, with names resolved and nothing interpreted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace simt::ptx {

enum class Type : std::uint8_t {
  none, pred,
  b8, b16, b32, b64, b128,
  u8, u16, u32, u64,
  s8, s16, s32, s64,
  f16, f16x2, bf16, bf16x2, tf32, f32, f32x2, f64,
  texref, samplerref, surfref,
};

enum class Space : std::uint8_t { none, reg, param, global, constant, shared, local };

/// A `.loc`: where an instruction comes from. `inlined_at` chains to the call site, -1 at the end of the chain.
struct Location {
  std::uint32_t file = 0;    ///< key of Module::files
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::int32_t inlined_at = -1;  ///< index into Module::locations
  std::string function;          ///< the inlined function's name, if given
};

struct Register {
  std::string name;
  Type type = Type::none;
};

/// Bytes that one scalar of the type takes in memory; 0 for .pred and none.
std::uint32_t size_of(Type type);
/// The type's PTX word ("u32"), and back; none for a word that is no type.
std::string_view type_word(Type type);
Type type_from_word(std::string_view word);

/// One element of an initialiser list: a constant, or the address of a symbol plus an addend (`generic(x)+4`, masks).
struct Initialiser {
  std::uint64_t bits = 0;  ///< a constant, already in the variable's type (its low bits count); an address's addend
  std::string symbol;      ///< empty for a plain constant; else a variable or function of the module
  bool generic = false;    ///< `generic(symbol)`: the generic address is wanted
  std::uint64_t mask = ~0ull;  ///< `0xff00(symbol)`: only these bits, shifted down to the element's size
};

enum class Linkage : std::uint8_t { none, external, visible, weak, common };

struct Variable {
  std::string name;
  Space space = Space::none;
  Type type = Type::b8;
  Linkage linkage = Linkage::none;
  std::uint32_t align = 1;     ///< bytes; the type's natural alignment where `.align` is not given
  std::uint64_t count = 1;     ///< elements (arrays flattened); 0 for `[]`
  bool is_array = false;
  std::uint32_t vector = 1;    ///< .v2, .v4, .v8: scalars in an element
  bool managed = false;
  bool is_pointer = false;     ///< `.ptr` on a kernel parameter
  Space pointee = Space::none;       ///< `.ptr .global`: the space pointed to, none for a generic pointer
  std::uint32_t pointee_align = 0;   ///< `.ptr .align 16`, 0 where not given
  std::vector<Initialiser> init;  ///< scalar by scalar; may be shorter than count * vector: the rest is zero
  std::uint32_t line = 0;      ///< PTX line
};

// ---- operands -----------------------------------------------------------------------------------------------------

struct RegOperand {
  std::uint32_t index = 0;  ///< into Function::registers
  bool negated = false;     ///< `!%p`
  bool minus = false;       ///< `-%r`, in video instructions
  enum Part : std::uint8_t { whole, b0, b1, b2, b3, h0, h1 } part = whole;  ///< `%r.b0`, in video instructions
};
struct SpecialOperand { std::string_view name; };                               ///< `%tid.x`, `%laneid`, `%clock64`
struct ImmOperand { std::uint64_t bits = 0; enum Kind : std::uint8_t { integer, f32, f64 } kind = integer; };
/// A name and what it stands for: every name of a parsed module is resolved.
struct SymbolOperand {
  std::string name;         ///< as in the table that it indexes, so unique there
  std::int64_t offset = 0;  ///< bytes, `table+4` outside of brackets
  enum Kind : std::uint8_t {
    unresolved,
    variable,        ///< index into Module::variables
    local_variable,  ///< index into Function::variables
    parameter,       ///< index into Function::params
    result,          ///< index into Function::returns
    function,        ///< index into Module::functions
    label,           ///< index into Function::body; its size for a label at the end
    prototype,       ///< index into Function::prototypes
    branch_targets,  ///< index into Function::branch_targets
    call_targets,    ///< index into Function::call_targets
  } kind = unresolved;
  std::uint32_t index = 0;
};
struct SinkOperand {};                                                          ///< `_`
struct AddressOperand {                                                         ///< `[base+offset]`
  std::variant<RegOperand, SymbolOperand, ImmOperand> base;
  std::int64_t offset = 0;
};
struct Operand;
struct VectorOperand { std::vector<Operand> items; };                           ///< `{a,b,c,d}`
struct PairOperand { std::vector<Operand> items; };                             ///< `%r|%p`, `{%r1, %r2}|%p`: two items
struct TupleOperand { std::vector<Operand> items; };                            ///< `(a, b)` of a call; `[tex, {x,y}]` too
struct Operand {
  std::variant<SinkOperand, RegOperand, SpecialOperand, ImmOperand, SymbolOperand, AddressOperand, VectorOperand,
               PairOperand, TupleOperand> value;
};

struct Instruction {
  std::int32_t guard = -1;         ///< index into Function::registers of the guarding predicate, -1 for none
  bool guard_negated = false;
  std::vector<std::string_view> parts;  ///< "ld.global.nc.v4.f32" split at the dots; views into Module::text
  std::vector<Operand> operands;
  std::int32_t location = -1;      ///< index into Module::locations
  std::uint32_t line = 0;          ///< PTX line
  std::uint32_t used_bytes = ~0u;  ///< of a load's result, as `.pragma "used_bytes_mask 4095"` says

  std::string_view opcode() const { return parts.empty() ? std::string_view{} : parts[0]; }
};

/// `.callprototype`: the shape of an indirect call.
struct Prototype {
  std::string name;
  std::vector<Variable> returns, params;
  bool noreturn = false;
};

struct Function {
  std::string name;
  bool is_entry = false;
  bool is_declaration = false;     ///< no body in this module
  Linkage linkage = Linkage::none;
  bool noreturn = false;
  std::vector<Variable> returns, params;
  std::vector<Register> registers;            ///< all scopes flattened; an inner scope's names are its own
  std::vector<Variable> variables;            ///< .local, .shared and .param declared in the body; renamed where shadowed
  std::vector<Prototype> prototypes;
  std::vector<Instruction> body;
  std::vector<std::pair<std::string, std::uint32_t>> labels;  ///< name (made unique by scope) -> index into body
  std::vector<std::vector<std::string>> branch_targets;       ///< `.branchtargets` lists of labels, by order of appearance
  std::vector<std::vector<std::string>> call_targets;         ///< `.calltargets` lists of functions, likewise
  std::uint32_t max_threads[3] = {0, 0, 0};       ///< .maxntid
  std::uint32_t required_threads[3] = {0, 0, 0};  ///< .reqntid
  std::uint32_t required_cluster[3] = {0, 0, 0};  ///< .reqnctapercluster
  std::uint32_t min_blocks = 0;                   ///< .minnctapersm
  std::uint32_t max_registers = 0;                ///< .maxnreg
  std::uint32_t max_cluster_rank = 0;             ///< .maxclusterrank
  bool explicit_cluster = false;                  ///< .explicitcluster
  bool blocks_are_clusters = false;               ///< .blocksareclusters
  std::uint32_t line = 0;
};

struct Module {
  std::string text;                          ///< the source; string_views of the tree point into it, so a Module only moves
  std::uint32_t version = 0;                 ///< 90 for 9.0
  std::string target;                        ///< "sm_75", "sm_90a"
  std::uint32_t address_size = 64;
  std::vector<std::pair<std::uint32_t, std::string>> files;  ///< `.file` number -> path
  std::vector<Location> locations;
  std::vector<Variable> variables;           ///< module-scope .global .const .shared
  std::vector<Function> functions;           ///< in order of first declaration; a definition takes its declaration's place
  std::vector<std::pair<std::string, std::string>> aliases;  ///< `.alias` name -> the function that it stands for
};

}  // namespace simt::ptx
