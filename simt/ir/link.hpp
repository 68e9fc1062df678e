// Links modules: which symbol a name means, where variables lie in memory, what address a function has.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/ir/code.hpp"
#include "simt/memory/memory.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ir {

inline constexpr int kInvalidPtx = 218;   ///< cudaErrorInvalidPtx

struct PlacedVariable {
  const ptx::Module* module = nullptr;
  const ptx::Variable* variable = nullptr;
  memory::GuestAddr address = 0;   ///< .global and .const
  std::size_t size = 0;
};

struct LinkedFunction {
  const ptx::Module* module = nullptr;
  const ptx::Function* function = nullptr;   ///< with a body, or a declaration that nothing defines
  std::uint64_t address = 0;
  bool address_taken = false;
};

/// Bytes of a variable.
using ptx::size_of;
std::size_t size_of(const ptx::Variable& variable);

class Image {
 public:
  Image() = default;
  Image(const Image&) = delete;
  ~Image();

  /// Resolves names, allocates and initialises variables. `first` is the same on another device: managed variables are its.
  exec::Fault link(std::vector<std::unique_ptr<ptx::Module>> modules, int device, const Image* first = nullptr);

  const PlacedVariable* variable(const ptx::Module* from, std::string_view name) const;
  /// A variable by the name under which the host knows it, whichever module it is in.
  const PlacedVariable* variable(std::string_view name) const;
  const LinkedFunction* function(const ptx::Module* from, std::string_view name) const;
  const LinkedFunction* entry(std::string_view name) const;
  const LinkedFunction* function_at(std::uint64_t address) const;
  /// "a.cu, PTX line 12", for messages; a unit without line information is counted.
  std::string place_of(const ptx::Module& module, std::uint32_t line) const;
  const std::vector<std::unique_ptr<ptx::Module>>& modules() const { return modules_; }
  /// By address: kFunctionWindow + 16 * index.
  const std::vector<LinkedFunction>& functions() const { return functions_; }
  const std::map<std::string, PlacedVariable, std::less<>>& variables() const { return global_variables_; }

 private:
  struct Names {
    std::unordered_map<std::string_view, std::uint32_t> functions;
    std::unordered_map<std::string_view, PlacedVariable> variables;   ///< those that other modules do not see
  };
  exec::Fault twice(const char* what, const std::string& name, const ptx::Module& first, std::uint32_t line,
                    const ptx::Module& second, std::uint32_t other) const;
  exec::Fault place(PlacedVariable& placed, int device);
  exec::Fault initialise(const PlacedVariable& placed);

  std::vector<std::unique_ptr<ptx::Module>> modules_;
  std::unordered_map<const ptx::Module*, Names> local_;
  std::vector<LinkedFunction> functions_;
  std::unordered_map<std::string_view, std::uint32_t> global_functions_;
  std::map<std::string, PlacedVariable, std::less<>> global_variables_;
  std::vector<memory::GuestAddr> allocations_;
  const Image* first_ = nullptr;   ///< while it is linked
};

}  // namespace simt::ir
