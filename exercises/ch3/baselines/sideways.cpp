// The same on one core of a CPU.
extern "C" int negative_on_cpu(const float* image, int height, int width, float* out) {
    for (int i = 0; i < height * width; ++i) out[i] = 255.0f - image[i];
    return 0;
}
