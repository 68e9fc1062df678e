// Surface objects of every shape through the functions of the header, and what else textures have: cubes, gathering, levels.
#pragma once

namespace surfaces {

struct Surface {
  cudaArray_t array = nullptr;
  cudaSurfaceObject_t object = 0;
  Surface(cudaExtent extent, unsigned flags) {
    const auto format = cudaCreateChannelDesc<int>();
    CUDA(cudaMalloc3DArray(&array, &format, extent, flags | cudaArraySurfaceLoadStore));
    cudaResourceDesc resource{}, same{};
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    CUDA(cudaCreateSurfaceObject(&object, &resource));
    CUDA(cudaGetSurfaceObjectResourceDesc(&same, object));
    CHECK(same.resType == cudaResourceTypeArray && same.res.array.array == array);
  }
  Surface(const Surface&) = delete;
  ~Surface() {
    CUDA(cudaDestroySurfaceObject(object));
    CHECK(on_a_gpu() || cudaDestroySurfaceObject(object) == cudaErrorInvalidValue);
    CUDA(cudaFreeArray(array));
  }
};

struct Shapes {
  cudaSurfaceObject_t line, plane, volume, lines, planes, cube, cubes;
};

__global__ void write_all(Shapes s) {
  const int t = threadIdx.x, x = t % 4, y = t / 4 % 4, z = t / 16;
  if (y == 0 && z == 0) surf1Dwrite(t, s.line, 4 * x);
  if (z == 0) surf2Dwrite(100 + t, s.plane, 4 * x, y);
  surf3Dwrite(200 + t, s.volume, 4 * x, y, z);
  if (y == 0) surf1DLayeredwrite(300 + t, s.lines, 4 * x, z);
  surf2DLayeredwrite(400 + t, s.planes, 4 * x, y, z);
  surfCubemapwrite(500 + t, s.cube, 4 * x, y, z);
  surfCubemapLayeredwrite(600 + t, s.cubes, 4 * x, y, z + 6);
  surf2Dwrite(-1, s.plane, 16, 4, cudaBoundaryModeZero);   // nowhere
}

__global__ void read_all(int* out, Shapes s) {
  const int t = threadIdx.x, x = t % 4, y = t / 4 % 4, z = t / 16;
  int* mine = out + 9 * t;
  mine[0] = surf1Dread<int>(s.line, 4 * x);
  mine[1] = surf2Dread<int>(s.plane, 4 * x, y);
  mine[2] = surf3Dread<int>(s.volume, 4 * x, y, z);
  mine[3] = surf1DLayeredread<int>(s.lines, 4 * x, z);
  mine[4] = surf2DLayeredread<int>(s.planes, 4 * x, y, z);
  mine[5] = surfCubemapread<int>(s.cube, 4 * x, y, z);
  mine[6] = surfCubemapLayeredread<int>(s.cubes, 4 * x, y, z + 6);
  mine[7] = surf2Dread<int>(s.plane, 4 * x - 8, y, cudaBoundaryModeZero);
  const short2 halves = surf2Dread<short2>(s.plane, 4 * x + 8, y, cudaBoundaryModeClamp);
  mine[8] = halves.x + halves.y;
}

FEATURE(surfaces_of_all_shapes, 75) {
  Surface line(make_cudaExtent(4, 0, 0), 0), plane(make_cudaExtent(4, 4, 0), 0), volume(make_cudaExtent(4, 4, 6), 0);
  Surface lines(make_cudaExtent(4, 0, 6), cudaArrayLayered), planes(make_cudaExtent(4, 4, 6), cudaArrayLayered);
  Surface cube(make_cudaExtent(4, 4, 6), cudaArrayCubemap), cubes(make_cudaExtent(4, 4, 12), cudaArrayCubemap | cudaArrayLayered);
  const Shapes shapes{line.object, plane.object, volume.object, lines.object, planes.object, cube.object, cubes.object};
  write_all<<<1, 96>>>(shapes);
  check_all("surfaces", results<int>(9 * 96, read_all, 1, 96, shapes), [&](int i) {
    const int t = i / 9, x = t % 4, y = t / 4 % 4, row = 4 * y;
    const int expected[] = {x, 100 + row + x, 200 + t, 300 + t / 16 * 16 + x, 400 + t, 500 + t, 600 + t,
                            x < 2 ? 0 : 98 + row + x, 100 + row + (x < 2 ? x + 2 : 3)};
    return expected[i % 9];
  });
}

__global__ void sample(float4* out, cudaTextureObject_t plane, cudaTextureObject_t cube, cudaTextureObject_t levels) {
  out[0] = tex2Dgather<float4>(plane, 1.5f, 2.5f, 0);
  const float one = 0.1f;
  out[1] = {texCubemap<float>(cube, 1, one, one), texCubemap<float>(cube, -1, one, one), texCubemap<float>(cube, one, 1, one), texCubemap<float>(cube, one, -1, one)};
  out[2] = {texCubemap<float>(cube, one, one, 1), texCubemap<float>(cube, one, one, -1), tex2DLod<float>(levels, 0.5f, 0.5f, 1), tex2DLod<float>(levels, 0.5f, 0.5f, 1.5f)};
  bool there = false;
  out[3] = {tex2DGrad<float>(levels, 0.5f, 0.5f, make_float2(0.5f, 0), make_float2(0, 0)), tex2D<float>(levels, 0.5f, 0.5f, &there), there ? 1.0f : 0.0f, 0};
}

FEATURE(cubes_gathers_and_levels, 75) {
  using textures::reading;
  std::vector<float> numbers(16), faces(6 * 4);
  for (int i = 0; i < 16; ++i) numbers[i] = float(i);
  for (int i = 0; i < 24; ++i) faces[i] = float(i / 4);
  const auto how = reading(cudaFilterModePoint, cudaAddressModeClamp);
  textures::Object<float> plane(numbers, make_cudaExtent(4, 4, 0), how, cudaArrayTextureGather);
  textures::Object<float> cube(faces, make_cudaExtent(2, 2, 6), how, cudaArrayCubemap);

  const auto format = cudaCreateChannelDesc<float>();
  cudaMipmappedArray_t mipmaps;
  CUDA(cudaMallocMipmappedArray(&mipmaps, &format, make_cudaExtent(4, 4, 0), 9, 0));
  for (unsigned level = 0; level < 3; ++level) {   // 9 levels are more than there are
    cudaArray_t array;
    cudaExtent extent;
    CUDA(cudaGetMipmappedArrayLevel(&array, mipmaps, level));
    CUDA(cudaArrayGetInfo(nullptr, &extent, nullptr, array));
    CHECK(extent.width == 4u >> level && extent.height == 4u >> level && extent.depth == 0);
    const std::vector<float> same(16, 10.0f * float(level));
    CUDA(cudaMemcpy2DToArray(array, 0, 0, same.data(), extent.width * 4, extent.width * 4, extent.height, cudaMemcpyHostToDevice));
    CHECK(on_a_gpu() || cudaFreeArray(array) == cudaErrorInvalidValue);
  }
  cudaArray_t none;
  CHECK(cudaGetMipmappedArrayLevel(&none, mipmaps, 3) == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue);
  cudaResourceDesc resource{}, same{};
  resource.resType = cudaResourceTypeMipmappedArray;
  resource.res.mipmap.mipmap = mipmaps;
  cudaTextureDesc between = reading(cudaFilterModePoint, cudaAddressModeClamp, true), asked{};
  between.mipmapFilterMode = cudaFilterModeLinear;
  between.maxMipmapLevelClamp = 9;
  cudaTextureObject_t levels;
  CUDA(cudaCreateTextureObject(&levels, &resource, &between, nullptr));
  CUDA(cudaGetTextureObjectResourceDesc(&same, levels));
  CUDA(cudaGetTextureObjectTextureDesc(&asked, levels));
  CHECK(same.res.mipmap.mipmap == mipmaps && asked.maxMipmapLevelClamp == 9);
  cudaResourceViewDesc view;
  CHECK(on_a_gpu() || cudaGetTextureObjectResourceViewDesc(&view, levels) == cudaErrorInvalidValue);
  CHECK(on_a_gpu() || cudaGetLastError() == cudaErrorInvalidValue);

  const auto got = results<float4>(4, sample, 1, 1, plane.object, cube.object, levels);
  // The point (1.5, 2.5) is the middle of texel (1, 2): the first of the four between which it would be interpolated.
  const float4 expected[4] = {{13, 14, 10, 9}, {0, 1, 2, 3}, {4, 5, 10, 15}, {10, 0, 1, 0}};
  for (int k = 0; k < 4; ++k)
    CHECK(got[k].x == expected[k].x && got[k].y == expected[k].y && got[k].z == expected[k].z && got[k].w == expected[k].w);
  CUDA(cudaDestroyTextureObject(levels));
  CUDA(cudaFreeMipmappedArray(mipmaps));
  CHECK(on_a_gpu() || cudaFreeMipmappedArray(mipmaps) == cudaErrorInvalidResourceHandle);
}

FEATURE(limits_of_arrays, 75) {
  cudaDeviceProp p;
  CUDA(cudaGetDeviceProperties(&p, 0));
  int attribute;
  CUDA(cudaDeviceGetAttribute(&attribute, cudaDevAttrMaxTexture2DLayeredLayers, 0));
  CHECK(attribute == p.maxTexture2DLayered[2] && attribute == 2048);
  CUDA(cudaDeviceGetAttribute(&attribute, cudaDevAttrMaxSurface3DDepth, 0));
  CHECK(attribute == p.maxSurface3D[2] && attribute == 16384);
  cudaArray_t array;
  const auto format = cudaCreateChannelDesc<char>(), wrong = cudaCreateChannelDesc(8, 8, 8, 0, cudaChannelFormatKindSigned);
  CUDA(cudaMallocArray(&array, &format, p.maxTexture1D, 0));
  CUDA(cudaFreeArray(array));
  CHECK(cudaMallocArray(&array, &format, p.maxTexture1D + 1, 0) == cudaErrorInvalidValue);
  CHECK(cudaMallocArray(&array, &wrong, 4, 4) == cudaErrorInvalidChannelDescriptor);
  CHECK(on_a_gpu() || cudaMallocArray(&array, &format, 4, 4, cudaArraySparse) == cudaErrorNotSupported);
  std::size_t texels;
  CUDA(cudaDeviceGetTexture1DLinearMaxWidth(&texels, &format, 0));
  CHECK(on_a_gpu() ? texels > 0 : texels == 1u << 28);
}

}  // namespace surfaces
