// Local arrays that are indexed at run time, addresses of locals, alloca.
__device__ __noinline__ void fill(int* where, int n) {
  for (int i = 0; i < n; ++i) where[i] = i * i;
}

__global__ void local(int* out, int n) {
  int stack[40];
  struct { short a; double b[3]; char c; } record;
  fill(stack, n);
  record.a = short(n);
  record.b[n % 3] = 1.5;
  record.c = 'x';
  out[threadIdx.x] = stack[out[threadIdx.x]] + record.a + int(record.b[(n + 1) % 3]) + record.c;
}

__global__ void on_the_stack(int* out, int n) {
  int* some = static_cast<int*>(alloca(sizeof(int) * n));
  fill(some, n);
  out[threadIdx.x] = some[n - 1];
}
