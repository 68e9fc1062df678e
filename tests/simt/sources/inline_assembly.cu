// PTX written by hand inside of C++: scopes that shadow, labels of their own, predicates, carries, vectors.
__device__ __forceinline__ int clamp_positive(int x) {
  int y;
  asm("{\n\t.reg .pred p;\n\t.reg .s32 t;\n\tsetp.lt.s32 p, %1, 0;\n\t@p mov.s32 t, 0;\n\t@!p mov.s32 t, %1;\n\tmov.s32 %0, t;\n\t}" : "=r"(y) : "r"(x));
  return y;
}

__device__ __forceinline__ int count_down(int x) {
  int y;
  asm volatile(
      "{ .reg .pred p; .reg .u32 n, s; mov.u32 n, %1; mov.u32 s, 0;\n"
      "$loop: setp.eq.u32 p, n, 0; @p bra $done; add.u32 s, s, n; sub.u32 n, n, 1; bra.uni $loop;\n"
      "$done: { .reg .u32 n; mov.u32 n, 1; add.u32 s, s, n; } mov.u32 %0, s; }" : "=r"(y) : "r"(x));
  return y;
}

__global__ void assembly(int* data, unsigned long long* wide, float* real) {
  int x = clamp_positive(data[0]) + clamp_positive(data[1]) + count_down(data[2]) + count_down(data[3]);
  unsigned lo, hi, quarter[4];
  asm("add.cc.u32 %0, %2, %3; addc.u32 %1, %4, %5;" : "=r"(lo), "=r"(hi) : "r"(x), "r"(data[4]), "r"(data[5]), "r"(data[6]));
  asm("mov.b64 {%0, %1}, %2;" : "=r"(quarter[0]), "=r"(quarter[1]) : "l"(wide[0]));
  asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4+16];" : "=r"(quarter[0]), "=r"(quarter[1]), "=r"(quarter[2]), "=r"(quarter[3]) : "l"(data));
  asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(lo) : "r"(lo), "r"(hi), "r"(quarter[2]));
  asm("{ .reg .pred p, q; setp.gt.and.s32 p|q, %1, %2, !p; selp.b32 %0, 1, 0, q; }" : "=r"(hi) : "r"(x), "r"(7));
  asm("{ .reg .pred p; shfl.sync.bfly.b32 %0|p, %1, 0x1, 0x1f, 0xffffffff; @!p add.s32 %0, %0, -0x10; }" : "=r"(x) : "r"(lo));
  asm volatile("prefetch.global.L2 [%0];" ::"l"(real));
  asm volatile("red.global.add.f32 [%0], %1;" ::"l"(real), "f"(2.5f));
  asm volatile("st.global.v2.f32 [%0], {%1, 0f3F800000};" ::"l"(real), "f"(1.0f));
  int special;
  asm volatile("mov.u32 %0, %%lanemask_lt;" : "=r"(special));
  data[7] = x + int(lo + hi + quarter[3]) + special + int(wide[1]);
}
