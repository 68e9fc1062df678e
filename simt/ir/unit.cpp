// A kernel from its PTX to code: what it reaches, where shared memory and frames lie, and the final instructions.
#include "simt/ir/unit.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <unordered_set>

#include "simt/exec/handlers.hpp"
#include "simt/ir/graph.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using exec::Fault;
using ptx::Space;

namespace {
constexpr std::size_t kMaxParams = 32764, kMaxShared = 1 << 28, kMaxLocal = 512 << 10, kMaxArguments = 1 << 20;

/// Calls f(name) for every symbol that the operand mentions.
template <class F>
void for_symbols(const ptx::Operand& operand, F&& f) {
  if (auto* s = std::get_if<ptx::SymbolOperand>(&operand.value)) f(s->name);
  if (auto* a = std::get_if<ptx::AddressOperand>(&operand.value))
    if (auto* s = std::get_if<ptx::SymbolOperand>(&a->base)) f(s->name);
  auto all = [&](const std::vector<ptx::Operand>& items) {
    for (const auto& item : items) for_symbols(item, f);
  };
  if (auto* v = std::get_if<ptx::VectorOperand>(&operand.value)) all(v->items);
  if (auto* v = std::get_if<ptx::PairOperand>(&operand.value)) all(v->items);
  if (auto* v = std::get_if<ptx::TupleOperand>(&operand.value)) all(v->items);
}

/// What a function declares beyond what any thread has; empty if it is sound.
std::string too_large(const Function& function) {
  std::size_t local = 0, arguments = 0;
  const auto add = [&](const ptx::Variable& v) {
    std::size_t& sum = v.space == Space::local ? local : arguments;
    if (v.space == Space::local || v.space == Space::param) sum += std::min(size_of(v), kMaxArguments + 1) + v.align;
  };
  for (const auto& v : function.ptx->variables) add(v);
  for (const auto& v : function.module->variables) add(v);
  const auto sentence = [&](const char* what, std::size_t most) {
    return "function " + function.ptx->name + " declares " + what + " of more than " + std::to_string(most) + " bytes";
  };
  if (local > kMaxLocal) return sentence("local variables", kMaxLocal);
  if (arguments > kMaxArguments) return sentence(".param variables", kMaxArguments);
  return {};
}
}  // namespace

std::string full_name(const ptx::Instruction& instruction) {
  std::string name;
  for (auto part : instruction.parts) {
    if (!name.empty()) name += '.';
    name += part;
  }
  return name;
}

std::string place_of(const ptx::Module& module, const ptx::Instruction& instruction) {
  const auto at = instruction.location;
  if (at < 0 || std::size_t(at) >= module.locations.size()) return "no source line";
  const auto& location = module.locations[at];
  for (const auto& [number, path] : module.files)
    if (number == location.file) return path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(location.line);
  return "source line " + std::to_string(location.line);
}

Unit::Unit(const Image& image_, const LinkedFunction& entry_, exec::Isa level_)
    : image(image_), entry(entry_), level(level_) {}

ValueId Unit::constant(Cls cls, std::uint64_t bits, std::uint64_t high) {
  if (cls == Cls::pred) return fixed(bits ? exec::kTrueRow : exec::kFalseRow);
  auto [at, fresh] = constants_.try_emplace({cls, bits, high}, ValueId(values.size()));
  if (fresh) {
    Value value;
    value.kind = Value::constant;
    value.cls = cls;
    value.bits = bits;
    value.high = high;
    values.push_back(value);
  }
  return at->second;
}

ValueId Unit::special(Special which, Cls cls, std::uint32_t detail, std::uint8_t size, bool is_signed) {
  auto [at, fresh] = specials_.try_emplace({which, cls, detail, size, is_signed}, ValueId(values.size()));
  if (fresh) {
    Value value;
    value.kind = Value::special;
    value.cls = cls;
    value.fill = {which, detail, std::uint8_t(row_bytes(cls) / 32), size, is_signed, 0};
    values.push_back(value);
  }
  return at->second;
}

ValueId Unit::temporary(Cls cls) {
  Value value;
  value.cls = cls;
  values.push_back(value);
  return ValueId(values.size()) - 1;
}

ValueId Unit::fixed(std::int32_t row) {
  auto [at, fresh] = constants_.try_emplace({Cls::pred, std::uint64_t(row), 0}, ValueId(values.size()));
  if (fresh) {
    Value value;
    value.kind = Value::fixed;
    value.cls = Cls::pred;
    value.row = row;
    values.push_back(value);
  }
  return at->second;
}

std::uint32_t Unit::function_index(const LinkedFunction* function) {
  auto [at, fresh] = function_indices.try_emplace(function, std::uint32_t(functions.size()));
  if (fresh) {
    functions.push_back(std::make_unique<Function>());
    functions.back()->linked = function;
    functions.back()->ptx = function->function;
    functions.back()->module = function->module;
  }
  return at->second;
}

/// Finds every function that the kernel may call, and the shared variables that they use.
void Unit::reach() {
  function_index(&entry);
  bool indirect = false;
  std::vector<const ptx::Variable*> dynamic;
  std::unordered_set<const ptx::Variable*> seen;
  std::unordered_map<std::string_view, std::uint32_t> weak;   // of inline functions, which several units may have: one place
  auto use = [&](const ptx::Function& f, const ptx::Module& module, std::string_view name) {
    for (const auto* variables : {&f.variables, &module.variables}) {
      for (const auto& v : *variables) {
        if (v.space != Space::shared || v.name != name || !seen.insert(&v).second) continue;
        const std::uint32_t align = std::max<std::uint32_t>(v.align, std::uint32_t(size_of(v.type)));
        shared_align = std::max(shared_align, align);
        if (v.linkage == ptx::Linkage::external || (v.is_array && v.count == 0)) {
          dynamic.push_back(&v);
          continue;
        }
        if (size_of(v) > kMaxShared) {
          fault = {kInvalidPtx, "shared variable " + v.name + " is larger than any shared memory"};
          return;
        }
        if (const auto at = weak.find(v.name); at != weak.end()) {
          shared_offsets[&v] = at->second;
          continue;
        }
        static_shared = (static_shared + align - 1) / align * align;
        shared_offsets[&v] = static_shared;
        if (v.linkage == ptx::Linkage::weak) weak[v.name] = static_shared;
        shared_names.emplace_back(v.name, static_shared);
        static_shared += std::uint32_t(size_of(v));
        if (static_shared > kMaxShared) fault = {kInvalidPtx, "shared variables are larger than any shared memory"};
      }
    }
  };
  std::vector<const LinkedFunction*> taken;
  for (const auto& f : image.functions())
    if (f.address_taken && !f.function->is_declaration && !f.function->is_entry) taken.push_back(&f);
  for (std::size_t n = 0; n < functions.size() && !fault; ++n) {
    const auto& f = *functions[n];
    for (const auto& instruction : f.ptx->body) {
      const bool calls = instruction.opcode() == "call";
      bool direct = false;
      for (const auto& operand : instruction.operands) {
        if (auto* special = std::get_if<ptx::SpecialOperand>(&operand.value))
          if (special->name == kReservedFirst || special->name == kReservedSecond) reserved_shared = kReservedShared;
        for_symbols(operand, [&](const std::string& name) {
          use(*f.ptx, *f.module, name);
          const auto* g = calls ? image.function(f.module, name) : nullptr;
          if (!g) return;
          direct = true;
          if (!g->function->is_declaration && !g->function->is_entry) function_index(g);
        });
      }
      indirect |= calls && !direct;
    }
    if (indirect && n + 1 == functions.size())
      for (const auto* g : taken) function_index(g);
  }
  static_shared = (static_shared + 15) / 16 * 16;
  reserved_at = static_shared;
  if (reserved_shared) shared_names.emplace_back("what the system reserves", reserved_at);
  static_shared += reserved_shared;
  std::uint32_t start = (static_shared + shared_align - 1) / shared_align * shared_align;
  if (!dynamic.empty()) static_shared = start;
  for (const auto* v : dynamic) {
    shared_offsets[v] = start;
    shared_names.emplace_back(v->name, start);
  }
}

/// Frames of callers and callees lie one after another, so a call moves nothing. Functions that can be entered again
/// before they return are marked: their callers save the rows.
void Unit::assign_frames() {
  const std::size_t n = functions.size();
  auto& calls = call_graph_;
  calls.assign(n, {});
  for (std::size_t f = 0; f < n; ++f) {
    for (auto g : functions[f]->calls) calls[f].push_back(std::int32_t(g));
    if (functions[f]->calls_indirectly)
      for (std::size_t g = 0; g < n; ++g)
        if (functions[g]->linked->address_taken && !functions[g]->ptx->is_entry) calls[f].push_back(std::int32_t(g));
  }
  std::int32_t count = 0;
  const auto component = components(calls, std::vector<bool>(n, true), count);
  std::vector<std::vector<std::int32_t>> members(count);
  for (std::size_t f = 0; f < n; ++f) members[component[f]].push_back(std::int32_t(f));
  std::vector<std::uint32_t> begin(count, functions[0]->frame_begin);
  for (std::int32_t c = count - 1; c >= 0; --c) {   // callers have higher numbers
    auto at = begin[c];
    for (auto f : members[c]) {
      auto& function = *functions[f];
      const auto size = function.frame_end - function.frame_begin;
      const auto shift = at - function.frame_begin;
      function.frame_shift = shift;
      function.frame_begin = at;
      function.frame_end = at + size;
      at += size;
      function.recursive = members[c].size() > 1 || std::find(calls[f].begin(), calls[f].end(), f) != calls[f].end();
    }
    for (auto f : members[c])
      for (auto g : calls[f])
        if (component[g] != c) begin[component[g]] = std::max(begin[component[g]], at);
  }
}

Fault Unit::lower(Code& code) {
  const auto& ptx_entry = *entry.function;
  std::size_t at = 0;
  for (const auto& p : ptx_entry.params) {
    const std::size_t align = std::max<std::size_t>(p.align, 1), size = size_of(p);
    at = (at + align - 1) / align * align;
    if (size > kMaxParams || at + size > kMaxParams)
      return {kInvalidPtx, "kernel " + ptx_entry.name + " has more than " + std::to_string(kMaxParams) + " bytes of parameters"};
    code.info.params.emplace_back(at, size);
    at += size;
  }
  code.info.param_bytes = at;
  code.info.name = ptx_entry.name;
  code.function = &ptx_entry;

  auto reserve = [&](const std::vector<ptx::Variable>& list) {
    std::size_t words = 0;
    for (const auto& v : list) words += std::min<std::size_t>(size_of(v) / 4 + 1, kMaxParams);
    abi_words = std::max(abi_words, std::uint32_t(std::min<std::size_t>(words, kMaxParams)));
  };
  for (const auto& f : image.functions()) {
    if (!f.function->is_entry) {
      reserve(f.function->params);
      reserve(f.function->returns);
    }
    for (const auto& prototype : f.function->prototypes) {
      reserve(prototype.params);
      reserve(prototype.returns);
    }
  }
  if (abi_words > kMaxParams / 4) return {kInvalidPtx, "a function takes parameters of more than " + std::to_string(kMaxParams) + " bytes"};
  abi = ValueId(values.size());
  for (std::uint32_t n = 0; n < abi_words; ++n) values[temporary(Cls::r32)].kind = Value::fixed;

  reach();
  if (fault) return fault;
  for (std::size_t n = 0; n < functions.size(); ++n) {
    auto& function = *functions[n];
    if (const auto why = too_large(function); !why.empty()) return {kInvalidPtx, why};
    function.first_register = ValueId(values.size());
    for (const auto& r : function.ptx->registers) temporary(class_of(r.type));
    if (!FunctionLowering(*this, function).run()) return fault;
  }

  // A function that waits makes the loops that call it wait.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& function : functions) {
      for (auto& block : function->blocks)
        for (auto& node : block.nodes) {
          if (node.kind == Node::call && !node.waits) {
            if (node.handler == exec::run_call) node.waits = functions[node.imm]->waits;
            else for (auto& g : functions) node.waits |= g->linked->address_taken && g->waits;
          }
          if (node.waits && !function->waits) function->waits = changed = true;
        }
    }
  }
  for (auto& function : functions) {
    order_blocks(*function);
    optimise(*function);
  }
  collect_constants();
  for (auto& function : functions) allocate(*function);
  assign_frames();
  return emit(code);
}

/// Gives rows to what every function shares: constants and special rows that are really used, words for calls.
void Unit::collect_constants() {
  std::int32_t at = exec::kFixedBytes;
  auto place = [&](ValueId id) {
    auto& value = values[id];
    if (value.kind == Value::local || value.row >= 0) return;
    value.row = at;
    at += std::int32_t(std::max(64u, row_bytes(value.cls)));   // a predicate must not shift the rows after it
  };
  for (auto& function : functions)
    for (auto b : function->layout)
      for (auto& node : function->blocks[b].nodes) {
        for (unsigned n = 0; n < node.count; ++n) place(node.ops[n]);
        for (auto id : node.list) place(id);
        if (node.guard != kNoValue) place(node.guard);
      }
  functions[0]->frame_begin = functions[0]->frame_end = std::uint32_t(at);
  for (auto& function : functions) function->frame_begin = function->frame_end = std::uint32_t(at);
}

void Unit::fill_rows(Code& code) {
  code.image.assign(functions[0]->frame_begin, std::byte{0});
  std::memset(code.image.data() + exec::kTrueRow, 0xff, 4);
  for (const auto& value : values) {
    if (value.row < 0) continue;
    if (value.kind == Value::constant) {
      const unsigned width = row_bytes(value.cls) / 32 > 8 ? 8 : row_bytes(value.cls) / 32;
      for (unsigned lane = 0; lane < 32; ++lane) {
        std::memcpy(code.image.data() + value.row + lane * width, &value.bits, width);
        if (value.cls == Cls::r128) std::memcpy(code.image.data() + value.row + 256 + lane * 8, &value.high, 8);
      }
    } else if (value.kind == Value::special) {
      auto fill = value.fill;
      fill.row = value.row;
      switch (fill.which) {
        case Special::tid_x: case Special::tid_y: case Special::tid_z: case Special::warpid:
          code.warp_rows.push_back(fill);
          break;
        case Special::ctaid_x: case Special::ctaid_y: case Special::ctaid_z: case Special::smid:
        case Special::clusterid_x: case Special::clusterid_y: case Special::clusterid_z:
        case Special::cluster_ctaid_x: case Special::cluster_ctaid_y: case Special::cluster_ctaid_z:
        case Special::cluster_ctarank:
          code.block_rows.push_back(fill);
          break;
        default:
          code.launch_rows.push_back(fill);
      }
    }
  }
}

}  // namespace simt::ir
