// Variables at namespace scope: constant, global and managed, with every kind of initialiser.
__constant__ float weights[25];
__constant__ float some_weights[5] = {1.0f, -2.5f};
__constant__ double pi = 3.141592653589793;
__device__ int counters[4] = {1, 2};
__device__ float real = 0.1f;
__device__ short table[2][3] = {{1, 2, 3}, {4}};
__device__ int* address = counters + 2;
__device__ const char* words[3] = {"one", "two", nullptr};
__managed__ int shared_with_host = 42;
__device__ volatile unsigned long long flag;
struct Mixed {
  char tag;
  const int* where;
  float value;
};
__device__ Mixed mixed = {'x', &counters[1], 2.0f};
static __device__ int hidden[3] = {7, 8, 9};
__device__ float4 vector = {1, 2, 3, 4};
template <class T>
__device__ T generic_variable = T(5);

__global__ void use(float* out, int i) {
  static __device__ int calls = 3;
  ++calls;
  out[i] = weights[i] + some_weights[i] + float(pi) + counters[i] + real + table[1][i] + *address + words[i][0] + shared_with_host +
           float(flag) + mixed.tag + *mixed.where + mixed.value + hidden[i] + vector.z + generic_variable<int> + generic_variable<double>;
  hidden[i] = calls;
  address = &counters[i];
}
