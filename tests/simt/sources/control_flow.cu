// Divergence: branches, loops with breaks, a switch, goto, early returns.
__global__ void branches(int* data, int n) {
  const int i = threadIdx.x;
  if (i >= n) return;
  int x = data[i];
  while (x > 1) {
    if (x & 1) {
      x = 3 * x + 1;
      if (x > 1000000) break;
    } else {
      x /= 2;
    }
  }
  data[i] = x;
}

__global__ void many_cases(int* data) {
  int x = data[threadIdx.x];
  switch (x) {
    case 0: x = 17; break;
    case 1: x *= x; break;
    case 2: x = x + data[5]; break;
    case 3: x = x - data[6]; break;
    case 4: data[9] = 3; break;
    case 5: x = x / 3; break;
    case 6: x = __popc(x); [[fallthrough]];
    case 7: x = x % 5; break;
    case 100: x = -x; break;
    default: x = 0;
  }
  data[threadIdx.x] = x;
}

__global__ void jumps(int* data) {
  int x = data[threadIdx.x], rounds = 0;
again:
  if (++rounds < 10 && x % 3 != 0) {
    x += data[rounds];
    goto again;
  }
#pragma unroll 1
  for (int i = 0; i < x; ++i) {
#pragma unroll 1
    for (int j = 0; j < i; ++j) {
      if ((i ^ j) == x) goto out;
      rounds += data[i + j];
    }
  }
out:
  data[threadIdx.x] = rounds;
}
