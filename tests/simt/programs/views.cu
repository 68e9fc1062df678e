// Textures that are not looked at as pictures: gathered by fours, and around a cube.
// pmpp: arch=75
#include "program.cuh"

#include <algorithm>

// A weaver: four threads of a pattern in one look, and what lies beyond the edge is the edge.
__global__ void weave(cudaTextureObject_t pattern, float* sums, int n) {
  const int x = threadIdx.x, y = blockIdx.x;
  const float4 four = tex2Dgather<float4>(pattern, x + 1.f, y + 1.f, 0);
  if (x < n) sums[y * n + x] = four.x + 10 * four.y + 100 * four.z + 1000 * four.w;
}
PROGRAM(weaver) {
  const int n = 9;
  const auto given = numbers(n * n, 10);
  const std::vector<float> pattern(given.begin(), given.end());
  cudaArray_t array;
  const auto channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMallocArray(&array, &channel, n, n, cudaArrayTextureGather));
  CUDA(cudaMemcpy2DToArray(array, 0, 0, pattern.data(), n * 4, n * 4, n, cudaMemcpyHostToDevice));
  cudaResourceDesc what{};
  what.resType = cudaResourceTypeArray;
  what.res.array.array = array;
  cudaTextureDesc how{};
  for (auto& mode : how.addressMode) mode = cudaAddressModeClamp;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &what, &how, nullptr));
  Buffer<float> sums(n * n);
  weave<<<n, 32>>>(texture, sums, n);
  FINISH();
  const auto got = sums.host();
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) {
      auto at = [&](int px, int py) { return pattern[std::min(py, n - 1) * n + std::min(px, n - 1)]; };
      CHECK(got[y * n + x] == at(x, y + 1) + 10 * at(x + 1, y + 1) + 100 * at(x + 1, y) + 1000 * at(x, y));
    }
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

// A die on a table: who looks along an axis sees the side that lies there.
__global__ void look(cudaTextureObject_t die, int* sides) {
  const int side = threadIdx.x;
  const float along = side % 2 ? -1.f : 1.f;
  sides[side] = texCubemap<int>(die, side / 2 == 0 ? along : 0.1f, side / 2 == 1 ? along : 0.1f, side / 2 == 2 ? along : 0.1f);
}
PROGRAM(die) {
  const int side = 4;
  std::vector<int> spots(6 * side * side);
  for (int i = 0; i < 6 * side * side; ++i) spots[i] = i / (side * side) + 1;
  cudaArray_t array;
  const auto channel = cudaCreateChannelDesc<int>();
  CUDA(cudaMalloc3DArray(&array, &channel, make_cudaExtent(side, side, 6), cudaArrayCubemap));
  cudaMemcpy3DParms copy{};
  copy.srcPtr = make_cudaPitchedPtr(spots.data(), side * sizeof(int), side, side);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(side, side, 6);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  cudaResourceDesc what{};
  what.resType = cudaResourceTypeArray;
  what.res.array.array = array;
  cudaTextureDesc how{};
  how.normalizedCoords = 1;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &what, &how, nullptr));
  Buffer<int> sides(6);
  look<<<1, 6>>>(texture, sides);
  FINISH();
  const auto got = sides.host();
  for (int i = 0; i < 6; ++i) CHECK(got[i] == i + 1);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}
