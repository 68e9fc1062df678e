// Shared memory: static, dynamic, of class type, and a tiled matrix product.
extern __shared__ __align__(128) unsigned char dynamic_bytes[];

struct Pair {
  double a;
  int b;
};

__global__ void static_and_dynamic(float* out, int n) {
  __shared__ float tile[32][33];
  __shared__ Pair pairs[7];
  __shared__ alignas(16) char bytes[3];
  float* dynamic = reinterpret_cast<float*>(dynamic_bytes);
  tile[threadIdx.y][threadIdx.x] = out[threadIdx.x];
  if (threadIdx.x < 7) pairs[threadIdx.x] = {1.5, n};
  bytes[threadIdx.x % 3] = char(n);
  dynamic[threadIdx.x] = out[threadIdx.x] * 2;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x][threadIdx.y] + float(pairs[threadIdx.x % 7].a) + bytes[1] + dynamic[n - threadIdx.x];
}

template <int Tile>
__global__ void matmul(float* c, const float* a, const float* b, int n) {
  __shared__ float as[Tile][Tile], bs[Tile][Tile];
  const int row = blockIdx.y * Tile + threadIdx.y, column = blockIdx.x * Tile + threadIdx.x;
  float sum = 0;
  for (int k = 0; k < n; k += Tile) {
    as[threadIdx.y][threadIdx.x] = a[row * n + k + threadIdx.x];
    bs[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + column];
    __syncthreads();
    for (int i = 0; i < Tile; ++i) sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  c[row * n + column] = sum;
}
template __global__ void matmul<16>(float*, const float*, const float*, int);
