// From executed instructions back to what the programmer wrote.
#include "simt/observers/source.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace simt::observers {

namespace {

/// Where lanes part, or wait for each other: they may go on in other company.
bool ends_segment(const ptx::Instruction& instruction) {
  static constexpr std::string_view kOpcodes[] = {
      "bra", "brx", "ret", "exit", "trap", "call", "bar", "barrier", "shfl", "vote", "match", "redux", "elect", "nanosleep",
      "mma", "wmma", "ldmatrix", "stmatrix", "movmatrix"};
  return std::find(std::begin(kOpcodes), std::end(kOpcodes), instruction.opcode()) != std::end(kOpcodes);
}

std::int32_t location_of(const ptx::Function& function, std::size_t index) {
  // Instructions before the first line belong to it.
  for (; index < function.body.size(); ++index)
    if (function.body[index].location >= 0) return function.body[index].location;
  return -1;
}

}  // namespace

SourceLine source_line(const ptx::Module& module, const ptx::Function& function, std::size_t index) {
  SourceLine result;
  auto at = location_of(function, index);
  for (int depth = 0; at >= 0 && std::size_t(at) < module.locations.size() && depth < 64; ++depth) {
    const auto& location = module.locations[at];
    at = location.inlined_at;
    if (at >= 0) continue;
    result.line = location.line;
    for (const auto& [number, path] : module.files)
      if (number == location.file) result.file = path;
  }
  return result;
}

SourceLine own_line(const ptx::Module& module, const ptx::Function& function, std::size_t index) {
  auto result = source_line(module, function, index);
  auto at = location_of(function, index);
  for (int depth = 0; at >= 0 && std::size_t(at) < module.locations.size() && depth < 64; ++depth) {
    const auto& location = module.locations[at];
    for (const auto& [number, path] : module.files)
      if (number == location.file && path == result.file) {
        result.line = location.line;
        return result;
      }
    at = location.inlined_at;
  }
  return result;
}

std::string written_in(const ptx::Module& module, const ptx::Function& function, std::size_t index) {
  const auto at = location_of(function, index);
  if (at < 0 || std::size_t(at) >= module.locations.size()) return "";
  for (const auto& [number, path] : module.files)
    if (number == module.locations[at].file) return path;
  return "";
}

std::vector<Reached> reached(const ir::Code& code) {
  struct Found {
    const ptx::Module* module = nullptr;
    std::vector<std::int32_t> first;   // executed instruction by PTX instruction, -1 where there is none
  };
  std::vector<const ptx::Function*> order;
  std::map<const ptx::Function*, Found> functions;
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto& origin = code.origins[n];
    if (!origin.function || !origin.instruction) continue;
    auto& found = functions[origin.function];
    if (!found.module) {
      found.module = origin.module;
      found.first.assign(origin.function->body.size(), -1);
      order.push_back(origin.function);
    }
    auto& first = found.first[std::size_t(origin.instruction - origin.function->body.data())];
    if (first < 0) first = std::int32_t(n);
  }
  std::vector<Reached> result;
  for (const auto* function : order) {
    const auto& found = functions[function];
    const std::size_t size = function->body.size();
    std::vector<bool> labelled(size + 1, false);
    for (const auto& label : function->labels) labelled[std::min<std::size_t>(label.second, size)] = true;
    std::int32_t before = -1;   // carrier of a segment that runs into this one
    for (std::size_t begin = 0, end; begin < size; begin = end) {
      end = begin + 1;
      while (end < size && !labelled[end] && !ends_segment(function->body[end - 1])) ++end;
      std::int32_t carrier = -1;
      for (std::size_t n = begin; n < end; ++n)
        if (const auto first = found.first[n]; first >= 0 && (carrier < 0 || first < carrier)) carrier = first;
      if (carrier < 0 && !labelled[begin]) carrier = before;   // nothing is left of it
      for (std::size_t n = begin; n < end && carrier >= 0; ++n)
        result.push_back({found.module, function, std::uint32_t(n), std::uint32_t(carrier)});
      const auto& last = function->body[end - 1];
      const auto opcode = last.opcode();
      before = opcode == "bra" || opcode == "brx" || opcode == "ret" || opcode == "exit" || opcode == "trap" ? -1 : carrier;
    }
  }
  return result;
}

bool says(const ptx::Instruction& instruction, std::string_view part) {
  return std::find(instruction.parts.begin(), instruction.parts.end(), part) != instruction.parts.end();
}

std::string readable_name(const std::string& mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  if (!text) return mangled;
  std::string name = text;
  std::free(text);
  if (name.ends_with(')')) {   // the parameters; template arguments may have parentheses of their own
    std::size_t at = name.size() - 1;
    for (int depth = 1; depth > 0 && at > 0;) {
      --at;
      depth += name[at] == ')' ? 1 : name[at] == '(' ? -1 : 0;
    }
    if (at > 0) name.resize(at);
  }
  if (name.starts_with("void ")) name.erase(0, 5);   // templates come with their result
  return name;
}

}  // namespace simt::observers
