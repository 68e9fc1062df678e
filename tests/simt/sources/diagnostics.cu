// printf with every conversion, assert, trap, breakpoint, exit.
#include <cassert>
#include <cstdio>

__global__ void print(int i, double d, const char* s, long long l, unsigned char c) {
  printf("plain\n");
  printf("%d %u %x %o %c %5d %-5d %05d %+d\n", i, i, i, i, c, i, i, i, i);
  printf("%f %e %g %a %.3f %10.2f %lld %llu %llx %s %p %%\n", d, d, d, d, d, d, l, l, l, s, s);
  const int written = printf("%s", "literal");
  if (written > 3) printf("%d %hhd %hd %ld %zu %*d\n", written, i, i, long(l), size_t(i), 5, i);
}

__global__ void check(const int* a) {
  assert(a[threadIdx.x] > 0);
  assert(a[threadIdx.x] < 100 && "small");
  if (a[1] == 3) __trap();
  if (a[1] == 4) __brkpt();
  if (a[1] == 5) asm volatile("exit;");
}
