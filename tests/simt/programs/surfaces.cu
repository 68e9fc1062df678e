// Surfaces and levels of detail: pictures that kernels paint, and look at afterwards.
// pmpp: arch=75
#include "program.cuh"

/// A surface of an array.
struct Surface {
  cudaSurfaceObject_t object = 0;
  explicit Surface(cudaArray_t array) {
    cudaResourceDesc what{};
    what.resType = cudaResourceTypeArray;
    what.res.array.array = array;
    CUDA(cudaCreateSurfaceObject(&object, &what));
  }
  ~Surface() { cudaDestroySurfaceObject(object); }
};

// The game of life on a small world with dead edges: two pictures take turns.
__global__ void live(cudaSurfaceObject_t now, cudaSurfaceObject_t next, int width, int height) {
  const int x = threadIdx.x, y = threadIdx.y;
  if (x >= width || y >= height) return;
  int neighbours = 0;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx)
      if (dx || dy) neighbours += surf2Dread<unsigned char>(now, x + dx, y + dy, cudaBoundaryModeZero);
  const bool lives = surf2Dread<unsigned char>(now, x, y) != 0;
  surf2Dwrite<unsigned char>(neighbours == 3 || (lives && neighbours == 2), next, x, y);
}
PROGRAM(painted_life) {
  const int width = 20, height = 15;
  std::vector<unsigned char> cells(width * height);
  for (int i = 0; i < width * height; ++i) cells[i] = i * i % 7 < 3;
  cudaArray_t arrays[2];
  const auto channel = cudaCreateChannelDesc<unsigned char>();
  for (auto& array : arrays) CUDA(cudaMallocArray(&array, &channel, width, height, cudaArraySurfaceLoadStore));
  CUDA(cudaMemcpy2DToArray(arrays[0], 0, 0, cells.data(), width, width, height, cudaMemcpyHostToDevice));
  {
    Surface worlds[] = {Surface(arrays[0]), Surface(arrays[1])};
    for (int step = 0; step < 10; ++step) {
      live<<<1, dim3(32, 16)>>>(worlds[step % 2].object, worlds[1 - step % 2].object, width, height);
      FINISH();
      const auto before = cells;
      auto alive = [&](int x, int y) { return x >= 0 && x < width && y >= 0 && y < height ? before[y * width + x] : 0; };
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          int neighbours = -alive(x, y);
          for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) neighbours += alive(x + dx, y + dy);
          cells[y * width + x] = neighbours == 3 || (alive(x, y) && neighbours == 2);
        }
    }
  }
  std::vector<unsigned char> got(cells.size());
  CUDA(cudaMemcpy2DFromArray(got.data(), width, arrays[0], 0, 0, width, height, cudaMemcpyDeviceToHost));
  CHECK(got == cells);
  for (auto array : arrays) CUDA(cudaFreeArray(array));
}

// A pyramid: each level is the mean of four pixels below it, and the top that of the whole picture.
__global__ void paint(cudaSurfaceObject_t level) { surf2Dwrite(float(threadIdx.x + 10 * threadIdx.y), level, 4 * threadIdx.x, threadIdx.y); }
__global__ void halve(cudaSurfaceObject_t fine, cudaSurfaceObject_t coarse) {
  const int x = threadIdx.x, y = threadIdx.y;
  float sum = 0;
  for (int k = 0; k < 4; ++k) sum += surf2Dread<float>(fine, 4 * (2 * x + k % 2), 2 * y + k / 2);
  surf2Dwrite(sum / 4, coarse, 4 * x, y);
}
__global__ void look(cudaTextureObject_t pyramid, float* out) {
  const float x = (threadIdx.x + 0.5f) / 4, y = (threadIdx.y + 0.5f) / 4;
  float* mine = out + 3 * (threadIdx.y * 4 + threadIdx.x);
  mine[0] = tex2DLod<float>(pyramid, x, y, 2);
  mine[1] = tex2DLod<float>(pyramid, x, y, 3.5f);
  mine[2] = tex2DGrad<float>(pyramid, x, y, make_float2(1, 0), make_float2(0, 0.25f));   // a pixel as wide as the picture
}
PROGRAM(pyramid) {
  const int levels = 5, size = 16;
  cudaMipmappedArray_t mipmaps;
  const auto channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMallocMipmappedArray(&mipmaps, &channel, make_cudaExtent(size, size, 0), levels, cudaArraySurfaceLoadStore));
  cudaArray_t array[levels];
  for (int k = 0; k < levels; ++k) CUDA(cudaGetMipmappedArrayLevel(&array[k], mipmaps, k));
  {
    Surface base(array[0]);
    paint<<<1, dim3(size, size)>>>(base.object);
    FINISH();
  }
  for (int k = 1; k < levels; ++k) {
    Surface fine(array[k - 1]), coarse(array[k]);
    halve<<<1, dim3(size >> k, size >> k)>>>(fine.object, coarse.object);
    FINISH();
  }
  cudaResourceDesc what{};
  what.resType = cudaResourceTypeMipmappedArray;
  what.res.mipmap.mipmap = mipmaps;
  cudaTextureDesc how{};
  how.normalizedCoords = 1;
  how.mipmapFilterMode = cudaFilterModeLinear;
  how.maxMipmapLevelClamp = levels;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &what, &how, nullptr));
  Buffer<float> out(48);
  look<<<1, dim3(4, 4)>>>(texture, out);
  FINISH();
  const auto got = out.host();
  const auto mean = [&](int x, int y, int pixels) { return x * pixels + (pixels - 1) / 2.0f + 10 * (y * pixels + (pixels - 1) / 2.0f); };
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 4; ++x) {
      const float* p = &got[3 * (4 * y + x)];
      CHECK(p[0] == mean(x, y, 4));
      CHECK(p[1] == (mean(x / 2, y / 2, 8) + mean(0, 0, 16)) / 2);
      CHECK(p[2] == mean(0, 0, 16));
    }
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeMipmappedArray(mipmaps));
}
