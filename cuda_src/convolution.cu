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
// In three dimensions the rungs for any weights go from plane to plane of the weights, with one set of sums.
#include <cmath>
#include <limits>
#include <mutex>
#include <type_traits>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/convolution.h"
#include "cuda_src/convolution/sample.cuh"
#include "cuda_src/convolution/window.cuh"

namespace pmpp {
namespace {

struct Tuning {
  static constexpr int cols = 32;  // threads and pixels of a block along a row: a warp reads neighbours
  static constexpr int thread_rows = 8;
  static constexpr int rows = 32;            // pixels of a tile along a column: each thread does rows / thread_rows
  static constexpr int separable_from = 16;  // taps from which two passes are less work than one
};

// ---- kernels --------------------------------------------------------------------------------------------------------
// Along y and z the grid has at most 65535 blocks; for taller images, and more of them, each block goes on, a grid further.

/// One thread a pixel. Serves two rungs: they differ only in where the weights are.
template <class T, class Weights>
__global__ void pixel_kernel(Task<T> task, Weights weights) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.out_cols) return;
  for (int z = blockIdx.z; z < task.batches * task.out_planes; z += gridDim.z)
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < task.out_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      int k = 0;
      for (int p = 0; p < task.weight_planes; ++p) {
        const T* plane = plane_under(task, z, p);
        for (int i = 0; i < task.weight_rows; ++i)
          for (int j = 0; j < task.weight_cols; ++j)
            sum += weights[k++] * sample(task, plane, r + task.row_offset + i, c + task.col_offset + j);
      }
      *result(task, z, r, c) = sum;
    }
}

constexpr int kSums = Tuning::rows / Tuning::thread_rows;  // of a thread of the next two kernels, below each other

template <class T>
__device__ void store_sums(const Task<T>& task, int z, int first_row, int c, const T (&sum)[kSums]) {
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
    const int r = first_row + int(threadIdx.y) + s * Tuning::thread_rows;
    if (r < task.out_rows && c < task.out_cols) *result(task, z, r, c) = sum[s];
  }
}

template <class T>
__global__ void tiled_kernel(Task<T> task) {
  T* tile = shared_memory<T>();
  const int width = Tuning::cols + task.weight_cols - 1, height = Tuning::rows + task.weight_rows - 1;
  const int first_col = blockIdx.x * Tuning::cols, weights = task.weight_rows * task.weight_cols;

  for (int z = blockIdx.z; z < task.batches * task.out_planes; z += gridDim.z)
    for (int first_row = blockIdx.y * Tuning::rows; first_row < task.out_rows; first_row += gridDim.y * Tuning::rows) {
      T sum[kSums] = {};
      for (int p = 0; p < task.weight_planes; ++p) {
        const T* plane = plane_under(task, z, p);
        __syncthreads();  // nobody reads the tile before any more
        // Threads walk over the tile with its halo, which is larger than the block.
        for (int y = threadIdx.y; y < height; y += Tuning::thread_rows)
          for (int x = threadIdx.x; x < width; x += Tuning::cols)
            tile[y * width + x] = sample(task, plane, first_row + task.row_offset + y, first_col + task.col_offset + x);
        __syncthreads();

        for (int i = 0; i < task.weight_rows; ++i)
          for (int j = 0; j < task.weight_cols; ++j) {
            const T weight = ConstantWeights<T>{}[p * weights + i * task.weight_cols + j];
#pragma unroll
            for (int s = 0; s < kSums; ++s)
              sum[s] += weight * tile[(int(threadIdx.y) + s * Tuning::thread_rows + i) * width + int(threadIdx.x) + j];
          }
      }
      store_sums(task, z, first_row, first_col + int(threadIdx.x), sum);
    }
}

template <class T>
__global__ void cached_kernel(Task<T> task) {
  __shared__ T tile[Tuning::rows][Tuning::cols];
  // The tile is the part of the image that lies under the block's output pixels when the weights are centred on them.
  const int centre_row = task.row_offset + task.weight_rows / 2, centre_col = task.col_offset + task.weight_cols / 2;
  const int first_col = blockIdx.x * Tuning::cols, c = first_col + threadIdx.x;

  for (int z = blockIdx.z; z < task.batches * task.out_planes; z += gridDim.z)
    for (int first_row = blockIdx.y * Tuning::rows; first_row < task.out_rows; first_row += gridDim.y * Tuning::rows) {
      T sum[kSums] = {};
      int k = 0;
      for (int p = 0; p < task.weight_planes; ++p) {
        const T* plane = plane_under(task, z, p);
        __syncthreads();  // nobody reads the tile before any more
        for (int y = threadIdx.y; y < Tuning::rows; y += Tuning::thread_rows)
          tile[y][threadIdx.x] = sample(task, plane, first_row + centre_row + y, first_col + centre_col + int(threadIdx.x));
        __syncthreads();

        for (int i = 0; i < task.weight_rows; ++i)
          for (int j = 0; j < task.weight_cols; ++j, ++k) {
            const int tile_col = int(threadIdx.x) + j - task.weight_cols / 2;
#pragma unroll
            for (int s = 0; s < kSums; ++s) {
              const int y = int(threadIdx.y) + s * Tuning::thread_rows, tile_row = y + i - task.weight_rows / 2;
              const bool inside = unsigned(tile_row) < unsigned(Tuning::rows) && unsigned(tile_col) < unsigned(Tuning::cols);
              const T pixel = inside ? tile[tile_row][tile_col]
                                     : sample(task, plane, first_row + y + task.row_offset + i, c + task.col_offset + j);
              sum[s] += ConstantWeights<T>{}[k] * pixel;
            }
          }
      }
      store_sums(task, z, first_row, c, sum);
    }
}

/// First pass: along the rows, for the output's columns and every row that the second pass needs, those beyond the border
/// included. Constant memory holds the row of weights, then the column.
template <class T>
__global__ void row_pass_kernel(Task<T> task, T* between, int between_rows) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.out_cols) return;
  for (int z = blockIdx.z; z < task.batches; z += gridDim.z) {
    const T* plane = plane_under(task, z, 0);
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < between_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      for (int j = 0; j < task.weight_cols; ++j)
        sum += ConstantWeights<T>{}[j] * sample(task, plane, r + task.row_offset, c + task.col_offset + j);
      between[(size_t(z) * between_rows + r) * task.out_cols + c] = sum;
    }
  }
}

template <class T>
__global__ void column_pass_kernel(Task<T> task, const T* between, int between_rows) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.out_cols) return;
  for (int z = blockIdx.z; z < task.batches; z += gridDim.z)
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < task.out_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      for (int i = 0; i < task.weight_rows; ++i)
        sum += ConstantWeights<T>{}[task.weight_cols + i] * between[(size_t(z) * between_rows + r + i) * task.out_cols + c];
      *result(task, z, r, c) = sum;
    }
}

// ---- host -----------------------------------------------------------------------------------------------------------

/// Weights on their way to the device: in the order in which they are applied.
template <class T>
struct HostWeights {
  T value[PMPP_CONVOLUTION_MAX_WEIGHTS];
  int count;
};

/// Splits weights into a row and a column if their product is the weights up to rounding, each weight by itself: one that
/// is small beside the largest may lie on the brightest pixel. Stores the row, then the column.
template <class T>
bool split(const HostWeights<T>& weights, int rows, int cols, HostWeights<T>& out) {
  int pivot = 0;
  for (int k = 1; k < weights.count; ++k)
    if (std::abs(weights.value[k]) > std::abs(weights.value[pivot])) pivot = k;
  const T largest = weights.value[pivot];
  if (!std::isfinite(largest) || largest == 0) return false;
  const int pivot_row = pivot / cols, pivot_col = pivot % cols;
  for (int j = 0; j < cols; ++j) out.value[j] = weights.value[pivot_row * cols + j];
  for (int i = 0; i < rows; ++i) out.value[cols + i] = weights.value[i * cols + pivot_col] / largest;
  out.count = rows + cols;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) {
      const T weight = weights.value[i * cols + j], product = out.value[cols + i] * out.value[j];
      if (!(std::abs(product - weight) <= 4 * std::numeric_limits<T>::epsilon() * std::abs(weight))) return false;
    }
  return true;
}

/// Constant memory is one for all streams: whoever fills it waits, on the device, for the last kernel that reads it.
class ConstantMemory {
 public:
  template <class T, class Launch>
  int with(const HostWeights<T>& weights, cudaStream_t stream, Launch launch) {
    std::lock_guard<std::mutex> lock(mutex_);
    int device = 0;
    int status = cudaGetDevice(&device);
    if (status || device < 0 || device >= kDevices) return status ? status : int(cudaErrorInvalidDevice);
    cudaEvent_t& last_reader = last_reader_[device];
    if (!last_reader)
      status = cudaEventCreateWithFlags(&last_reader, cudaEventDisableTiming);
    else
      status = cudaStreamWaitEvent(stream, last_reader, 0);
    if (!status)
      status =
          cudaMemcpyToSymbolAsync(constant_weights, weights.value, weights.count * sizeof(T), 0, cudaMemcpyHostToDevice, stream);
    if (status) return status;
    launch();
    status = cudaGetLastError();
    return status ? status : int(cudaEventRecord(last_reader, stream));
  }

 private:
  static constexpr int kDevices = 64;
  std::mutex mutex_;
  cudaEvent_t last_reader_[kDevices] = {};
};
ConstantMemory constant_memory;

template <class T>
struct Call {
  Task<T> task;
  HostWeights<T> weights;
  void* workspace;
  cudaStream_t stream;
};

template <class T>
dim3 blocks(const Task<T>& task, int rows, int tile_rows, int tile_cols = Tuning::cols) {
  const size_t planes = size_t(task.batches) * task.out_planes;
  return dim3(unsigned(ceil_div(task.out_cols, tile_cols)), grid_size(rows, tile_rows, 65535), grid_size(planes, 1, 65535));
}
const dim3 kThreads(Tuning::cols, Tuning::thread_rows);

/// Splits the weights of a call, which must lie in one plane.
template <class T>
bool separate(const Call<T>& call, HostWeights<T>& parts) {
  return call.task.weight_planes == 1 && split(call.weights, call.task.weight_rows, call.task.weight_cols, parts);
}

struct Basic {
  template <class T>
  int operator()(const Call<T>& call) const {
    T* weights = static_cast<T*>(call.workspace);
    const int status =
        cudaMemcpyAsync(weights, call.weights.value, call.weights.count * sizeof(T), cudaMemcpyHostToDevice, call.stream);
    if (status) return status;
    const dim3 grid = blocks(call.task, call.task.out_rows, Tuning::thread_rows);
    pixel_kernel<<<grid, kThreads, 0, call.stream>>>(call.task, GlobalWeights<T>{weights});
    return cudaGetLastError();
  }
};

struct Constant {
  template <class T>
  int operator()(const Call<T>& call) const {
    const dim3 grid = blocks(call.task, call.task.out_rows, Tuning::thread_rows);
    return constant_memory.with(call.weights, call.stream,
                                [&] { pixel_kernel<<<grid, kThreads, 0, call.stream>>>(call.task, ConstantWeights<T>{}); });
  }
};

struct Tiled {
  template <class T>
  int operator()(const Call<T>& call) const {
    const dim3 grid = blocks(call.task, call.task.out_rows, Tuning::rows);
    const size_t tile = size_t(Tuning::rows + call.task.weight_rows - 1) * (Tuning::cols + call.task.weight_cols - 1);
    return constant_memory.with(call.weights, call.stream,
                                [&] { tiled_kernel<<<grid, kThreads, tile * sizeof(T), call.stream>>>(call.task); });
  }
};

struct Cached {
  template <class T>
  int operator()(const Call<T>& call) const {
    const dim3 grid = blocks(call.task, call.task.out_rows, Tuning::rows);
    return constant_memory.with(call.weights, call.stream, [&] { cached_kernel<<<grid, kThreads, 0, call.stream>>>(call.task); });
  }
};

struct Separable {
  template <class T>
  int operator()(const Call<T>& call) const {
    HostWeights<T> parts;
    if (!separate(call, parts)) return PMPP_UNSUITABLE;
    T* between = static_cast<T*>(call.workspace);
    const int between_rows = call.task.out_rows + call.task.weight_rows - 1;
    return constant_memory.with(parts, call.stream, [&] {
      const dim3 first = blocks(call.task, between_rows, Tuning::thread_rows);
      row_pass_kernel<<<first, kThreads, 0, call.stream>>>(call.task, between, between_rows);
      const dim3 second = blocks(call.task, call.task.out_rows, Tuning::thread_rows);
      column_pass_kernel<<<second, kThreads, 0, call.stream>>>(call.task, between, between_rows);
    });
  }
};

struct RegisterWindow {
  template <class T>
  int operator()(const Call<T>& call) const {
    return constant_memory.with(call.weights, call.stream, [&] {
      window_kernel<<<blocks(call.task, call.task.out_rows, Window<T>::rows, Window<T>::cols), Window<T>::threads,
                      Window<T>::shared_bytes(call.task), call.stream>>>(call.task);
    });
  }
};

struct Fused {
  template <class T>
  int operator()(const Call<T>& call) const {
    HostWeights<T> parts;
    if (!separate(call, parts)) return PMPP_UNSUITABLE;
    return constant_memory.with(parts, call.stream, [&] {
      fused_kernel<<<blocks(call.task, call.task.out_rows, Window<T>::rows, Window<T>::cols), Window<T>::threads,
                     Window<T>::shared_bytes(call.task), call.stream>>>(call.task);
    });
  }
};

struct Launch {
  int (*f32)(const Call<float>&);
  int (*f64)(const Call<double>&);
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
HostWeights<T> applied(const pmpp_convolution& in) {
  HostWeights<T> out;
  out.count = in.weight_planes * in.weight_rows * in.weight_cols;
  const T* weights = static_cast<const T*>(in.weights);
  for (int k = 0; k < out.count; ++k) out.value[k] = weights[in.flip ? out.count - 1 - k : k];
  return out;
}

/// What "auto" means for these weights.
template <class T>
const char* chosen(const pmpp_convolution& in, const HostWeights<T>& weights, const char* variant) {
  if (std::strcmp(variant, "auto") != 0) return variant;
  HostWeights<T> parts;
  const bool two_passes =
      in.weight_planes == 1 && weights.count >= Tuning::separable_from && split(weights, in.weight_rows, in.weight_cols, parts);
  return two_passes ? "fused" : "register_window";
}

template <class T>
size_t workspace_bytes(const pmpp_convolution& in, const char* variant) {
  variant = chosen(in, applied<T>(in), variant);
  if (std::strcmp(variant, "basic") == 0) return sizeof(T) * in.weight_planes * in.weight_rows * in.weight_cols;
  if (std::strcmp(variant, "separable") == 0)
    return sizeof(T) * in.batches * in.out_planes * (size_t(in.out_rows) + in.weight_rows - 1) * in.out_cols;
  return 0;
}

template <class T>
int run(const pmpp_convolution& in, const char* variant, void* workspace, size_t bytes, cudaStream_t stream) {
  Call<T> call{{static_cast<const T*>(in.image), in.image_planes, in.image_rows, in.image_cols, in.weight_planes, in.weight_rows,
                in.weight_cols, static_cast<T*>(in.out), in.out_planes, in.out_rows, in.out_cols, in.plane_offset, in.row_offset,
                in.col_offset, in.batches, in.boundary, T(in.fill)},
               applied<T>(in),
               workspace,
               stream};
  if (in.weight_planes == 1 && in.plane_offset == 0 && in.out_planes == in.image_planes) {
    // No plane needs another: they are images on their own.
    call.task.batches *= in.out_planes;
    call.task.image_planes = call.task.out_planes = 1;
  }
  const auto* rung = find(ladder, chosen(in, call.weights, variant));
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (bytes < workspace_bytes<T>(in, rung->variant.name)) return PMPP_SMALL_WORKSPACE;
  if constexpr (std::is_same_v<T, float>)
    return rung->launch.f32(call);
  else
    return rung->launch.f64(call);
}

bool takes(const pmpp_convolution& task) {
  return task.weight_planes >= 0 && task.weight_rows >= 0 && task.weight_cols >= 0 &&
         task.weight_rows <= PMPP_CONVOLUTION_LONGEST && task.weight_cols <= PMPP_CONVOLUTION_LONGEST &&
         size_t(task.weight_planes) * size_t(task.weight_rows) * size_t(task.weight_cols) <= PMPP_CONVOLUTION_MAX_WEIGHTS &&
         size_t(task.batches) * size_t(task.out_planes) <= 0x7fffffff - 65535;  // z stays an int
}

bool empty(const pmpp_convolution& task) {
  return task.batches <= 0 || task.out_planes <= 0 || task.out_rows <= 0 || task.out_cols <= 0;
}

}  // namespace
}  // namespace pmpp

PMPP_API size_t pmpp_convolve2d_workspace(const pmpp_convolution* task, const char* variant) {
  if (!pmpp::takes(*task) || pmpp::empty(*task)) return 0;
  return task->dtype == PMPP_FLOAT64 ? pmpp::workspace_bytes<double>(*task, variant)
                                     : pmpp::workspace_bytes<float>(*task, variant);
}

PMPP_API int pmpp_convolve2d(const pmpp_convolution* task, const char* variant, void* workspace, size_t workspace_bytes,
                             cudaStream_t stream) {
  if (task->dtype != PMPP_FLOAT32 && task->dtype != PMPP_FLOAT64) return PMPP_UNSUPPORTED_DTYPE;
  if (!pmpp::takes(*task)) return PMPP_UNSUITABLE;
  if (pmpp::empty(*task)) return cudaSuccess;
  return task->dtype == PMPP_FLOAT32 ? pmpp::run<float>(*task, variant, workspace, workspace_bytes, stream)
                                     : pmpp::run<double>(*task, variant, workspace, workspace_bytes, stream);
}

PMPP_API const pmpp_variant* pmpp_convolve2d_variant(int i) { return pmpp::variant(pmpp::ladder, i); }
