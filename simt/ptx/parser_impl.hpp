// The recursive-descent parser behind parse(): its state, and what the files that share it call in each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "simt/ptx/ast.hpp"
#include "simt/ptx/lexer.hpp"

namespace simt::ptx {

// Bounds on what a text may ask for. Real modules stay far below; broken ones end in an error, not in a dead process.
inline constexpr std::size_t max_text = std::size_t{64} << 20;
inline constexpr int max_scopes_open = 256;
inline constexpr int max_expression_depth = 64;
inline constexpr int max_operand_depth = 4;
inline constexpr std::size_t max_operands = 4096;
inline constexpr std::size_t max_parts = 32;
inline constexpr int max_inlining = 1000;
inline constexpr std::size_t max_names = std::size_t{256} << 20;  ///< bytes of all names of inlined functions
inline constexpr std::size_t max_targets = 1 << 20;
inline constexpr std::uint64_t max_variable_bytes = std::uint64_t{1} << 48;

/// A constant expression's value.
struct Constant {
  enum Kind : std::uint8_t { s64, u64, f32, f64 } kind = s64;
  std::uint64_t bits = 0;
  bool is_float() const { return kind == f32 || kind == f64; }
  double as_double() const;
};

class Parser {
 public:
  explicit Parser(Module& module) : module_(module), lexer_(module.text) { advance(); }
  void parse_module();

 private:
  struct Name {
    enum Kind : std::uint8_t { reg, vector_reg, symbol } kind = symbol;
    SymbolOperand::Kind symbol_kind = SymbolOperand::unresolved;
    std::uint32_t index = 0;   ///< register, first of a vector's registers, or the symbol's index
    std::uint32_t length = 1;  ///< registers of a vector
  };
  struct Range {  ///< `%r<100>`
    std::uint64_t count = 0;
    Type type = Type::none;
    std::uint32_t vector = 1;
  };
  struct Scope {
    std::int32_t parent = -1;
    std::unordered_map<std::string_view, Name> names;
    std::unordered_map<std::string_view, Range> ranges;
  };
  struct StringReference {  ///< a `function_name` still to be read out of .debug_str
    std::string_view label;
    std::uint64_t offset = 0;
    std::uint32_t line = 0;
  };

  struct PendingTargets {  ///< a `.branchtargets` or `.calltargets` list; `A<3>` stands for A0, A1, A2
    std::uint32_t index = 0;
    std::int32_t scope = -1;
    std::uint32_t line = 0;
    bool calls = false;
    std::vector<std::pair<std::string_view, std::int64_t>> names;  ///< count -1 for a plain name
  };

  // ---- tokens (parser.cpp)
  void advance() { token_ = lexer_.next(); }
  [[noreturn]] void fail(const std::string& message) const { fail_at(token_.line, message); }
  [[noreturn]] static void fail_at(std::uint32_t line, const std::string& message);
  [[noreturn]] void fail_expected(std::string_view what) const;
  bool accept(char c);
  void expect(char c, std::string_view context);
  std::string_view expect_name(std::string_view what);
  std::uint64_t expect_unsigned(std::string_view what, std::uint64_t limit);
  std::string_view expect_string(std::string_view what);

  // ---- module scope (module.cpp)
  void parse_version();
  void parse_target();
  void parse_file();
  void parse_section();
  void parse_alias();
  void finish_module();
  void check_initialiser(const Variable& variable) const;
  void add_module_variable(Variable variable, std::string_view name, bool in_function);
  using Copies = std::unordered_map<std::string_view, std::uint32_t>;
  static std::string unique(Copies& copies, std::string_view name);

  // ---- declarations (declaration.cpp)
  struct Declarator {  ///< what precedes the name: `.global .align 4 .v2 .f32`
    Variable variable;
    bool has_align = false;
    bool has_type = false;
  };
  Declarator parse_declarator(Space space, Linkage linkage);
  std::string_view parse_name_and_dimensions(Variable& variable, bool name_may_be_absent);
  void parse_variables(Space space, Linkage linkage, bool in_function);
  void parse_initialiser(Variable& variable);
  void parse_initialiser_items(Variable& variable, int depth);
  Initialiser parse_initialiser_value(const Variable& variable);
  std::uint64_t constant_in_type(const Constant& value, Type type, std::uint32_t line) const;
  void parse_attribute(Variable* variable);
  std::vector<Variable> parse_parameters();
  void parse_registers();
  void declare_register(std::string_view name, Type type, std::uint32_t vector, std::uint32_t line);

  // ---- functions (function.cpp)
  void parse_function(Linkage linkage, bool is_entry);
  void parse_function_directives(Function& function);
  void parse_dimensions(std::uint32_t (&out)[3]);
  void parse_body();
  void parse_body_directive();
  void parse_location();
  std::int32_t location_index(std::uint32_t file, std::uint32_t line, std::uint32_t column, std::int32_t parent,
                              const StringReference& function);
  void parse_pragma(bool in_function);
  void parse_labelled(std::string_view label, std::uint32_t line);
  void open_scope();
  void declare(std::string_view name, Name what, std::uint32_t line);
  const Name* find(std::string_view name, std::int32_t scope);
  const Name* find_in_range(std::string_view name, Scope& scope);
  std::uint32_t new_register(std::string name, Type type);
  void resolve_body();
  void resolve_targets(const PendingTargets& pending);
  void resolve(Operand& operand, std::int32_t scope, std::uint32_t line);
  void resolve(SymbolOperand& symbol, std::int32_t scope, std::uint32_t line);

  // ---- instructions (operand.cpp)
  void parse_instruction(std::string_view opcode, std::uint32_t line);
  void parse_guard();
  Operand parse_operand(int depth, bool tuple_in_parentheses);
  Operand parse_plain_operand(int depth, bool tuple_in_parentheses);
  Operand parse_named_operand(bool negated, bool minus);
  Operand parse_bracketed(int depth);
  std::vector<Operand> parse_operand_list(char close, int depth);
  std::int64_t parse_offset();
  bool is_special_register(std::string_view name) const;

  // ---- constant expressions (expression.cpp)
  Constant parse_constant(int depth = 0);
  Constant parse_binary(int lowest, int depth);
  Constant parse_unary(int depth);
  Constant parse_primary(int depth);
  std::int64_t parse_integer_constant(std::string_view what);
  int binary_precedence();

  Module& module_;
  Lexer lexer_;
  Token token_;

  std::unordered_map<std::string_view, Name> symbols_;          ///< of the module
  Copies symbol_copies_;
  bool has_target_ = false;
  std::uint64_t open_extent_ = 0;  ///< elements in a row of the `[]` array declared last, 0 if it was no such array

  // .debug_str
  std::string strings_;
  std::unordered_map<std::string_view, std::uint64_t> string_labels_;
  std::vector<std::pair<std::uint32_t, StringReference>> wanted_names_;  ///< index of the location, its function's name
  using LocationKey = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::int32_t, std::string_view, std::uint64_t>;
  struct LocationHash { std::size_t operator()(const LocationKey& key) const; };
  std::unordered_map<LocationKey, std::int32_t, LocationHash> location_index_;
  std::vector<int> location_depth_;

  // the function at hand
  Function* function_ = nullptr;
  std::vector<Scope> scopes_;
  std::int32_t scope_ = -1;
  int scopes_open_ = 0;
  std::vector<std::int32_t> scope_of_;       ///< of each instruction of the body
  Copies label_copies_, variable_copies_;
  std::vector<PendingTargets> pending_targets_;
  std::size_t targets_ = 0;  ///< of all lists of the module
  std::int32_t location_ = -1;
  std::unordered_map<LocationKey, std::int32_t, LocationHash> last_location_;  ///< by file, line and column alone
  std::vector<std::string_view> parameter_names_;  ///< of the parameter list read last, views into the text
  std::uint32_t used_bytes_ = ~0u;
  std::int32_t guard_ = -1;
  bool guard_negated_ = false;
};

}  // namespace simt::ptx
