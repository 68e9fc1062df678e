// Integer arithmetic: 8 to 128 bits, bits and bytes, dot products, video instructions, division by whatever.
#pragma once

namespace integers {

__global__ void bits(unsigned* out, const unsigned* in) {
  const unsigned t = threadIdx.x, x = in[t];
  out[8 * t] = __popc(x) + 100 * __clz(int(x)) + 10000 * __ffs(int(x));
  out[8 * t + 1] = __brev(x);
  out[8 * t + 2] = __byte_perm(x, ~x, 0x4602);
  out[8 * t + 3] = __funnelshift_l(x, x * 3, t) ^ __funnelshift_rc(x, x * 5, t + 20);
  out[8 * t + 4] = (x & ~(x >> 3)) | (x << 5 ^ t);  // lop3
  out[8 * t + 5] = __umulhi(x, x) + unsigned(__mulhi(int(x), 12345)) + __mul24(int(x), 77) + __umul24(x, 99);
  out[8 * t + 6] = __sad(int(x), -5, 9) + __usad(x, 100, 1) + unsigned(__hadd(int(x), 7)) + __urhadd(x, 8);
  out[8 * t + 7] = unsigned(__popcll((unsigned long long)(x) << 20 | x)) + unsigned(__clzll(x)) * 100;
}
unsigned bits_on_host(unsigned t, unsigned x, int which) {
  auto bit_reversed = [](unsigned v) {
    unsigned r = 0;
    for (int i = 0; i < 32; ++i) r |= (v >> i & 1) << (31 - i);
    return r;
  };
  auto leading = [](unsigned v) { return v ? __builtin_clz(v) : 32; };
  auto low24 = [](unsigned v) { return std::int64_t(std::int32_t(v << 8)) >> 8; };
  switch (which) {
    case 0: return unsigned(__builtin_popcount(x) + 100 * leading(x) + 10000 * (x ? __builtin_ctz(x) + 1 : 0));
    case 1: return bit_reversed(x);
    case 2: {
      const unsigned long long both = (unsigned long long)(~x) << 32 | x;
      return unsigned((both >> 16 & 255) | (both & 255) << 8 | (both >> 48 & 255) << 16 | (both >> 32 & 255) << 24);
    }
    case 3: {
      const unsigned long long left = (unsigned long long)(x * 3) << 32 | x, right = (unsigned long long)(x * 5) << 32 | x;
      return unsigned(left << (t & 31) >> 32) ^ unsigned(right >> std::min(t + 20, 32u));
    }
    case 4: return (x & ~(x >> 3)) | (x << 5 ^ t);
    case 5:
      return unsigned((unsigned long long)(x) * x >> 32) + unsigned(std::int64_t(std::int32_t(x)) * 12345 >> 32) + unsigned(low24(x) * 77) +
             unsigned((unsigned long long)(x & 0xffffff) * 99);
    case 6: {
      const auto signed_x = std::int64_t(std::int32_t(x));
      return unsigned(std::abs(signed_x + 5)) + 9 + unsigned(std::abs(std::int64_t(x) - 100)) + 1 + unsigned((signed_x + 7) >> 1) + unsigned((std::int64_t(x) + 9) >> 1);
    }
    default: return unsigned(__builtin_popcountll((unsigned long long)(x) << 20 | x)) + unsigned(x ? __builtin_clzll(x) : 64) * 100;
  }
}
FEATURE(bit_functions, 75) {
  std::vector<unsigned> in;
  for (unsigned i = 0; i < 64; ++i) in.push_back(i < 4 ? i - 1 : i * 2654435761u >> (i % 29));
  Device<unsigned> on_device(in);
  check_all("bits", results<unsigned>(512, bits, 1, 64, on_device.data), [&](int i) { return bits_on_host(i / 8, in[i / 8], i % 8); });
}

__global__ void dots(int* out, const int* a, const int* b) {
  const int t = threadIdx.x;
  out[4 * t] = __dp4a(a[t], b[t], t);
  out[4 * t + 1] = int(__dp4a(unsigned(a[t]), unsigned(b[t]), unsigned(t)));
  out[4 * t + 2] = __dp2a_lo(a[t], b[t], t);
  out[4 * t + 3] = __dp2a_hi(a[t], b[t], t);
}
FEATURE(dot_products, 75) {
  std::vector<int> a, b;
  for (int i = 0; i < 32; ++i) a.push_back(int(i * 2654435761u)), b.push_back(int(~i * 2246822519u));
  Device<int> da(a), db(b);
  check_all("dots", results<int>(128, dots, 1, 32, da.data, db.data), [&](int i) {
    const int t = i / 4, which = i % 4;
    int sum = t;
    for (int k = 0; k < 4; ++k) {
      const unsigned x = unsigned(a[t]) >> 8 * k & 255, y = unsigned(b[t]) >> 8 * k & 255;
      if (which == 0) sum += int(std::int8_t(x)) * int(std::int8_t(y));
      if (which == 1) sum += int(x * y);
      if (which >= 2 && k / 2 == which - 2) sum += int(std::int16_t(unsigned(a[t]) >> 16 * (k % 2))) * int(std::int8_t(y));
    }
    return sum;
  });
}

__global__ void bytes(unsigned* out, const unsigned* in) {
  const unsigned t = threadIdx.x, x = in[t], y = in[63 - t];
  out[6 * t] = __vadd4(x, y);
  out[6 * t + 1] = __vabsdiffu4(x, y);
  out[6 * t + 2] = __vcmpgtu4(x, y);
  out[6 * t + 3] = __vmaxs2(x, y);
  out[6 * t + 4] = __vsadu4(x, y);
  out[6 * t + 5] = __vaddss2(x, y);
}
FEATURE(video_functions, 75) {
  std::vector<unsigned> in;
  for (unsigned i = 0; i < 64; ++i) in.push_back(i * 2654435761u ^ i << 13);
  Device<unsigned> on_device(in);
  check_all("bytes", results<unsigned>(384, bytes, 1, 64, on_device.data), [&](int i) {
    const unsigned x = in[i / 6], y = in[63 - i / 6];
    unsigned result = 0;
    for (int k = 0; k < 4; ++k) {
      const unsigned a = x >> 8 * k & 255, b = y >> 8 * k & 255, difference = a > b ? a - b : b - a;
      if (i % 6 == 0) result |= (a + b & 255) << 8 * k;
      if (i % 6 == 1) result |= difference << 8 * k;
      if (i % 6 == 2) result |= (a > b ? 255u : 0) << 8 * k;
      if (i % 6 == 4) result += difference;
    }
    for (int k = 0; k < 2; ++k) {
      const int a = std::int16_t(x >> 16 * k), b = std::int16_t(y >> 16 * k);
      if (i % 6 == 3) result |= unsigned(std::uint16_t(std::max(a, b))) << 16 * k;
      if (i % 6 == 5) result |= unsigned(std::uint16_t(std::min(32767, std::max(-32768, a + b)))) << 16 * k;
    }
    return result;
  });
}

template <class T>
__global__ void divisions(T* out, const T* a, const T* b) {
  const int t = threadIdx.x;
  out[2 * t] = T(a[t] / b[t]);
  out[2 * t + 1] = T(a[t] % b[t]);
}
template <class T>
void divide(const char* name) {
  std::vector<T> a, b;
  for (int i = 0; i < 64; ++i) {
    a.push_back(T(0x9e3779b97f4a7c15ull * (i + 1) >> i % 40));
    const T divisor = T(0xc2b2ae3d27d4eb4full * (i + 3) >> (i * 7) % 60);
    b.push_back(divisor ? divisor : T(3));
  }
  Device<T> da(a), db(b);
  check_all(name, results<T>(128, divisions<T>, 1, 64, da.data, db.data), [&](int i) { return i % 2 ? T(a[i / 2] % b[i / 2]) : T(a[i / 2] / b[i / 2]); });
}
FEATURE(integer_division, 75) {
  divide<signed char>("int8");
  divide<unsigned short>("uint16");
  divide<int>("int32");
  divide<unsigned>("uint32");
  divide<long long>("int64");
  divide<unsigned long long>("uint64");
}

__global__ void wide(unsigned long long* out, const unsigned long long* in) {
  const int t = threadIdx.x;
  const auto product = (unsigned __int128)(in[t]) * in[31 - t] + in[t], shifted = product << (t + 1);
  const auto difference = shifted - product;
  out[4 * t] = (unsigned long long)(product);
  out[4 * t + 1] = (unsigned long long)(product >> 64);
  out[4 * t + 2] = (unsigned long long)(difference >> 64);
  out[4 * t + 3] = __umul64hi(in[t], in[31 - t]) + (unsigned long long)(__mul64hi((long long)(in[t]), -7));
}
FEATURE(wide_integers, 75) {
  std::vector<unsigned long long> in;
  for (int i = 0; i < 32; ++i) in.push_back(0x9e3779b97f4a7c15ull * (i + 1));
  Device<unsigned long long> on_device(in);
  check_all("128 bits", results<unsigned long long>(128, wide, 1, 32, on_device.data), [&](int i) {
    const int t = i / 4;
    const auto plain = (unsigned __int128)(in[t]) * in[31 - t], product = plain + in[t], difference = (product << (t + 1)) - product;
    switch (i % 4) {
      case 0: return (unsigned long long)(product);
      case 1: return (unsigned long long)(product >> 64);
      case 2: return (unsigned long long)(difference >> 64);
      default: return (unsigned long long)(plain >> 64) + (unsigned long long)((__int128)((long long)(in[t])) * -7 >> 64);
    }
  });
}

}  // namespace integers
