// The algorithms of kernels.cu as one thread of the host does them: plain loops, for `g++ -O3 -march=native`. Tiles and
// steps are those of the kernels where they are the algorithm (matmul, Kogge-Stone); where the kernel splits a sum or a
// ranking among threads, the loop just does it.
#include <cstring>

extern "C" {

void vector_add(const float* a, const float* b, float* c, int n) {
  for (int i = 0; i < n; ++i) c[i] = a[i] + b[i];
}

void matmul(const float* a, const float* b, float* c, int n) {
  for (int row = 0; row < n; row += 16)
    for (int column = 0; column < n; column += 16) {
      float sum[16][16] = {};
      for (int t = 0; t < n; t += 16)
        for (int y = 0; y < 16; ++y)
          for (int x = 0; x < 16; ++x)
            for (int k = 0; k < 16; ++k) sum[y][x] += a[(row + y) * n + t + k] * b[(t + k) * n + column + x];
      for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 16; ++x) c[(row + y) * n + column + x] = sum[y][x];
    }
}

void reduce(const float* in, float* out, int n) {
  for (int tile = 0; tile < n / 1024; ++tile) {
    float sum = 0;
    for (int i = 0; i < 1024; ++i) sum += in[tile * 1024 + i];
    out[tile] = sum;
  }
}

void divergent(int* out, int n) {
  for (int i = 0; i < n; ++i) {
    unsigned v = i + 1;
    int steps = 0;
    while (v != 1) {
      if (v & 1) v = 3 * v + 1;
      else v >>= 1;
      ++steps;
    }
    out[i] = steps;
  }
}

void histogram(const unsigned char* in, unsigned* out, int n) {
  for (int i = 0; i < n; ++i) ++out[in[i]];
}

void kogge_stone(const int* in, int* out, int* sums, int n) {
  for (int tile = 0; tile < n; tile += 1024) {
    int s[1024], v[1024];
    std::memcpy(s, in + tile, sizeof s);
    for (int d = 1; d < 1024; d *= 2) {
      for (int t = 0; t < 1024; ++t) v[t] = t >= d ? s[t - d] : 0;
      for (int t = 0; t < 1024; ++t) s[t] += v[t];
    }
    std::memcpy(out + tile, s, sizeof s);
    sums[tile / 1024] = s[1023];
  }
}

void radix_pass(const unsigned* in, unsigned* out, int shift, int n) {
  for (int tile = 0; tile < n; tile += 2048) {
    unsigned starts[16] = {}, sum = 0;
    for (int i = 0; i < 2048; ++i) ++starts[in[tile + i] >> shift & 15];
    for (auto& start : starts) {
      const unsigned count = start;
      start = sum;
      sum += count;
    }
    for (int i = 0; i < 2048; ++i) out[tile + starts[in[tile + i] >> shift & 15]++] = in[tile + i];
  }
}

void convolution(const float* in, float* out, int width, int height) {
  static const float weights[5][5] = {{1, 4, 6, 4, 1}, {4, 16, 24, 16, 4}, {6, 24, 36, 24, 6}, {4, 16, 24, 16, 4}, {1, 4, 6, 4, 1}};
  auto border = [=](int x, int y) {
    float sum = 0;
    for (int r = 0; r < 5; ++r)
      for (int c = 0; c < 5; ++c) {
        const int v = y + r - 2, u = x + c - 2;
        if (u >= 0 && u < width && v >= 0 && v < height) sum += weights[r][c] * in[v * width + u];
      }
    out[y * width + x] = sum;
  };
  for (int y = 0; y < height; ++y) {
    const bool inside = y >= 2 && y < height - 2;
    for (int x = 0; x < (inside ? 2 : width); ++x) border(x, y);
    if (!inside) continue;
    for (int x = 2; x < width - 2; ++x) {
      float sum = 0;
      for (int r = 0; r < 5; ++r)
        for (int c = 0; c < 5; ++c) sum += weights[r][c] * in[(y + r - 2) * width + x + c - 2];
      out[y * width + x] = sum;
    }
    for (int x = width - 2; x < width; ++x) border(x, y);
  }
}

}  // extern "C"
