// The fundamental types of PTX and their words.
#include <array>

#include "simt/ptx/ast.hpp"

namespace simt::ptx {
namespace {

struct Row {
  std::string_view word;
  std::uint32_t size;
};

// In the order of Type.
constexpr std::array<Row, 27> rows{{
    {"", 0},      {"pred", 0},
    {"b8", 1},    {"b16", 2},     {"b32", 4},  {"b64", 8},     {"b128", 16},
    {"u8", 1},    {"u16", 2},     {"u32", 4},  {"u64", 8},
    {"s8", 1},    {"s16", 2},     {"s32", 4},  {"s64", 8},
    {"f16", 2},   {"f16x2", 4},   {"bf16", 2}, {"bf16x2", 4},  {"tf32", 4},   {"f32", 4}, {"f32x2", 8}, {"f64", 8},
    {"texref", 8}, {"samplerref", 8}, {"surfref", 8}, {"", 0},
}};

}  // namespace

static_assert(static_cast<std::size_t>(Type::surfref) == rows.size() - 2);

std::uint32_t size_of(Type type) { return rows[static_cast<std::size_t>(type)].size; }

std::string_view type_word(Type type) { return rows[static_cast<std::size_t>(type)].word; }

Type type_from_word(std::string_view word) {
  for (std::size_t i = 1; i + 1 < rows.size(); ++i) {
    if (rows[i].word == word) return static_cast<Type>(i);
  }
  return Type::none;
}

}  // namespace simt::ptx
