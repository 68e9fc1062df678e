// Declarations: variables with their initialisers, parameter lists, registers.
#include <algorithm>
#include <bit>

#include "simt/ptx/parser_impl.hpp"

namespace simt::ptx {
namespace {

Space space_from_word(std::string_view word) {
  if (word == "reg") return Space::reg;
  if (word == "param") return Space::param;
  if (word == "global") return Space::global;
  if (word == "const") return Space::constant;
  if (word == "shared") return Space::shared;
  if (word == "local") return Space::local;
  return Space::none;
}

}  // namespace

void Parser::parse_attribute(Variable* variable) {
  expect('(', "after '.attribute'");
  do {
    if (variable != nullptr && token_.is_dotted("managed")) {
      variable->managed = true;
      advance();
    } else if (token_.is_dotted("unified")) {
      advance();
      expect('(', "after '.unified'");
      parse_integer_constant("the first part of the identifier");
      expect(',', "in '.unified'");
      parse_integer_constant("the second part of the identifier");
      expect(')', "after '.unified'");
    } else {
      fail_expected(variable != nullptr ? "the attribute '.managed' or '.unified'" : "the attribute '.unified'");
    }
  } while (accept(','));
  expect(')', "after '.attribute'");
}

Parser::Declarator Parser::parse_declarator(Space space, Linkage linkage) {
  Declarator declarator;
  Variable& variable = declarator.variable;
  variable.space = space;
  variable.linkage = linkage;
  variable.line = token_.line;
  auto alignment = [&] {
    const std::uint64_t align = expect_unsigned("the alignment", std::uint64_t{1} << 20);
    if (!std::has_single_bit(align)) fail("the alignment must be a power of two, got " + std::to_string(align));
    return static_cast<std::uint32_t>(align);
  };
  if (token_.is('[')) fail("numbered constant banks are not supported");
  while (token_.kind == Token::dotted) {
    const std::string_view word = token_.text;
    if (const Type type = type_from_word(word); type != Type::none) {
      if (declarator.has_type) fail_expected("one type");
      variable.type = type;
      declarator.has_type = true;
      advance();
    } else if (word == "align") {
      advance();
      variable.align = alignment();
      declarator.has_align = true;
    } else if (word == "v2" || word == "v4" || word == "v8") {
      variable.vector = static_cast<std::uint32_t>(word[1] - '0');
      advance();
    } else if (word == "attribute") {
      advance();
      parse_attribute(&variable);
    } else if (word == "ptr" && space == Space::param) {
      advance();
      variable.is_pointer = true;
      if (token_.kind == Token::dotted && space_from_word(token_.text) != Space::none) {
        variable.pointee = space_from_word(token_.text);
        advance();
      }
      if (token_.is_dotted("align")) {
        advance();
        variable.pointee_align = alignment();
      }
    } else {
      fail("unknown word " + shown(token_) + " in a declaration");
    }
  }
  if (!declarator.has_type) fail_expected("a type such as '.b32'");
  const std::uint32_t size = size_of(variable.type);
  if (size == 0 && space != Space::reg) fail("a predicate can only be declared as '.reg'");
  if (!declarator.has_align) variable.align = std::max<std::uint32_t>(1, size * variable.vector);
  return declarator;
}

std::string_view Parser::parse_name_and_dimensions(Variable& variable, bool name_may_be_absent) {
  std::string_view name;
  if (token_.kind == Token::name || !name_may_be_absent) {
    name = expect_name("a name");
    variable.name = name;
  }
  variable.count = 1;
  variable.is_array = false;
  const std::uint64_t element = std::uint64_t{size_of(variable.type)} * variable.vector;
  bool open = false;
  std::uint64_t count = 1;
  while (token_.is('[')) {
    const std::uint32_t line = token_.line;
    advance();
    if (token_.is(']')) {
      if (variable.is_array) fail("only the first dimension of an array may be empty");
      open = true;
    } else {
      const std::int64_t extent = parse_integer_constant("an array's extent");
      if (extent < 0) fail_at(line, "an array's extent must not be negative");
      if (extent != 0 && count > max_variable_bytes / static_cast<std::uint64_t>(extent)) {
        fail_at(line, "the array is larger than 2^48 bytes");
      }
      count *= static_cast<std::uint64_t>(extent);
      if (element != 0 && count > max_variable_bytes / element) fail_at(line, "the array is larger than 2^48 bytes");
    }
    variable.is_array = true;
    expect(']', "after an array's extent");
  }
  // The extent left empty is filled in by the initialiser; without one the array's size is 0, as of `.extern .shared`.
  open_extent_ = open ? std::max<std::uint64_t>(count, 1) : 0;
  variable.count = open ? 0 : count;
  return name;
}

std::uint64_t Parser::constant_in_type(const Constant& value, Type type, std::uint32_t line) const {
  const std::uint32_t size = size_of(type);
  const bool is_bits = type == Type::b32 || type == Type::b64;
  if (!value.is_float()) {
    const bool takes = is_bits || type == Type::b8 || type == Type::b16 || (type >= Type::u8 && type <= Type::s64);
    if (!takes) fail_at(line, "an integer cannot initialise a variable of type '." + std::string(type_word(type)) + "'");
    return value.bits;
  }
  if (type == Type::f32 || type == Type::b32) {
    if (value.kind == Constant::f32) return value.bits;
    return std::bit_cast<std::uint32_t>(static_cast<float>(value.as_double()));
  }
  // ptxas stores the bit pattern behind 0f as it is, also where the variable has 64 bits.
  if (size == 8 && (type == Type::f64 || type == Type::b64)) return value.bits;
  fail_at(line, "a floating-point number cannot initialise a variable of type '." + std::string(type_word(type)) + "'");
}

Initialiser Parser::parse_initialiser_value(const Variable& variable) {
  Initialiser value;
  const std::uint32_t line = token_.line;
  const bool is_address = token_.kind == Token::name && token_.text != "WARP_SZ";
  if (!is_address) {
    const Constant constant = parse_constant();
    if (!token_.is('(') || constant.is_float()) {
      value.bits = constant_in_type(constant, variable.type, line);
      return value;
    }
    advance();
    value.mask = constant.bits;
    if (value.mask == 0) fail_at(line, "the mask of an address must not be 0");
  }
  const std::string_view name = expect_name("the name of a variable or function");
  value.generic = name == "generic" && token_.is('(');
  if (value.generic) {
    advance();
    const std::string_view inner = expect_name("the name of a variable");
    expect(')', "after 'generic('");
    value.bits = token_.is('+') || token_.is('-') ? static_cast<std::uint64_t>(parse_offset()) : 0;
    if (!is_address) expect(')', "after a masked address");
    value.symbol = inner;
  } else {
    value.bits = token_.is('+') || token_.is('-') ? static_cast<std::uint64_t>(parse_offset()) : 0;
    if (!is_address) expect(')', "after a masked address");
    value.symbol = name;
  }
  if (size_of(variable.type) < 4 && is_address) {
    fail_at(line, "an address does not fit a variable of type '." + std::string(type_word(variable.type)) + "'");
  }
  if (variable.type == Type::f32 || variable.type == Type::f64 || variable.type > Type::f64) {
    fail_at(line, "an address cannot initialise a variable of type '." + std::string(type_word(variable.type)) + "'");
  }
  return value;
}

void Parser::parse_initialiser_items(Variable& variable, int depth) {
  if (depth > 16) fail("the initialiser is nested deeper than 16");
  std::size_t own = 0;
  const std::uint32_t line = token_.line;
  for (;;) {
    if (accept('{')) {
      parse_initialiser_items(variable, depth + 1);
    } else {
      variable.init.push_back(parse_initialiser_value(variable));
      ++own;
      if (variable.count != 0 && variable.init.size() > variable.count * variable.vector) {
        fail("more initial values than elements: '" + variable.name + "' has " +
             std::to_string(variable.count * variable.vector));
      }
    }
    if (accept('}')) break;
    expect(',', "or '}' in the initialiser");
  }
  if (variable.vector > 1 && own != 0 && own != variable.vector) {
    fail_at(line, "expected " + std::to_string(variable.vector) + " values for a vector, got " + std::to_string(own));
  }
}

void Parser::parse_initialiser(Variable& variable) {
  const std::uint32_t line = token_.line;
  if (variable.space != Space::global && variable.space != Space::constant) {
    fail("only '.global' and '.const' variables can have initial values");
  }
  if (variable.linkage == Linkage::external) fail("an '.extern' variable cannot have an initial value");
  if (variable.type > Type::f64) fail("initial values of textures, samplers and surfaces are not supported");
  if (variable.is_array || variable.vector > 1) {
    expect('{', "before the initial values");
    parse_initialiser_items(variable, 0);
  } else {
    if (token_.is('{')) fail_expected("one value");
    variable.init.push_back(parse_initialiser_value(variable));
  }
  if (open_extent_ != 0) {
    const std::uint64_t row = open_extent_ * variable.vector;
    const std::uint64_t rows = (variable.init.size() + row - 1) / row;
    if (rows > max_variable_bytes / (row * size_of(variable.type))) fail_at(line, "the array is larger than 2^48 bytes");
    variable.count = rows * open_extent_;
  }
}

void Parser::parse_variables(Space space, Linkage linkage, bool in_function) {
  const Declarator declarator = parse_declarator(space, linkage);
  do {
    Variable variable = declarator.variable;
    variable.line = token_.line;
    const Token token = token_;
    const std::string_view name = parse_name_and_dimensions(variable, false);
    if (token_.is('=')) {
      advance();
      parse_initialiser(variable);
    }
    const bool local = in_function && space != Space::global && space != Space::constant;
    if (!local) {
      add_module_variable(std::move(variable), name, in_function);
      continue;
    }
    const auto index = static_cast<std::uint32_t>(function_->variables.size());
    declare(name, {Name::symbol, SymbolOperand::local_variable, index, 1}, token.line);
    variable.name = unique(variable_copies_, name);
    function_->variables.push_back(std::move(variable));
  } while (accept(','));
  expect(';', "after the declaration");
}

std::vector<Variable> Parser::parse_parameters() {
  std::vector<Variable> parameters;
  parameter_names_.clear();
  if (accept(')')) return parameters;
  for (;;) {
    if (parameters.size() >= max_operands) fail("more than " + std::to_string(max_operands) + " parameters");
    if (!token_.is_dotted("param") && !token_.is_dotted("reg")) fail_expected("'.param' or '.reg'");
    const Space space = token_.text == "reg" ? Space::reg : Space::param;
    advance();
    Variable parameter = parse_declarator(space, Linkage::none).variable;
    parameter.line = token_.line;
    parameter_names_.push_back(parse_name_and_dimensions(parameter, false));
    parameters.push_back(std::move(parameter));
    if (accept(')')) return parameters;
    expect(',', "or ')' in the list of parameters");
  }
}

void Parser::declare_register(std::string_view name, Type type, std::uint32_t vector, std::uint32_t line) {
  if (vector == 1) {
    const std::uint32_t index = new_register(std::string(name), type);
    return declare(name, {Name::reg, SymbolOperand::unresolved, index, 1}, line);
  }
  const auto first = static_cast<std::uint32_t>(function_->registers.size());
  for (std::uint32_t i = 0; i < vector; ++i) {
    new_register(std::string(name) + "." + (vector <= 4 ? std::string(1, "xyzw"[i]) : std::to_string(i)), type);
  }
  declare(name, {Name::vector_reg, SymbolOperand::unresolved, first, vector}, line);
}

void Parser::parse_registers() {
  const Variable shape = parse_declarator(Space::reg, Linkage::none).variable;
  if (shape.type > Type::f64) fail("a register cannot have type '." + std::string(type_word(shape.type)) + "'");
  do {
    const std::uint32_t line = token_.line;
    const std::string_view name = expect_name("a register's name");
    if (token_.is('<')) {
      advance();
      const std::uint64_t count = expect_unsigned("the number of registers", 0xffffffffu);
      expect('>', "after the number of registers");
      const bool added = scopes_[scope_].ranges.try_emplace(name, Range{count, shape.type, shape.vector}).second;
      if (!added) fail_at(line, "registers '" + std::string(name) + "<...>' are declared twice in this scope");
    } else {
      declare_register(name, shape.type, shape.vector, line);
    }
  } while (accept(','));
  expect(';', "after the registers");
}

}  // namespace simt::ptx
