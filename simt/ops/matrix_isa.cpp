// The arithmetic of mma and wmma: fragments become matrices of float or double, and their product registers again.
#if defined(__F16C__)
#include <immintrin.h>
#endif

#include <cstring>
#include <type_traits>

#include "simt/ops/half_math.hpp"
#include "simt/ops/matrix.hpp"

namespace simt::ops::SIMT_ISA {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

typedef double Aliased __attribute__((may_alias));

constexpr unsigned kLanes = 32, kMostOfRow = 4 * kLanes;   ///< elements in the row of a register

#if defined(__AVX512F__)
constexpr unsigned kVector = 64;
#elif defined(__AVX__)
constexpr unsigned kVector = 32;
#else
constexpr unsigned kVector = 16;
#endif
template <class T, unsigned Bytes>
struct Vector {
  typedef T type __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias));
};

// ---- from registers to a matrix, and back -----------------------------------------------------------------------------

void widen_halves(const std::byte* row, float* out) {
#if defined(__AVX512F__)
  for (unsigned i = 0; i < 2 * kLanes; i += 16)
    _mm512_storeu_ps(out + i, _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2 * i))));
#elif defined(__F16C__)
  for (unsigned i = 0; i < 2 * kLanes; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i))));
#else
  u16 image[2 * kLanes];
  std::memcpy(image, row, sizeof image);
  for (unsigned i = 0; i < 2 * kLanes; ++i) out[i] = F16::widen(image[i]);
#endif
}

/// The elements of a register's row. Accumulators of integers come as they are.
void widen(Element element, const std::byte* row, double* out) {
  (void)element;
  std::memcpy(out, row, 8 * kLanes);
}
void widen(Element element, const std::byte* row, float* out) {
  u32 word[kLanes];
  std::memcpy(word, row, sizeof word);
  switch (element) {
    case Element::f16: return widen_halves(row, out);
    case Element::bf16:
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        out[2 * lane] = as_float(word[lane] << 16);
        out[2 * lane + 1] = as_float(word[lane] & 0xffff0000u);
      }
      return;
    case Element::tf32:   // 19 bits count
      for (unsigned lane = 0; lane < kLanes; ++lane) out[lane] = as_float(word[lane] & 0xffffe000u);
      return;
    case Element::s8:
      for (unsigned i = 0; i < kMostOfRow; ++i) out[i] = static_cast<float>(static_cast<std::int8_t>(row[i]));
      return;
    case Element::u8:
      for (unsigned i = 0; i < kMostOfRow; ++i) out[i] = static_cast<float>(static_cast<u8>(row[i]));
      return;
    case Element::e4m3: case Element::e5m2: {
      const float* const values = values_of_bytes(element);
      for (unsigned i = 0; i < kMostOfRow; ++i) out[i] = values[static_cast<u8>(row[i])];
      return;
    }
    default: std::memcpy(out, word, sizeof word);
  }
}
void widen(Element, const std::byte* row, u32* out) { std::memcpy(out, row, 4 * kLanes); }

/// Every second element to `a`, the others to `b`.
template <class T>
void separate(const T* from, T* a, T* b) {
#pragma GCC ivdep
  for (unsigned i = 0; i < kLanes; ++i) {
    a[i] = from[2 * i];
    b[i] = from[2 * i + 1];
  }
}

template <unsigned Span, class T>
void place_block(const T* block, T* out, unsigned columns) {
  for (unsigned i = 0; i < 8; ++i) std::memcpy(out + i * columns, block + i * Span, sizeof(T) * Span);
}

unsigned elements(const Fragment& f) { return unsigned{f.rows} * f.columns; }

/// The matrix of a fragment, in the order of its rows.
template <class T>
void gather(const Fragment& f, const std::byte* registers, const std::int32_t* rows, T* matrix) {
  const unsigned each = kLanes * f.per_register, span = 4u * f.per_register, halves = f.rows / 8u;
  alignas(64) T one[kMostOfRow], two[kMostOfRow];
  switch (f.order) {
    case Order::straight:
      for (unsigned r = 0; r * each < elements(f); ++r) widen(f.element, registers + rows[r], matrix + r * each);
      return;
    case Order::spread:   // halves only
      if constexpr (!std::is_same_v<T, float>) return;
      for (unsigned r = 0; r < f.registers; ++r) {
        widen(f.element, registers + rows[r], one);
        separate(one, matrix + r * each, matrix + r * each + kLanes);
      }
      return;
    case Order::pairs:
      for (unsigned r = 0; r < f.registers; r += 2) {
        widen(f.element, registers + rows[r], one);
        widen(f.element, registers + rows[r + 1], two);
        for (unsigned i = 0; i < kLanes; i += 16 / sizeof(T)) interleave(one + i, two + i, matrix + r * each + 2 * i);
      }
      return;
    case Order::left:
      for (unsigned r = 0; r < f.registers; ++r) {
        T* const at = matrix + 8 * (r % halves) * f.columns + span * (r / halves);
        widen(f.element, registers + rows[r], one);
        if (span == 4) place_block<4>(one, at, f.columns);
        else if (span == 8) place_block<8>(one, at, f.columns);
        else place_block<16>(one, at, f.columns);
      }
      return;
    case Order::right:
      for (unsigned r = 0; r < f.registers; ++r) {
        widen(f.element, registers + rows[r], one);
        std::memcpy(matrix + r * each, transposed(one, two, each, 3), sizeof(T) * each);
      }
  }
}

template <class W>
void store(std::byte* row, const W* words, u32 lanes) {
  if (lanes == ~0u) {
    std::memcpy(row, words, sizeof(W) * kLanes);
    return;
  }
  for (; lanes; lanes &= lanes - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(lanes));
    std::memcpy(row + sizeof(W) * lane, words + lane, sizeof(W));
  }
}

/// Two halves a word: neighbours, or elements that lie 32 apart.
void store_halves(std::byte* row, const float* values, Order order, u32 lanes) {
  alignas(64) u32 image[2 * kLanes], low[kLanes], high[kLanes];
  for (unsigned i = 0; i < 2 * kLanes; ++i) image[i] = F16::narrow(values[i]);
  if (order == Order::straight) {
    separate(image, low, high);
  } else {
    std::memcpy(low, image, sizeof low);
    std::memcpy(high, image + kLanes, sizeof high);
  }
  for (unsigned lane = 0; lane < kLanes; ++lane) low[lane] |= high[lane] << 16;
  store(row, low, lanes);
}

template <class T>
void scatter(const Fragment& f, std::byte* registers, const std::int32_t* rows, const T* matrix, u32 lanes) {
  alignas(64) T one[kLanes], two[kLanes];
  for (unsigned r = 0; r < f.registers; ++r) {
    if constexpr (std::is_same_v<T, float>) {
      if (f.element == Element::f16) {
        store_halves(registers + rows[r], matrix + r * 2 * kLanes, f.order, lanes);
        continue;
      }
    }
    if (f.order == Order::straight) {
      store(registers + rows[r], matrix + r * kLanes, lanes);
    } else {
      separate(matrix + r * kLanes, one, two);
      store(registers + rows[r], one, lanes);
      store(registers + rows[++r], two, lanes);
    }
  }
}

// ---- products ----------------------------------------------------------------------------------------------------------

template <class V>
V multiply_add_vector(float a, V b, V c) {
  return c + a * b;   // two roundings, with and without fused hardware: all levels agree
}
template <class V>
V multiply_add_vector(double a, V b, V c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == 64) return V(_mm512_fmadd_pd(_mm512_set1_pd(a), __m512d(b), __m512d(c)));
#elif defined(__FMA__)
  if constexpr (sizeof(V) == 32) return V(_mm256_fmadd_pd(_mm256_set1_pd(a), __m256d(b), __m256d(c)));
#endif
  for (unsigned i = 0; i < sizeof(V) / 8; ++i) c[i] = multiply_add(a, b[i], c[i]);
  return c;
}

/// Eight rows of d = a * b + c, as many columns as a vector has.
template <class V, class T>
void multiply_rows(T* d, const T* c, const T* a, const T* b, unsigned n, unsigned k) {
  V sum[8];
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i) sum[i] = *reinterpret_cast<const V*>(c + i * n);
  for (unsigned l = 0; l < k; ++l) {
    const V right = *reinterpret_cast<const V*>(b + l * n);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; ++i) sum[i] = multiply_add_vector(a[i * k + l], right, sum[i]);
  }
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i) *reinterpret_cast<V*>(d + i * n) = sum[i];
}

template <class T>
void product(const MatrixForm& f, T* d, const T* c, const T* a, const T* b) {
  using Full = typename Vector<T, kVector>::type;
  using Half = typename Vector<T, (kVector > 32 ? 32 : kVector)>::type;
  constexpr unsigned full = kVector / sizeof(T), half = sizeof(Half) / sizeof(T);
  const unsigned m = f.m, n = f.n, k = f.k;
  for (unsigned i = 0; i < m; i += 8)
    if (n % full == 0)
      for (unsigned j = 0; j < n; j += full) multiply_rows<Full>(d + i * n + j, c + i * n + j, a + i * k, b + j, n, k);
    else
      for (unsigned j = 0; j < n; j += half) multiply_rows<Half>(d + i * n + j, c + i * n + j, a + i * k, b + j, n, k);
}

/// The small product of wmma, whose matrices lie in registers as they are. False: there are NaNs.
bool multiply_in_place(std::byte* registers, const std::int32_t* d, const std::int32_t* a, const std::int32_t* b, const std::int32_t* c) {
  using V = typename Vector<double, kVector>::type;
  constexpr unsigned width = kVector / 8, count = 8 / width;
  V sum[8][count];
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned j = 0; j < count; ++j) sum[i][j] = reinterpret_cast<const V*>(registers + c[i / 4] + i % 4 * 64)[j];
  const auto* const left = reinterpret_cast<const Aliased*>(registers + *a);
  for (unsigned l = 0; l < 4; ++l)
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; ++i)
      for (unsigned j = 0; j < count; ++j)
        sum[i][j] = multiply_add_vector(left[i * 4 + l], reinterpret_cast<const V*>(registers + *b + l * 64)[j], sum[i][j]);
  auto unordered = sum[0][0] != sum[0][0];
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned j = 0; j < count; ++j) unordered |= sum[i][j] != sum[i][j];
  long any = 0;
  for (unsigned i = 0; i < width; ++i) any |= unordered[i];
  if (any) return false;
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned j = 0; j < count; ++j) reinterpret_cast<V*>(registers + d[i / 4] + i % 4 * 64)[j] = sum[i][j];
  return true;
}

void multiply_doubles(const MatrixForm& f, std::byte* registers, const std::int32_t* d, const std::int32_t* a,
                      const std::int32_t* b, const std::int32_t* c, u32 lanes) {
  if (lanes == ~0u && f.m == 8 && f.a.order == Order::straight && multiply_in_place(registers, d, a, b, c)) return;
  alignas(64) double x[256], y[128], z[128], result[128];   // m16n8k16
  gather(f.a, registers, a, x);
  gather(f.b, registers, b, y);
  gather(f.c, registers, c, z);
  product(f, result, z, x, y);
  unsigned unordered = 0;
  for (unsigned first = 0; first < elements(f.d); first += kLanes)
    for (unsigned i = 0; i < kLanes; ++i) unordered |= result[first + i] != result[first + i] ? 1u : 0u;
  if (unordered)   // which NaN it is depends on the operands
    for (unsigned i = 0; i < f.m; ++i)
      for (unsigned j = 0; j < f.n; ++j) {
        double sum = z[i * f.n + j];
        for (unsigned l = 0; l < f.k; ++l) sum = Double<fma_row>::apply(x[i * f.k + l], y[l * f.n + j], sum);
        result[i * f.n + j] = sum;
      }
  scatter(f.d, registers, d, result, lanes);
}

void multiply_integers(const MatrixForm& f, std::byte* registers, const std::int32_t* d, const std::int32_t* c, const float* x,
                       const float* y, u32 lanes) {
  alignas(64) float sum[kMostElements] = {};
  alignas(64) u32 z[kMostElements];
  product(f, sum, sum, x, y);   // at most 32 * 255 * 255: exact in float
  gather(f.c, registers, c, z);
  const u32 clamps = f.clamps ? 0x80000000u : 0;
  for (unsigned first = 0; first < elements(f.d); first += kLanes)
    for (unsigned i = first; i < first + kLanes; ++i) {
      const auto part = static_cast<u32>(static_cast<std::int32_t>(sum[i]));
      const u32 wrapped = z[i] + part, over = (z[i] ^ wrapped) & (part ^ wrapped) & clamps;
      z[i] = over != 0 ? 0x7fffffffu + (z[i] >> 31) : wrapped;
    }
  scatter(f.d, registers, d, z, lanes);
}

}  // namespace

void multiply(const MatrixForm& f, std::byte* registers, const std::int32_t* rows, u32 lanes) {
  const std::int32_t* const a = rows + f.d.registers;
  const std::int32_t* const b = a + f.a.registers;
  const std::int32_t* const c = b + f.b.registers;
  if (f.d.element == Element::f64) return multiply_doubles(f, registers, rows, a, b, c, lanes);
  alignas(64) float x[kMostElements], y[kMostElements], z[kMostElements];
  gather(f.a, registers, a, x);
  gather(f.b, registers, b, y);
  if (f.d.element == Element::s32) return multiply_integers(f, registers, rows, c, x, y, lanes);
  gather(f.c, registers, c, z);
  product(f, z, z, x, y);
  for (unsigned first = 0; first < elements(f.d); first += kLanes)
    for (unsigned i = 0; i < kLanes; ++i) z[first + i] = canonical(z[first + i]);
  scatter(f.d, registers, rows, z, lanes);
}

}  // namespace simt::ops::SIMT_ISA
