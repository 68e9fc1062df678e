// Thrust: transform, reduce, sort by key.
#include <thrust/device_vector.h>
#include <thrust/sort.h>
#include <thrust/transform_reduce.h>

float all(thrust::device_vector<int>& keys, thrust::device_vector<float>& values) {
  thrust::sort_by_key(keys.begin(), keys.end(), values.begin());
  thrust::transform(values.begin(), values.end(), values.begin(), [] __device__(float x) { return x * x; });
  return thrust::transform_reduce(values.begin(), values.end(), [] __device__(float x) { return x + 1; }, 0.f, thrust::plus<float>());
}
