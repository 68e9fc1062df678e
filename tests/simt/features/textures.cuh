// Texture objects over arrays, linear and pitched memory: points, interpolation, address modes, layers, normalized reads.
#pragma once

#include <cmath>

namespace textures {

constexpr int kWidth = 13, kHeight = 7, kDepth = 3;

template <class T>
struct Object {
  cudaTextureObject_t object = 0;
  cudaArray_t array = nullptr;
  Object(const std::vector<T>& host, cudaExtent extent, cudaTextureDesc how, unsigned flags = 0) {
    const auto format = cudaCreateChannelDesc<T>();
    CUDA(cudaMalloc3DArray(&array, &format, extent, flags));
    cudaMemcpy3DParms copy{};
    copy.srcPtr = make_cudaPitchedPtr(const_cast<T*>(host.data()), extent.width * sizeof(T), extent.width, std::max<std::size_t>(extent.height, 1));
    copy.dstArray = array;
    copy.extent = make_cudaExtent(extent.width, std::max<std::size_t>(extent.height, 1), std::max<std::size_t>(extent.depth, 1));
    copy.kind = cudaMemcpyHostToDevice;
    CUDA(cudaMemcpy3D(&copy));
    cudaResourceDesc resource{};
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    CUDA(cudaCreateTextureObject(&object, &resource, &how, nullptr));
  }
  Object(const Object&) = delete;
  ~Object() {
    CUDA(cudaDestroyTextureObject(object));
    CUDA(cudaFreeArray(array));
  }
};

cudaTextureDesc reading(cudaTextureFilterMode filter, cudaTextureAddressMode address, bool normalized = false, cudaTextureReadMode mode = cudaReadModeElementType) {
  cudaTextureDesc how{};
  for (auto& each : how.addressMode) each = address;
  how.filterMode = filter;
  how.readMode = mode;
  how.normalizedCoords = normalized;
  how.borderColor[0] = -3;
  return how;
}

std::vector<float> waves(int n) {
  std::vector<float> all;
  for (int i = 0; i < n; ++i) all.push_back(float(i * i % 101) - 30);
  return all;
}

__global__ void sample_2d(float* out, cudaTextureObject_t texture, const float2* at) { out[threadIdx.x] = tex2D<float>(texture, at[threadIdx.x].x, at[threadIdx.x].y); }

// Where the host expects a texel to come from.
float at_2d(const std::vector<float>& image, int x, int y, cudaTextureAddressMode mode) {
  auto place = [&](int& i, int n) {
    if (i >= 0 && i < n) return true;
    if (mode == cudaAddressModeBorder) return false;
    if (mode == cudaAddressModeClamp) i = i < 0 ? 0 : n - 1;
    if (mode == cudaAddressModeWrap) i = (i + 10 * n) % n;
    if (mode == cudaAddressModeMirror) i = (i + 20 * n) % (2 * n), i = i < n ? i : 2 * n - 1 - i;
    return true;
  };
  return place(x, kWidth) && place(y, kHeight) ? image[y * kWidth + x] : -3.0f;
}

FEATURE(textures_of_two_dimensions, 75) {
  const auto image = waves(kWidth * kHeight);
  std::vector<float2> at;
  for (int i = 0; i < 128; ++i) at.push_back({float(i * 37 % 320) / 16 - 4, float(i * 53 % 208) / 16 - 3});
  Device<float2> places(at);
  for (auto mode : {cudaAddressModeClamp, cudaAddressModeBorder}) {
    Object<float> point(image, make_cudaExtent(kWidth, kHeight, 0), reading(cudaFilterModePoint, mode));
    check_all("point", results<float>(128, sample_2d, 1, 128, point.object, places.data),
              [&](int i) { return at_2d(image, int(std::floor(at[i].x)), int(std::floor(at[i].y)), mode); });
    Object<float> linear(image, make_cudaExtent(kWidth, kHeight, 0), reading(cudaFilterModeLinear, mode));
    check_all("linear", results<float>(128, sample_2d, 1, 128, linear.object, places.data), [&](int i) {
      // Sixteenths are exact in weights of eight bits, and so are the sums.
      const float x = at[i].x - 0.5f, y = at[i].y - 0.5f, a = x - std::floor(x), b = y - std::floor(y);
      const int left = int(std::floor(x)), top = int(std::floor(y));
      return (1 - a) * (1 - b) * at_2d(image, left, top, mode) + a * (1 - b) * at_2d(image, left + 1, top, mode) +
             (1 - a) * b * at_2d(image, left, top + 1, mode) + a * b * at_2d(image, left + 1, top + 1, mode);
    });
  }
  std::vector<float2> normalized;
  for (const float2& p : at) normalized.push_back({(std::floor(p.x) + 0.5f) / kWidth, (std::floor(p.y) + 0.5f) / kHeight});
  Device<float2> from_0_to_1(normalized);
  for (auto mode : {cudaAddressModeWrap, cudaAddressModeMirror}) {
    Object<float> point(image, make_cudaExtent(kWidth, kHeight, 0), reading(cudaFilterModePoint, mode, true));
    check_all("normalized", results<float>(128, sample_2d, 1, 128, point.object, from_0_to_1.data),
              [&](int i) { return at_2d(image, int(std::floor(at[i].x)), int(std::floor(at[i].y)), mode); });
  }
}

__global__ void fetch(float* out, cudaTextureObject_t linear, cudaTextureObject_t pitched, cudaTextureObject_t integers) {
  const int t = threadIdx.x;
  out[t] = tex1Dfetch<float>(linear, t - 2) + 100 * tex2D<float>(pitched, float(t % 5), float(t / 5 % 4)) + 1e5f * float(tex1Dfetch<short>(integers, t));
}
__global__ void sample_volume(float* out, cudaTextureObject_t line, cudaTextureObject_t volume, cudaTextureObject_t layers, cudaTextureObject_t bytes) {
  const int t = threadIdx.x, x = t % kWidth;
  out[4 * t] = tex1D<float>(line, float(x) + 0.25f);
  out[4 * t + 1] = tex3D<float>(volume, float(x), float(t % kHeight), float(t % kDepth));
  out[4 * t + 2] = tex2DLayered<float>(layers, float(x), float(t % kHeight), t % kDepth);
  const float4 color = tex2DLod<float4>(bytes, float(x), float(t % kHeight), 0);
  out[4 * t + 3] = color.x + 10 * color.w;
}
FEATURE(textures_of_other_shapes, 75) {
  const auto how = reading(cudaFilterModePoint, cudaAddressModeClamp);
  const auto image = waves(kWidth * kHeight * kDepth);
  std::vector<uchar4> colors;
  for (int i = 0; i < kWidth * kHeight; ++i) colors.push_back({(unsigned char)(i % 2 * 255), 0, 0, (unsigned char)(i % 3 * 51)});
  Object<float> line({image.begin(), image.begin() + kWidth}, make_cudaExtent(kWidth, 0, 0), how);
  Object<float> volume(image, make_cudaExtent(kWidth, kHeight, kDepth), how);
  Object<float> layers(image, make_cudaExtent(kWidth, kHeight, kDepth), how, cudaArrayLayered);
  Object<uchar4> bytes(colors, make_cudaExtent(kWidth, kHeight, 0), reading(cudaFilterModePoint, cudaAddressModeClamp, false, cudaReadModeNormalizedFloat));
  check_all("shapes", results<float>(256, sample_volume, 1, 64, line.object, volume.object, layers.object, bytes.object), [&](int i) {
    const int t = i / 4, x = t % kWidth, y = t % kHeight, z = t % kDepth;
    if (i % 4 == 0) return image[x];
    if (i % 4 < 3) return image[(z * kHeight + y) * kWidth + x];
    return float((y * kWidth + x) % 2) + 10 * (float((y * kWidth + x) % 3 * 51) / 255.0f);
  });
}
FEATURE(textures_of_plain_memory, 75) {
  const auto values = waves(30);
  Device<float> memory(values);
  std::vector<short> narrow;
  for (int i = 0; i < 30; ++i) narrow.push_back(short(-i));
  Device<short> shorts(narrow);
  void* rows = nullptr;
  std::size_t pitch = 0;
  CUDA(cudaMallocPitch(&rows, &pitch, 5 * sizeof(float), 4));
  CUDA(cudaMemcpy2D(rows, pitch, values.data(), 20, 20, 4, cudaMemcpyHostToDevice));
  const auto how = reading(cudaFilterModePoint, cudaAddressModeBorder);
  cudaTextureObject_t objects[3];
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear = {memory.data, cudaCreateChannelDesc<float>(), 120};
  CUDA(cudaCreateTextureObject(objects, &resource, &how, nullptr));
  resource.res.linear = {shorts.data, cudaCreateChannelDesc<short>(), 60};
  CUDA(cudaCreateTextureObject(objects + 2, &resource, &how, nullptr));
  resource.resType = cudaResourceTypePitch2D;
  resource.res.pitch2D = {rows, cudaCreateChannelDesc<float>(), 5, 4, pitch};
  CUDA(cudaCreateTextureObject(objects + 1, &resource, &how, nullptr));
  // Linear memory has no border: outside of it there are zeros.
  check_all("plain", results<float>(20, fetch, 1, 20, objects[0], objects[1], objects[2]),
            [&](int t) { return (t < 2 ? 0.0f : values[t - 2]) + 100 * values[t] + 1e5f * float(-t); });
  for (auto object : objects) CUDA(cudaDestroyTextureObject(object));
  CHECK(on_a_gpu() || cudaDestroyTextureObject(objects[0]) == cudaErrorInvalidValue);
  CUDA(cudaFree(rows));
}

}  // namespace textures
