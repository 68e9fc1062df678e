// Integer functions: bits, products, dot products, bytes in words, 128 bits, division.
__global__ void bits(unsigned* u, int* i, unsigned long long* w) {
  u[0] = __popc(u[1]) + __clz(i[1]) + __ffs(i[2]) + __brev(u[2]) + __byte_perm(u[3], u[4], 0x5410) + __byte_perm(u[3], u[4], u[5]);
  u[1] = __funnelshift_l(u[1], u[2], u[3]) + __funnelshift_rc(u[4], u[5], u[6]) + (u[7] << u[8]) + (u[9] >> u[10]) + unsigned(i[3] >> i[4]);
  w[0] = __popcll(w[1]) + __clzll((long long)w[2]) + __ffsll((long long)w[3]) + __brevll(w[4]) + (w[5] << u[0]) + (w[6] >> 7);
  u[2] = (u[3] & ~u[4]) | (u[5] ^ u[6]) | (u[7] >> 5 & 31);
}

__global__ void products(unsigned* u, int* i, long long* l, unsigned long long* w, short* s, unsigned char* c) {
  i[0] = __mulhi(i[1], i[2]) + __mul24(i[3], i[4]) + i[5] * i[6] + __sad(i[7], i[8], u[9]) + __hadd(i[1], i[2]) + __rhadd(i[3], i[4]);
  u[0] = __umulhi(u[1], u[2]) + __umul24(u[3], u[4]) + __usad(u[5], u[6], u[7]) + __uhadd(u[8], u[9]);
  l[0] = __mul64hi(l[1], l[2]) + (long long)(i[1]) * i[2] + l[3] * l[4] + abs(i[5]) + llabs(l[5]);
  w[0] = __umul64hi(w[1], w[2]) + (unsigned long long)(u[1]) * u[2];
  i[1] = __dp4a(i[1], i[2], i[3]) + int(__dp4a(u[1], u[2], u[3])) + __dp2a_lo(i[1], i[2], i[3]) + __dp2a_hi(i[1], i[2], i[3]);
  u[1] = __vadd4(u[1], u[2]) + __vabsdiffu4(u[3], u[4]) + __vcmpgtu2(u[5], u[6]) + __vmaxs2(u[7], u[8]) + __vsubus4(u[1], u[2]);
  s[0] = short(s[1] * s[2] + (s[3] >> 2));
  c[0] = (unsigned char)(c[1] + c[2] * 3);
  const __int128 wide = (__int128)(l[1]) * l[2] + l[3];
  l[6] = (long long)(wide >> 64);
  l[7] = (long long)(wide / 10);
}

__global__ void division(int* i, unsigned* u, long long* l, unsigned long long* w, short* s) {
  i[0] = i[1] / i[2] + i[3] % i[4] + i[5] / 7 + i[6] % 16 + min(i[7], i[8]) + max(i[1], i[2]);
  u[0] = u[1] / u[2] + u[3] % u[4] + u[5] / 10 + min(u[6], u[7]);
  l[0] = l[1] / l[2] + l[3] % l[4] + min(l[5], l[6]);
  w[0] = w[1] / w[2] + w[3] % w[4] + max(w[5], w[6]);
  s[0] = short(s[1] / s[2]);
}
