// Two units linked with -rdc=true: what one defines and the other uses, and what each has for itself.
#define UNIT 1
#include "shared.cuh"

__device__ int triple(int x) { return 3 * x; }

__global__ void use(int* out) { *out = later(total) + table[2] + managed; }
__global__ void call_pointer(int* out) { *out = pointer(1); }
__global__ void call_table(int* out, int n) { *out = functions[n](2); }
__global__ void set_pointer() { pointer = triple; }
__global__ void launch_other(int* out) {
  *out = 5;
  from_the_other_unit<<<1, 1>>>(out);
}
__global__ void raise_total(int* out, int by) { *out = total += by; }

int main() {
  CHECK(result(use) == 16 + 3 + 7);
  managed = 20;
  const int more[4] = {0, 0, 50, 0};
  CALL(cudaMemcpyToSymbol(table, more, sizeof more));
  CHECK(result(use) == 16 + 50 + 20);
  CHECK(result(call_pointer) == 101);
  CHECK(result(call_table, 0) == 6);
  CHECK(result(call_table, 1) == 102);
  set_pointer<<<1, 1>>>();
  CHECK(result(call_pointer) == 3);

  CHECK(result(raise_total, 2) == 7);
  int value;
  CALL(cudaMemcpyFromSymbol(&value, total, sizeof value));
  CHECK(value == 7);
  void* address;
  size_t bytes;
  CALL(cudaGetSymbolAddress(&address, total));
  CALL(cudaGetSymbolSize(&bytes, table));
  CHECK(address != nullptr && bytes == 16);
  CALL(cudaMemcpyFromSymbol(&value, own, sizeof value));
  CHECK(value == 1);

  CHECK(result(own_kernel) == 1);
  CHECK(result(shared_template<int>) == 1);
  CHECK(of_unit() == 10 * 2 + 2);
  CHECK(result(shared_template<int>) == 3);
  CHECK(result(launch_other) == 2005);
  std::puts("ok");
}
