// Calls: plain, with structures, recursive, through pointers, virtual, of functions that never return.
struct Big {
  double values[5];
  char tag;
};
__device__ __noinline__ int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }
__device__ __noinline__ Big scaled(Big big, float factor) {
  for (double& value : big.values) value *= factor;
  return big;
}
__device__ __noinline__ void nothing(int* where) { *where = 1; }
__device__ __noinline__ float4 swizzle(float4 v, short s, unsigned char c, bool flag) {
  return flag ? make_float4(v.w, v.z, s, c) : v;
}
__device__ __noinline__ [[noreturn]] void die() {
  __trap();
  __builtin_unreachable();
}

struct Shape {
  __device__ virtual float area() const = 0;
  __device__ virtual ~Shape() {}
};
struct Square : Shape {
  float side;
  __device__ Square(float s) : side(s) {}
  __device__ float area() const override { return side * side; }
};
struct Circle : Shape {
  float radius;
  __device__ Circle(float r) : radius(r) {}
  __device__ float area() const override { return 3.14f * radius * radius; }
};

using Function = float (*)(float);
__device__ float twice(float x) { return 2 * x; }
__device__ float half(float x) { return x / 2; }
__device__ Function functions[2] = {twice, half};
__constant__ Function chosen = half;

__global__ void all(int* data, float* real, Big* big, float4* four, int i) {
  data[0] = gcd(data[1], data[2]);
  big[0] = scaled(big[1], real[0]);
  nothing(data + 3);
  four[0] = swizzle(four[1], short(i), (unsigned char)(i), i > 3);
  if (i == 77) die();
  Square square(real[1]);
  Circle circle(real[2]);
  const Shape* shape = i & 1 ? static_cast<const Shape*>(&square) : &circle;
  real[3] = shape->area() + functions[i & 1](real[4]) + chosen(real[5]);
  Shape* made = i & 2 ? static_cast<Shape*>(new Square(1)) : new Circle(2);
  real[6] = made->area();
  delete made;
}
