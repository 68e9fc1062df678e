// Convolution in two dimensions (chapter 7), from naive to best:
//
//   basic      one thread a pixel, image and weights from global memory
//   constant   weights in constant memory: one read serves the warp, and the cache keeps them
//   tiled      the block's part of the image with its halo in shared memory: each pixel is read about once from outside
//   cached     only the tile itself in shared memory; the halo is left to the L2 cache, where a neighbour has put it
//   register_window  8 pixels below each other a thread, in registers: a step down the weights reads one pixel for 8 products
//   separable  weights that are a column times a row: a pass along the rows, then one along the columns,
//              height + width instead of height * width multiplications a pixel
//   fused      both passes in one kernel: what lies between them never leaves shared memory
//
// "auto" takes fused where the weights are exactly that, up to their own rounding, and it saves work; else register_window.
// In three dimensions, and over channels, the rungs for any weights go from plane to plane of the weights, with one set of sums.
// Weights on the host travel as an argument of the kernel; weights on the device stay where they are.
#include <cmath>
#include <cstring>
#include <limits>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/convolution/convolution.h"
#include "cuda_src/convolution/textbook.cuh"
#include "cuda_src/convolution/window.cuh"

namespace pmpp {
namespace {

/// Splits weights into a row and a column if their product is the weights up to rounding, each weight by itself: one that
/// is small beside the largest may lie on the brightest pixel. Stores the row, then the column.
template <class T>
bool split(const ConstantWeights<T>& weights, int rows, int cols, ConstantWeights<T>& out) {
  int pivot = 0;
  for (int k = 1; k < rows * cols; ++k)
    if (std::abs(weights.value[k]) > std::abs(weights.value[pivot])) pivot = k;
  const T largest = weights.value[pivot];
  if (!std::isfinite(largest) || largest == 0) return false;
  const int pivot_row = pivot / cols, pivot_col = pivot % cols;
  for (int j = 0; j < cols; ++j) out.value[j] = weights.value[pivot_row * cols + j];
  for (int i = 0; i < rows; ++i) out.value[cols + i] = weights.value[i * cols + pivot_col] / largest;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) {
      const T weight = weights.value[i * cols + j], product = out.value[cols + i] * out.value[j];
      if (!(std::abs(product - weight) <= 4 * std::numeric_limits<T>::epsilon() * std::abs(weight))) return false;
    }
  return true;
}

template <class T>
struct Call {
  Task<T> task;
  const T* weights;
  bool on_device, flip;
  void* workspace;
  cudaStream_t stream;

  ConstantWeights<T> constant() const {
    ConstantWeights<T> applied;
    const int count = task.taps();
    for (int k = 0; k < count; ++k) applied.value[k] = weights[flip ? count - 1 - k : k];
    return applied;
  }
  GlobalWeights<T> global() const { return {weights, flip ? task.taps() - 1 : 0, flip ? -1 : 1}; }

  /// Splits the weights, which must lie in one plane and on the host.
  bool separate(ConstantWeights<T>& parts) const {
    const pmpp_slide& s = task.slide;
    return !on_device && s.weight_planes == 1 && task.taps() > 0 && split(constant(), s.weight_rows, s.weight_cols, parts);
  }
  /// Launches with the weights where they are.
  template <class Launch>
  int with_weights(Launch launch) const {
    if (on_device)
      launch(global());
    else
      launch(constant());
    return cudaGetLastError();
  }
  dim3 blocks(int rows, int tile_rows, int tile_cols = Tuning::cols) const {
    return dim3(unsigned(ceil_div(task.slide.out_cols, tile_cols)), grid_size(rows, tile_rows, 65535),
                grid_size(task.results(), 1, 65535));
  }
  dim3 blocks() const { return blocks(task.slide.out_rows, Tuning::rows); }
};
const dim3 kThreads(Tuning::cols, Tuning::thread_rows);

struct Basic {
  template <class T>
  int operator()(const Call<T>& call) const {
    const dim3 grid = call.blocks(call.task.slide.out_rows, Tuning::thread_rows);
    GlobalWeights<T> weights = call.global();
    if (!call.on_device) {
      T* const copy = static_cast<T*>(call.workspace);
      store_weights<<<1, 256, 0, call.stream>>>(call.constant(), call.task.taps(), copy);
      weights = {copy, 0, 1};
    }
    pixel_kernel<<<grid, kThreads, 0, call.stream>>>(call.task, weights);
    return cudaGetLastError();
  }
};

struct Constant {
  template <class T>
  int operator()(const Call<T>& call) const {
    if (call.on_device) return PMPP_UNSUITABLE;
    const dim3 grid = call.blocks(call.task.slide.out_rows, Tuning::thread_rows);
    pixel_kernel<<<grid, kThreads, 0, call.stream>>>(call.task, call.constant());
    return cudaGetLastError();
  }
};

struct Tiled {
  template <class T>
  int operator()(const Call<T>& call) const {
    const pmpp_slide& s = call.task.slide;
    const size_t tile = size_t(Tuning::rows + s.weight_rows - 1) * (Tuning::cols + s.weight_cols - 1) * sizeof(T);
    return call.with_weights(
        [&](const auto& weights) { tiled_kernel<<<call.blocks(), kThreads, tile, call.stream>>>(call.task, weights); });
  }
};

struct Cached {
  template <class T>
  int operator()(const Call<T>& call) const {
    return call.with_weights(
        [&](const auto& weights) { cached_kernel<<<call.blocks(), kThreads, 0, call.stream>>>(call.task, weights); });
  }
};

struct RegisterWindow {
  template <class T>
  int operator()(const Call<T>& call) const {
    using W = Window<T>;
    return call.with_weights([&](const auto& weights) {
      window_kernel<<<call.blocks(call.task.slide.out_rows, W::rows, W::cols), W::threads, W::shared_bytes(call.task),
                      call.stream>>>(call.task, weights);
    });
  }
};

struct Separable {
  template <class T>
  int operator()(const Call<T>& call) const {
    ConstantWeights<T> parts;
    if (!call.separate(parts)) return PMPP_UNSUITABLE;
    T* const between = static_cast<T*>(call.workspace);
    const int between_rows = call.task.slide.out_rows + call.task.slide.weight_rows - 1;
    const dim3 first = call.blocks(between_rows, Tuning::thread_rows);
    row_pass_kernel<<<first, kThreads, 0, call.stream>>>(call.task, parts, between, between_rows);
    const dim3 second = call.blocks(call.task.slide.out_rows, Tuning::thread_rows);
    column_pass_kernel<<<second, kThreads, 0, call.stream>>>(call.task, parts, between, between_rows);
    return cudaGetLastError();
  }
};

struct Fused {
  template <class T>
  int operator()(const Call<T>& call) const {
    using W = Window<T>;
    ConstantWeights<T> parts;
    if (!call.separate(parts)) return PMPP_UNSUITABLE;
    fused_kernel<<<call.blocks(call.task.slide.out_rows, W::rows, W::cols), W::threads, W::shared_bytes(call.task),
                   call.stream>>>(call.task, parts);
    return cudaGetLastError();
  }
};

struct Launch {
  int (*f32)(const Call<float>&);
  int (*f64)(const Call<double>&);
  int operator()(const Call<float>& call) const { return f32(call); }
  int operator()(const Call<double>& call) const { return f64(call); }
};
template <class Rung>
constexpr Launch launch = {[](const Call<float>& call) { return Rung{}(call); },
                           [](const Call<double>& call) { return Rung{}(call); }};

const Rung<Launch> ladder[] = {
    {{"basic", "basic convolution", 75}, launch<Basic>},
    {{"constant", "weights in constant memory", 75}, launch<Constant>},
    {{"tiled", "tiled, with the halo in shared memory", 75}, launch<Tiled>},
    {{"cached", "tiled, with the halo left to the cache", 75}, launch<Cached>},
    {{"register_window", "a window that slides through registers", 75}, launch<RegisterWindow>},
    {{"separable", "separable weights, two passes", 75}, launch<Separable>},
    {{"fused", "separable weights, two passes in one kernel", 75}, launch<Fused>},
};

template <class T>
Call<T> call_of(const pmpp_convolution& in, void* workspace, cudaStream_t stream) {
  Call<T> call{{static_cast<const T*>(in.image), static_cast<T*>(in.out), in.slide, T(in.slide.fill)},
               static_cast<const T*>(in.weights),
               in.weights_on_device != 0,
               in.slide.flip != 0,
               workspace,
               stream};
  pmpp_slide& s = call.task.slide;
  if (s.channels == 1 && s.kernels == 1 && s.weight_planes == 1 && s.plane_offset == 0 && s.out_planes == s.image_planes) {
    // No plane needs another: they are images on their own.
    s.batches *= s.out_planes;
    s.image_planes = s.out_planes = 1;
  }
  return call;
}

/// What "auto" means for these weights.
template <class T>
const char* chosen(const Call<T>& call, const char* variant) {
  constexpr int kSeparableFrom = 16;  // taps from which two passes are less work than one
  if (std::strcmp(variant, "auto") != 0) return variant;
  ConstantWeights<T> parts;
  return call.task.taps() >= kSeparableFrom && call.separate(parts) ? "fused" : "register_window";
}

template <class T>
size_t workspace_bytes(const Call<T>& call, const char* variant) {
  const pmpp_slide& s = call.task.slide;
  if (std::strcmp(variant, "basic") == 0) return call.on_device ? 0 : sizeof(T) * call.task.taps();
  if (std::strcmp(variant, "separable") == 0)
    return sizeof(T) * call.task.results() * (size_t(s.out_rows) + s.weight_rows - 1) * s.out_cols;
  return 0;
}

template <class T>
int run(const Call<T>& call, const char* variant, size_t bytes) {
  const auto* rung = find(ladder, chosen(call, variant));
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (bytes < workspace_bytes(call, rung->variant.name)) return PMPP_SMALL_WORKSPACE;
  return rung->launch(call);
}

bool takes(const pmpp_convolution& task) {
  const pmpp_slide& s = task.slide;
  const double results = double(s.batches) * s.kernels * s.out_planes;
  const double taps = double(s.weight_planes) * s.weight_rows * s.weight_cols;
  return s.weight_planes >= 0 && s.weight_rows >= 0 && s.weight_cols >= 0 && s.weight_rows <= PMPP_CONVOLUTION_LONGEST &&
         s.weight_cols <= PMPP_CONVOLUTION_LONGEST && taps <= PMPP_CONVOLUTION_MAX_WEIGHTS &&
         (task.weights_on_device || (s.channels == 1 && s.kernels == 1)) && s.channels >= 0 &&
         double(s.channels) * s.weight_planes <= 0x7fffffff && results <= 0x7fffffff - 65535;  // z stays an int
}

bool empty(const pmpp_convolution& task) {
  const pmpp_slide& s = task.slide;
  return s.batches <= 0 || s.kernels <= 0 || s.out_planes <= 0 || s.out_rows <= 0 || s.out_cols <= 0;
}

}  // namespace
}  // namespace pmpp

PMPP_API size_t pmpp_convolve2d_workspace(const pmpp_convolution* task, const char* variant) {
  if (!pmpp::takes(*task) || pmpp::empty(*task)) return 0;
  const auto bytes = [&](const auto& call) { return pmpp::workspace_bytes(call, pmpp::chosen(call, variant)); };
  return task->dtype == PMPP_FLOAT64 ? bytes(pmpp::call_of<double>(*task, nullptr, nullptr))
                                     : bytes(pmpp::call_of<float>(*task, nullptr, nullptr));
}

PMPP_API int pmpp_convolve2d(const pmpp_convolution* task, const char* variant, void* workspace, size_t workspace_bytes,
                             cudaStream_t stream) {
  if (task->dtype != PMPP_FLOAT32 && task->dtype != PMPP_FLOAT64) return PMPP_UNSUPPORTED_DTYPE;
  if (!pmpp::takes(*task)) return PMPP_UNSUITABLE;
  if (pmpp::empty(*task)) return cudaSuccess;
  return task->dtype == PMPP_FLOAT64 ? pmpp::run(pmpp::call_of<double>(*task, workspace, stream), variant, workspace_bytes)
                                     : pmpp::run(pmpp::call_of<float>(*task, workspace, stream), variant, workspace_bytes);
}

PMPP_API const pmpp_variant* pmpp_convolve2d_variant(int i) { return pmpp::variant(pmpp::ladder, i); }
