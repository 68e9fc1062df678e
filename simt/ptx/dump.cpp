// The syntax tree as JSON.
#include "simt/ptx/dump.hpp"

#include <cstdlib>
#include <cstring>

#include "simt/ptx/json.hpp"
#include "simt/ptx/parser.hpp"

namespace simt::ptx {
namespace {

constexpr std::string_view space_words[] = {"none", "reg", "param", "global", "const", "shared", "local"};
constexpr std::string_view linkage_words[] = {"none", "extern", "visible", "weak", "common"};
constexpr std::string_view symbol_words[] = {"unresolved", "variable", "local_variable", "parameter", "result", "function",
                                             "label", "prototype", "branch_targets", "call_targets"};
constexpr std::string_view part_words[] = {"", "b0", "b1", "b2", "b3", "h0", "h1"};
constexpr std::string_view number_words[] = {"integer", "f32", "f64"};

class Writer : public JsonWriter {
 public:
  void variable(const Variable& v) {
    out += '{';
    field("name", v.name);
    field("space", space_words[static_cast<int>(v.space)]);
    field("type", type_word(v.type));
    field("linkage", linkage_words[static_cast<int>(v.linkage)]);
    field("align", v.align);
    field("count", v.count);
    field("is_array", v.is_array);
    field("vector", v.vector);
    field("managed", v.managed);
    field("is_pointer", v.is_pointer);
    field("pointee", space_words[static_cast<int>(v.pointee)]);
    field("pointee_align", v.pointee_align);
    field("line", v.line);
    list("init", v.init, [&](const Initialiser& init) {
      out += '{';
      field("bits", init.bits);
      if (!init.symbol.empty()) {
        field("symbol", init.symbol);
        field("generic", init.generic);
        field("mask", init.mask);
      }
      out += '}';
    });
    out += '}';
  }

  void reg(const RegOperand& operand) {
    field("reg", operand.index);
    if (operand.negated) field("negated", true);
    if (operand.minus) field("minus", true);
    if (operand.part != RegOperand::whole) field("part", part_words[operand.part]);
  }
  void symbol(const SymbolOperand& operand) {
    field("symbol", operand.name);
    field("kind", symbol_words[operand.kind]);
    field("index", operand.index);
    if (operand.offset != 0) field("offset", operand.offset);
  }
  void immediate(const ImmOperand& operand) {
    field("imm", operand.bits);
    field("kind", number_words[operand.kind]);
  }

  void operand(const Operand& operand) {
    out += '{';
    const auto items = [&](std::string_view name, const std::vector<Operand>& all) {
      list(name, all, [&](const Operand& item) { this->operand(item); });
    };
    const auto& value = operand.value;
    if (auto* r = std::get_if<RegOperand>(&value)) reg(*r);
    else if (auto* s = std::get_if<SpecialOperand>(&value)) field("special", s->name);
    else if (auto* i = std::get_if<ImmOperand>(&value)) immediate(*i);
    else if (auto* n = std::get_if<SymbolOperand>(&value)) symbol(*n);
    else if (auto* v = std::get_if<VectorOperand>(&value)) items("vector", v->items);
    else if (auto* p = std::get_if<PairOperand>(&value)) items("pair", p->items);
    else if (auto* t = std::get_if<TupleOperand>(&value)) items("tuple", t->items);
    else if (auto* a = std::get_if<AddressOperand>(&value)) {
      key("address");
      out += '{';
      if (auto* base = std::get_if<RegOperand>(&a->base)) reg(*base);
      else if (auto* name = std::get_if<SymbolOperand>(&a->base)) symbol(*name);
      else immediate(std::get<ImmOperand>(a->base));
      out += '}';
      field("offset", a->offset);
    } else {
      field("sink", true);
    }
    out += '}';
  }

  void instruction(const Instruction& i) {
    out += '{';
    list("parts", i.parts, [&](std::string_view part) { string(part); });
    list("operands", i.operands, [&](const Operand& o) { operand(o); });
    if (i.guard >= 0) {
      field("guard", i.guard);
      field("guard_negated", i.guard_negated);
    }
    field("location", i.location);
    field("line", i.line);
    if (i.used_bytes != ~0u) field("used_bytes", i.used_bytes);
    out += '}';
  }

  void function(const Function& f) {
    const auto variables = [&](std::string_view name, const std::vector<Variable>& all) {
      list(name, all, [&](const Variable& v) { variable(v); });
    };
    const auto names = [&](std::string_view name, const std::vector<std::vector<std::string>>& all) {
      list(name, all, [&](const auto& one) { array(one, [&](const std::string& s) { string(s); }); });
    };
    const auto extents = [&](std::string_view name, const std::uint32_t (&all)[3]) {
      list(name, all, [&](std::uint32_t n) { value(n); });
    };
    out += '{';
    field("name", f.name);
    field("is_entry", f.is_entry);
    field("is_declaration", f.is_declaration);
    field("linkage", linkage_words[static_cast<int>(f.linkage)]);
    field("noreturn", f.noreturn);
    field("line", f.line);
    variables("returns", f.returns);
    variables("params", f.params);
    list("registers", f.registers, [&](const Register& r) {
      out += '[';
      string(r.name);
      out += ',';
      string(type_word(r.type));
      out += ']';
    });
    variables("variables", f.variables);
    list("prototypes", f.prototypes, [&](const Prototype& p) {
      out += '{';
      field("name", p.name);
      field("noreturn", p.noreturn);
      variables("returns", p.returns);
      variables("params", p.params);
      out += '}';
    });
    list("body", f.body, [&](const Instruction& i) { instruction(i); });
    list("labels", f.labels, [&](const auto& label) {
      out += '[';
      string(label.first);
      out += ',';
      value(label.second);
      out += ']';
    });
    names("branch_targets", f.branch_targets);
    names("call_targets", f.call_targets);
    extents("max_threads", f.max_threads);
    extents("required_threads", f.required_threads);
    extents("required_cluster", f.required_cluster);
    field("min_blocks", f.min_blocks);
    field("max_registers", f.max_registers);
    field("max_cluster_rank", f.max_cluster_rank);
    field("explicit_cluster", f.explicit_cluster);
    field("blocks_are_clusters", f.blocks_are_clusters);
    out += '}';
  }

  void module(const Module& m) {
    out += '{';
    field("version", m.version);
    field("target", m.target);
    field("address_size", m.address_size);
    list("files", m.files, [&](const auto& file) {
      out += '[';
      value(file.first);
      out += ',';
      string(file.second);
      out += ']';
    });
    list("locations", m.locations, [&](const Location& l) {
      out += '{';
      field("file", l.file);
      field("line", l.line);
      field("column", l.column);
      field("inlined_at", l.inlined_at);
      field("function", l.function);
      out += '}';
    });
    list("variables", m.variables, [&](const Variable& v) { variable(v); });
    list("functions", m.functions, [&](const Function& f) { function(f); });
    list("aliases", m.aliases, [&](const auto& alias) {
      out += '[';
      string(alias.first);
      out += ',';
      string(alias.second);
      out += ']';
    });
    out += '}';
  }
};

}  // namespace

std::string dump(const Module& module) {
  Writer writer;
  writer.module(module);
  return std::move(writer.out);
}

}  // namespace simt::ptx

__attribute__((visibility("default"))) char* simt_ptx_dump(const char* text, std::size_t size) {
  using namespace simt::ptx;
  Error error;
  std::string json;
  if (const auto module = parse({text, size}, error)) {
    json = dump(*module);
  } else {
    Writer writer;
    writer.out = "{";
    writer.field("error", error.message);
    writer.field("line", error.line);
    writer.out += '}';
    json = std::move(writer.out);
  }
  char* copy = static_cast<char*>(std::malloc(json.size() + 1));
  if (copy != nullptr) std::memcpy(copy, json.c_str(), json.size() + 1);
  return copy;
}

__attribute__((visibility("default"))) void simt_ptx_free(char* json) { std::free(json); }
