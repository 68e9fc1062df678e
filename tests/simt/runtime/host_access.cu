// Host code that touches device memory dies, with an explanation. "freed": managed memory after its end.
#include <cstring>

#include "check.cuh"

int main(int argc, char** argv) {
  int* p;
  if (argc > 1 && std::strcmp(argv[1], "freed") == 0) {
    CALL(cudaMallocManaged(&p, 400));
    p[3] = 1;
    CALL(cudaFree(p));
  } else {
    CALL(cudaMalloc(&p, 400));
  }
  p[3] = 1;
  std::puts("survived");
}
