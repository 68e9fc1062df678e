// The same on one core of a CPU.
extern "C" int amplify_on_cpu(const float* in, float* out, int n, float gain) {
    for (int i = 0; i < n; ++i) out[i] = gain * in[i];
    return 0;
}
