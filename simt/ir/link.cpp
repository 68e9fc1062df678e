// Links modules and lays out their variables.
#include "simt/ir/link.hpp"

#include <cstdint>
#include <cstring>

namespace simt::ir {

using exec::Fault;
using ptx::Linkage;
using ptx::Space;
using ptx::Type;

namespace {
constexpr int kOutOfMemory = 2, kSymbolNotFound = 500;

bool seen_by_others(Linkage linkage) { return linkage != Linkage::none; }

bool in_memory(const ptx::Variable& v) { return v.space == Space::global || v.space == Space::constant; }
}  // namespace

std::size_t size_of(const ptx::Variable& v) {
  std::size_t size = std::size_t{size_of(v.type)} * v.vector;
  if (v.is_array && __builtin_mul_overflow(size, v.count, &size)) return SIZE_MAX;
  return size;
}

Image::~Image() {
  for (auto address : allocations_) memory::AddressSpace::instance().release(address);
}

Fault Image::place(PlacedVariable& placed, int device) {
  const auto& v = *placed.variable;
  const auto kind = v.space == Space::constant ? memory::Kind::module_const
                    : v.managed               ? memory::Kind::managed
                                              : memory::Kind::module_global;
  placed.size = size_of(v);
  if (placed.size >> 40 || v.count >> 40)
    return {kOutOfMemory, "variable " + v.name + " is larger than the device's memory"};
  if (v.managed && first_) {
    const auto* there = first_->variable(v.name);
    placed.address = there ? there->address : 0;
    return placed.address ? Fault{} : Fault{kSymbolNotFound, "managed variable " + v.name + " is on another device only"};
  }
  const auto address = memory::AddressSpace::instance().allocate(placed.size ? placed.size : 1, device, kind, v.name);
  if (!address) return {kOutOfMemory, "out of device memory for variable " + v.name};
  placed.address = *address;
  allocations_.push_back(*address);
  return {};
}

Fault Image::initialise(const PlacedVariable& placed) {
  const auto& v = *placed.variable;
  if (v.managed && first_) return {};
  std::byte* host = memory::AddressSpace::instance().host(placed.address, placed.size);
  if (!host) return placed.size ? Fault{kOutOfMemory, "variable " + v.name + " has no memory"} : Fault{};
  std::memset(host, 0, placed.size);
  const std::size_t width = size_of(v.type);
  for (std::size_t n = 0; n < v.init.size(); ++n) {
    const auto& item = v.init[n];
    if ((n + 1) * width > placed.size)
      return {kInvalidPtx, "line " + std::to_string(v.line) + ": " + v.name + " has more initialisers than elements"};
    std::uint64_t bits = item.bits;
    if (!item.symbol.empty()) {
      if (const auto* target = variable(placed.module, item.symbol)) {
        bits += target->address;
      } else if (const auto* target_function = function(placed.module, item.symbol); target_function && !target_function->function->is_declaration) {
        bits += target_function->address;
      } else {
        return {kInvalidPtx, "line " + std::to_string(v.line) + ": the initialiser of " + v.name + " names " +
                                 item.symbol + ", which no unit of the program defines (" + place_of(*placed.module, v.line) + ")"};
      }
      if (item.mask != ~0ull && item.mask != 0) bits = (bits & item.mask) >> __builtin_ctzll(item.mask);
    }
    std::memcpy(host + n * width, &bits, width < 8 ? width : 8);
  }
  return {};
}

std::string Image::place_of(const ptx::Module& module, std::uint32_t line) const {
  std::string text;
  if (!module.files.empty()) {
    const auto& path = module.files.front().second;
    text = path.substr(path.find_last_of('/') + 1);
  } else {
    std::size_t n = 0;
    while (n < modules_.size() && modules_[n].get() != &module) ++n;
    text = "unit " + std::to_string(n + 1) + " of " + std::to_string(modules_.size());
  }
  return text + ", PTX line " + std::to_string(line);
}

Fault Image::twice(const char* what, const std::string& name, const ptx::Module& first, std::uint32_t line,
                   const ptx::Module& second, std::uint32_t other) const {
  return {kInvalidPtx, std::string(what) + " " + name + " is defined twice: in " + place_of(first, line) + ", and in " +
                           place_of(second, other) + "; all but one must be declared extern, static or inline"};
}

Fault Image::link(std::vector<std::unique_ptr<ptx::Module>> modules, int device, const Image* first) {
  modules_ = std::move(modules);
  first_ = first;

  // Functions: a definition wins over declarations, the first one over later weak ones.
  for (const auto& module : modules_) {
    auto& names = local_[module.get()];
    for (const auto& f : module->functions) {
      auto existing = names.functions.find(f.name);
      if (existing != names.functions.end()) {
        auto& known = functions_[existing->second];
        if (known.function->is_declaration) known = {module.get(), &f, known.address};
        continue;
      }
      if (seen_by_others(f.linkage) || f.is_declaration) {
        auto [at, fresh] = global_functions_.try_emplace(f.name, std::uint32_t(functions_.size()));
        if (!fresh) {
          auto& known = functions_[at->second];
          names.functions[f.name] = at->second;
          if (f.is_declaration) continue;
          if (known.function->is_declaration || (known.function->linkage == Linkage::weak && f.linkage != Linkage::weak)) {
            known = {module.get(), &f, known.address};
          } else if (f.linkage != Linkage::weak && known.function->linkage != Linkage::weak) {
            return twice("function", f.name, *known.module, known.function->line, *module, f.line);
          }
          continue;
        }
      }
      names.functions[f.name] = std::uint32_t(functions_.size());
      functions_.push_back({module.get(), &f, kFunctionWindow + 16 * (functions_.size() + 1)});
    }
  }

  // Variables: `.extern` ones find their definition, or are an error where they are used.
  const auto may_repeat = [](const ptx::Variable& v) { return v.linkage == Linkage::weak || v.linkage == Linkage::common; };
  for (const auto& module : modules_) {
    for (const auto& v : module->variables) {
      if (!in_memory(v) || v.linkage == Linkage::external || !seen_by_others(v.linkage)) continue;
      auto [at, fresh] = global_variables_.try_emplace(v.name, PlacedVariable{module.get(), &v});
      if (fresh || may_repeat(v)) continue;
      if (!may_repeat(*at->second.variable)) return twice("variable", v.name, *at->second.module, at->second.variable->line, *module, v.line);
      at->second = {module.get(), &v};
    }
  }
  for (const auto& module : modules_) {
    for (const auto& v : module->variables) {
      if (!in_memory(v) || v.linkage != Linkage::external || (v.is_array && v.count == 0)) continue;
      const auto at = global_variables_.find(v.name);
      if (at == global_variables_.end() || size_of(v) == size_of(*at->second.variable)) continue;
      return {kInvalidPtx, "variable " + v.name + " has " + std::to_string(size_of(v)) + " bytes in " + place_of(*module, v.line) + ", and " +
                               std::to_string(size_of(*at->second.variable)) + " where it is defined, in " +
                               place_of(*at->second.module, at->second.variable->line)};
    }
  }
  for (auto& [name, placed] : global_variables_)
    if (auto fault = place(placed, device)) return fault;
  for (const auto& module : modules_) {
    for (const auto& v : module->variables) {
      if (!in_memory(v) || seen_by_others(v.linkage)) continue;
      auto& slot = local_[module.get()].variables[v.name];
      slot = {module.get(), &v};
      if (auto fault = place(slot, device)) return fault;
    }
    // Variables that a function body declares are constants and globals of that function; their names are unique.
    for (const auto& f : module->functions) {
      for (const auto& v : f.variables) {
        if (!in_memory(v)) continue;
        auto& slot = local_[module.get()].variables[v.name];
        slot = {module.get(), &v};
        if (auto fault = place(slot, device)) return fault;
      }
    }
  }
  for (auto& [name, placed] : global_variables_)
    if (auto fault = initialise(placed)) return fault;
  for (auto& [module, names] : local_)
    for (auto& [name, placed] : names.variables)
      if (auto fault = initialise(placed)) return fault;

  // A function whose address is taken anywhere may be the target of any indirect call.
  auto take = [&](const ptx::Module* module, std::string_view name) {
    auto& names = local_[module].functions;
    if (auto at = names.find(name); at != names.end()) functions_[at->second].address_taken = true;
  };
  for (const auto& module : modules_) {
    for (const auto& v : module->variables)
      for (const auto& item : v.init)
        if (!item.symbol.empty()) take(module.get(), item.symbol);
    for (const auto& f : module->functions)
      for (const auto& instruction : f.body)
        if (instruction.opcode() == "mov" || instruction.opcode() == "st")
          for (const auto& operand : instruction.operands)
            if (auto* symbol = std::get_if<ptx::SymbolOperand>(&operand.value)) take(module.get(), symbol->name);
  }
  return {};
}

const PlacedVariable* Image::variable(const ptx::Module* from, std::string_view name) const {
  if (auto names = local_.find(from); names != local_.end())
    if (auto at = names->second.variables.find(name); at != names->second.variables.end()) return &at->second;
  auto at = global_variables_.find(name);
  return at == global_variables_.end() ? nullptr : &at->second;
}

const PlacedVariable* Image::variable(std::string_view name) const {
  if (auto at = global_variables_.find(name); at != global_variables_.end()) return &at->second;
  for (const auto& module : modules_) {
    const auto& variables = local_.at(module.get()).variables;
    if (auto at = variables.find(name); at != variables.end()) return &at->second;
  }
  return nullptr;
}

const LinkedFunction* Image::function(const ptx::Module* from, std::string_view name) const {
  auto names = local_.find(from);
  if (names == local_.end()) return nullptr;
  auto at = names->second.functions.find(name);
  return at == names->second.functions.end() ? nullptr : &functions_[at->second];
}

const LinkedFunction* Image::function_at(std::uint64_t address) const {
  const std::uint64_t at = address - kFunctionWindow, index = at / 16;
  return at % 16 || index == 0 || index > functions_.size() ? nullptr : &functions_[index - 1];
}

const LinkedFunction* Image::entry(std::string_view name) const {
  for (const auto& f : functions_)
    if (f.function->is_entry && !f.function->is_declaration && f.function->name == name) return &f;
  return nullptr;
}

}  // namespace simt::ir
