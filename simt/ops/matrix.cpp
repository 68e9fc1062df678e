// Forms and layouts of mma and wmma.
#include "simt/ops/matrix.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <mutex>

#include "simt/ops/exact.hpp"
#include "simt/ops/float_rows.hpp"

#define SIMT_DECLARE(level) \
  namespace simt::ops::level { void multiply(const MatrixForm&, std::byte*, const std::int32_t*, std::uint32_t); }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE

namespace simt::ops {
namespace {

struct ElementName {
  std::string_view name;
  Element element;
  unsigned bits;
};
constexpr ElementName kElements[] = {   // by element
    {"f16", Element::f16, 16}, {"bf16", Element::bf16, 16}, {"tf32", Element::tf32, 32}, {"f32", Element::f32, 32},
    {"f64", Element::f64, 64}, {"s8", Element::s8, 8},      {"u8", Element::u8, 8},      {"s32", Element::s32, 32},
    {"e4m3", Element::e4m3, 8}, {"e5m2", Element::e5m2, 8},
};
const ElementName* element_name(std::string_view name) {
  for (const auto& e : kElements)
    if (e.name == name) return &e;
  return nullptr;
}

/// The numbers of "m16n8k16".
bool parse_shape(std::string_view text, MatrixForm& form) {
  std::uint8_t* out[] = {&form.m, &form.n, &form.k};
  const char letters[] = "mnk";
  for (int i = 0; i < 3; ++i) {
    if (text.empty() || text[0] != letters[i]) return false;
    text.remove_prefix(1);
    unsigned value = 0, digits = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 2) {
      value = 10 * value + unsigned(text[0] - '0');
      text.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || value > 64) return false;
    *out[i] = std::uint8_t(value);
  }
  return text.empty();
}

Fragment fragment(Element e, unsigned rows, unsigned columns, Order order) {
  const unsigned bits = bits_of(e), each = bits == 64 ? 1 : 32 / bits;
  return {e, std::uint8_t(rows), std::uint8_t(columns), std::uint8_t(rows * columns / 32 / each), std::uint8_t(each), bits == 64, order};
}
/// mma.sync: lane = 4 * group + place. Of A, rows are groups and a register holds neighbours along k; columns of B are groups.
Fragment left(Element e, unsigned m, unsigned k) { return fragment(e, m, k, Order::left); }
Fragment right(Element e, unsigned k, unsigned n) { return fragment(e, k, n, Order::right); }
/// A lane holds two neighbours: of 8 columns, that is the order of the rows where they share a register.
Fragment accumulator(Element e, unsigned m, unsigned n) {
  return fragment(e, m, n, e == Element::f16 ? Order::straight : Order::pairs);
}
Fragment of_wmma(Element e, unsigned rows, unsigned columns, bool accumulates) {
  auto f = fragment(e, rows, columns, e == Element::f16 && accumulates ? Order::spread : Order::straight);
  if (e == Element::f16 && !accumulates) f.registers = 8;
  return f;
}

struct Shape {
  std::uint8_t m, n, k;
  bool operator==(const Shape&) const = default;
};
bool is_one_of(const MatrixForm& f, std::initializer_list<Shape> shapes) {
  for (const Shape& s : shapes)
    if (s == Shape{f.m, f.n, f.k}) return true;
  return false;
}

bool shape_fits(const MatrixForm& f, Element a, bool wmma) {
  if (wmma) {
    if (a == Element::tf32) return is_one_of(f, {{16, 16, 8}});
    if (a == Element::f64) return is_one_of(f, {{8, 8, 4}});
    if (a == Element::e4m3 || a == Element::e5m2) return false;
    return is_one_of(f, {{16, 16, 16}, {32, 8, 16}, {8, 32, 16}});
  }
  switch (a) {
    case Element::f16: case Element::bf16: return is_one_of(f, {{16, 8, 8}, {16, 8, 16}});
    case Element::tf32: return is_one_of(f, {{16, 8, 4}, {16, 8, 8}});
    case Element::f64: return is_one_of(f, {{8, 8, 4}, {16, 8, 4}, {16, 8, 8}, {16, 8, 16}});
    case Element::s8: case Element::u8: return is_one_of(f, {{8, 8, 16}, {16, 8, 16}, {16, 8, 32}});
    case Element::e4m3: case Element::e5m2: return is_one_of(f, {{16, 8, 16}, {16, 8, 32}});
    default: return false;
  }
}

bool sums_fit(Element a, Element b, Element c, Element d) {
  auto is_byte = [](Element e) { return e == Element::s8 || e == Element::u8; };
  auto is_eight = [](Element e) { return e == Element::e4m3 || e == Element::e5m2; };
  auto is_half_or_single = [](Element e) { return e == Element::f16 || e == Element::f32; };
  if (is_byte(a)) return is_byte(b) && c == Element::s32 && d == Element::s32;
  if (a == Element::f64) return b == a && c == a && d == a;
  if (is_eight(a)) return is_eight(b) && is_half_or_single(c) && c == d;
  if (a != b) return false;
  return a == Element::f16 ? is_half_or_single(c) && is_half_or_single(d) : c == Element::f32 && d == Element::f32;
}

bool build(const ptx::Instruction& instruction, MatrixForm& form, std::string& error) {
  const auto& parts = instruction.parts;
  const bool wmma = parts[0] == "wmma";
  std::string_view what = wmma && parts.size() > 1 ? parts[1] : "mma";
  std::vector<const ElementName*> elements;
  std::string_view which;
  int layouts = 0;
  bool shaped = false, synchronised = false, aligned = false, right_order = true;
  for (std::size_t i = wmma ? 2 : 1; i < parts.size(); ++i) {
    const auto part = parts[i];
    if (part == "sync") synchronised = true;
    else if (part == "aligned") aligned = true;
    else if (part == "row" || part == "col") {
      ++layouts;
      form.by_columns = part == "col";
      if (!wmma) right_order &= part == (layouts == 1 ? "row" : "col");
    } else if (part == "satfinite") form.clamps = true;
    else if (part == "rn" && what == "mma") continue;
    else if ((part == "a" || part == "b" || part == "c" || part == "d") && what != "mma") which = part;
    else if (part == "global") form.space = ptx::Space::global;
    else if (part == "shared" || part == "shared::cta") form.space = ptx::Space::shared;
    else if (const auto* e = element_name(part)) elements.push_back(e);
    else if (!shaped && parse_shape(part, form)) shaped = true;
    else {
      error = "the software GPU does not know ." + std::string(part) + " here";
      return false;
    }
  }
  if (!synchronised || !aligned || !shaped) {
    error = "it needs .sync, .aligned and a shape";
    return false;
  }
  auto bad = [&](std::string why) {
    error = std::move(why);
    return false;
  };
  if (what == "mma") {
    // wmma of f16 names d and c only.
    if (wmma && elements.size() == 2) elements = {elements[0], element_name("f16"), element_name("f16"), elements[1]};
    if (elements.size() != 4 || layouts != 2) return bad("it needs two layouts and the types of d, a, b and c");
    const auto d = elements[0]->element, a = elements[1]->element, b = elements[2]->element, c = elements[3]->element;
    if (!right_order) return bad("the layouts are .row.col");
    if (!shape_fits(form, a, wmma) || !sums_fit(a, b, c, d)) return bad("the software GPU has no product of this shape and these types");
    if (form.clamps && d != Element::s32) return bad(".satfinite is for integers");
    form.a = wmma ? of_wmma(a, form.m, form.k, false) : left(a, form.m, form.k);
    form.b = wmma ? of_wmma(b, form.k, form.n, false) : right(b, form.k, form.n);
    form.c = wmma ? of_wmma(c, form.m, form.n, true) : accumulator(c, form.m, form.n);
    form.d = wmma ? of_wmma(d, form.m, form.n, true) : accumulator(d, form.m, form.n);
    return true;
  }
  if ((what != "load" && what != "store") || elements.size() != 1 || layouts != 1) return bad("it needs one layout and one type");
  form.kind = what == "load" ? MatrixForm::load : MatrixForm::store;
  const auto e = elements[0]->element;
  const bool accumulates = which == "c" || which == "d";
  if (which.empty() || (which == "d") != (form.kind == MatrixForm::store)) return bad("it loads .a, .b or .c and stores .d");
  // An accumulator does not tell the type of the product: the shape must fit one of those that sum up in it.
  auto any = [&](std::initializer_list<Element> inputs) {
    for (Element x : inputs)
      if (shape_fits(form, x, true)) return true;
    return false;
  };
  const bool fits = !accumulates ? e != Element::f32 && e != Element::s32 && shape_fits(form, e, true)
                    : e == Element::f16 ? any({Element::f16})
                    : e == Element::f32 ? any({Element::f16, Element::tf32})
                    : e == Element::s32 ? any({Element::s8})
                                        : e == Element::f64 && any({Element::f64});
  if (!fits) return bad("the software GPU has no fragment of this shape and type");
  form.a = which == "a"   ? of_wmma(e, form.m, form.k, false)
           : which == "b" ? of_wmma(e, form.k, form.n, false)
                          : of_wmma(e, form.m, form.n, true);
  return true;
}

/// Programs are loaded from several host threads while others run: numbers are given out under the lock, and forms are
/// reached without it.
struct Store {
  static constexpr std::size_t kForms = 4096;
  std::mutex mutex;
  std::map<std::string, int> numbers;
  std::deque<MatrixForm> forms;
  std::atomic<const MatrixForm*> table[kForms] = {};
};
Store& store() {
  static Store it;
  return it;
}

}  // namespace

unsigned bits_of(Element element) {
  return kElements[static_cast<std::size_t>(element)].bits;
}

int find_matrix_form(const ptx::Instruction& instruction, std::string& error) {
  std::string name;
  for (auto part : instruction.parts) (name += part) += '.';
  Store& s = store();
  std::lock_guard lock(s.mutex);
  if (auto at = s.numbers.find(name); at != s.numbers.end()) return at->second;
  MatrixForm form;
  if (!build(instruction, form, error)) return -1;
  const std::size_t number = s.forms.size();
  if (number == Store::kForms) {
    error = "the software GPU takes " + std::to_string(number) + " different matrix instructions a process, no more";
    return -1;
  }
  s.table[number].store(&s.forms.emplace_back(std::move(form)), std::memory_order_release);
  return s.numbers[name] = static_cast<int>(number);
}

const MatrixForm& matrix_form(int number) { return *store().table[number].load(std::memory_order_acquire); }

MatrixProduct matrix_product(exec::Isa level) {
  switch (level) {
#define SIMT_CASE(l) case exec::Isa::l: return l::multiply;
    SIMT_FOR_EACH_ISA(SIMT_CASE)
#undef SIMT_CASE
  }
  return nullptr;
}

const float* values_of_bytes(Element element) {
  struct Values {
    float of[256];
    explicit Values(const Format& format) {
      for (unsigned image = 0; image < 256; ++image)
        of[image] = scalar::as_float(static_cast<std::uint32_t>(pack(kF32, unpack(format, image), {})));
    }
  };
  static const Values e4m3(kE4m3), e5m2(kE5m2);
  return element == Element::e4m3 ? e4m3.of : e5m2.of;
}

}  // namespace simt::ops
