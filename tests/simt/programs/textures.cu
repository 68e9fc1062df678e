// Textures: lines, pictures, volumes and layers that are read between their elements and beyond their edges.
// pmpp: arch=75
#include "program.cuh"

#include <cmath>

/// A texture of an array.
struct Texture {
  cudaTextureObject_t object = 0;
  Texture(cudaArray_t array, cudaTextureAddressMode outside, cudaTextureFilterMode filter, bool normalized,
          cudaTextureReadMode read = cudaReadModeElementType) {
    cudaResourceDesc what{};
    what.resType = cudaResourceTypeArray;
    what.res.array.array = array;
    cudaTextureDesc how{};
    for (auto& mode : how.addressMode) mode = outside;
    how.filterMode = filter;
    how.readMode = read;
    how.normalizedCoords = normalized;
    CUDA(cudaCreateTextureObject(&object, &what, &how, nullptr));
  }
  ~Texture() { cudaDestroyTextureObject(object); }
};

template <class T>
cudaArray_t picture(const std::vector<T>& pixels, int width, int height) {
  cudaArray_t array;
  const auto channel = cudaCreateChannelDesc<T>();
  CUDA(cudaMallocArray(&array, &channel, width, height));
  CUDA(cudaMemcpy2DToArray(array, 0, 0, pixels.data(), width * sizeof(T), width * sizeof(T), height, cudaMemcpyHostToDevice));
  return array;
}

// A magnifying glass: halfway between four pixels their mean is seen.
__global__ void magnify(cudaTextureObject_t image, float* out, int width, int height) {
  const int x = threadIdx.x, y = blockIdx.x;
  if (x < width - 1 && y < height - 1) out[y * width + x] = tex2D<float>(image, x + 1.f, y + 1.f);
}
PROGRAM(magnifying_glass) {
  const int width = 30, height = 20;
  const auto given = numbers(width * height, 64);
  const std::vector<float> pixels(given.begin(), given.end());
  cudaArray_t array = picture(pixels, width, height);
  Texture image(array, cudaAddressModeClamp, cudaFilterModeLinear, false);
  Buffer<float> out(pixels.size());
  magnify<<<height, 32>>>(image.object, out, width, height);
  FINISH();
  const auto got = out.host();
  for (int y = 0; y + 1 < height; ++y)
    for (int x = 0; x + 1 < width; ++x) {
      const float* p = &pixels[y * width + x];
      CHECK(got[y * width + x] == (p[0] + p[1] + p[width] + p[width + 1]) / 4);
    }
  CUDA(cudaFreeArray(array));
}

// Wallpaper: a pattern that repeats, and one that turns around at its edge; bytes are read as fractions.
__global__ void paper(cudaTextureObject_t repeats, cudaTextureObject_t turns, float* out) {
  const float x = (threadIdx.x + 0.5f) / 8, y = (blockIdx.x + 0.5f) / 4;
  out[blockIdx.x * 16 + threadIdx.x] = tex2D<float>(repeats, x, y) + 2 * tex2D<float>(turns, x, y);
}
PROGRAM(wallpaper) {
  std::vector<unsigned char> pattern(32);
  for (int i = 0; i < 32; ++i) pattern[i] = (unsigned char)(i * 5);
  cudaArray_t array = picture(pattern, 8, 4);
  Texture repeats(array, cudaAddressModeWrap, cudaFilterModePoint, true, cudaReadModeNormalizedFloat);
  Texture turns(array, cudaAddressModeMirror, cudaFilterModePoint, true, cudaReadModeNormalizedFloat);
  Buffer<float> out(16 * 8);
  paper<<<8, 16>>>(repeats.object, turns.object, out);
  FINISH();
  const auto got = out.host();
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 16; ++x) {
      const int mx = x < 8 ? x : 15 - x, my = y < 4 ? y : 7 - y;
      CHECK(std::abs(got[y * 16 + x] - (pattern[y % 4 * 8 + x % 8] + 2 * pattern[my * 8 + mx]) / 255.f) < 1e-6f);
    }
  CUDA(cudaFreeArray(array));
}

// A diver: the water's temperature in a volume, and nothing outside of it.
__global__ void dive(cudaTextureObject_t water, float* out) {
  out[threadIdx.x] = tex3D<float>(water, 1.5f, 2.f, threadIdx.x * 0.5f);
}
PROGRAM(diver) {
  const int nx = 4, ny = 4, nz = 6;
  std::vector<float> water(nx * ny * nz);
  for (int i = 0; i < nx * ny * nz; ++i) water[i] = float(i % nx + 10 * (i / nx % ny) + 100 * (i / (nx * ny)) + 8);
  cudaArray_t array;
  const auto channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMalloc3DArray(&array, &channel, make_cudaExtent(nx, ny, nz)));
  cudaMemcpy3DParms copy{};
  copy.srcPtr = make_cudaPitchedPtr(water.data(), nx * sizeof(float), nx, ny);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(nx, ny, nz);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  Texture texture(array, cudaAddressModeBorder, cudaFilterModeLinear, false);
  Buffer<float> out(20);
  dive<<<1, 20>>>(texture.object, out);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < 20; ++i) {
    auto at = [&](int z) { return z >= 0 && z < nz ? 1 + 15 + 100.f * z + 8 : 0.f; };
    const float z = i * 0.5f - 0.5f;
    const int low = int(std::floor(z));
    CHECK(std::abs(got[i] - (at(low) + (z - low) * (at(low + 1) - at(low)))) < 1e-3f);
  }
  CUDA(cudaFreeArray(array));
}

// A flip book: the pages are layers of one array, each read by itself.
__global__ void flip(cudaTextureObject_t book, int* out) {
  const int x = threadIdx.x, y = threadIdx.y, page = blockIdx.x;
  out[(page * 8 + y) * 8 + x] = tex2DLayered<int>(book, 7 - x + 0.5f, y + 0.5f, page);
}
PROGRAM(flip_book) {
  const int pages = 5;
  const auto drawn = numbers(8 * 8 * pages, 1000);
  cudaArray_t array;
  const auto channel = cudaCreateChannelDesc<int>();
  CUDA(cudaMalloc3DArray(&array, &channel, make_cudaExtent(8, 8, pages), cudaArrayLayered));
  cudaMemcpy3DParms copy{};
  copy.srcPtr = make_cudaPitchedPtr((void*)drawn.data(), 8 * sizeof(int), 8, 8);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(8, 8, pages);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  Texture book(array, cudaAddressModeClamp, cudaFilterModePoint, false);
  Buffer<int> out(drawn.size());
  flip<<<pages, dim3(8, 8)>>>(book.object, out);
  FINISH();
  const auto got = out.host();
  for (std::size_t i = 0; i < drawn.size(); ++i) CHECK(got[i] == drawn[i / 8 * 8 + 7 - i % 8]);
  CUDA(cudaFreeArray(array));
}

// A long tape, read through a texture of plain memory.
__global__ void play(cudaTextureObject_t tape, int n, int* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    const int2 note = tex1Dfetch<int2>(tape, n - 1 - i);
    out[i] = note.x * 10 + note.y;
  }
}
PROGRAM(tape) {
  const int n = 500;
  const auto notes = numbers(2 * n, 100);
  Buffer<int> memory(notes), out(n);
  cudaResourceDesc what{};
  what.resType = cudaResourceTypeLinear;
  what.res.linear.devPtr = memory.data;
  what.res.linear.desc = cudaCreateChannelDesc<int2>();
  what.res.linear.sizeInBytes = 2 * n * sizeof(int);
  cudaTextureDesc how{};
  cudaTextureObject_t object;
  CUDA(cudaCreateTextureObject(&object, &what, &how, nullptr));
  play<<<4, 128>>>(object, n, out);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < n; ++i) CHECK(got[i] == notes[2 * (n - 1 - i)] * 10 + notes[2 * (n - 1 - i) + 1]);
  CUDA(cudaDestroyTextureObject(object));
}
