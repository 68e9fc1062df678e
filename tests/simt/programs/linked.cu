// A program of two units, which are compiled apart and linked: functions and variables of the device that the other one has.
// pmpp: arch=75 with=linked_unit.cu
#include "program.cuh"

extern __device__ int rate;
__device__ int convert(int amount);
__device__ int fee(int amount);
using Tariff = int (*)(int);
extern __device__ Tariff tariff;

// A bureau of exchange: how money is converted is decided in the other unit.
__global__ void change(int* money, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) money[i] = convert(money[i]);
}
PROGRAM(exchange_bureau) {
  const int n = 200;
  const auto money = numbers(n, 1000);
  Buffer<int> m(money);
  change<<<2, 128>>>(m, n);
  FINISH();
  const auto got = m.host();
  for (int i = 0; i < n; ++i) CHECK(got[i] == money[i] * 7 - money[i] * 7 / 100);
}

// A bank whose tariff is a pointer that the other unit sets, and whose rate this unit reads.
__global__ void charge(int* accounts) { accounts[threadIdx.x] = tariff(accounts[threadIdx.x]) + rate; }
PROGRAM(tariffs) {
  const auto accounts = numbers(64, 10000);
  Buffer<int> a(accounts);
  charge<<<1, 64>>>(a);
  FINISH();
  const auto got = a.host();
  for (int i = 0; i < 64; ++i) CHECK(got[i] == accounts[i] / 100 + 7);
}
