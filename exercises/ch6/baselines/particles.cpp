// The same on one core of a CPU.
extern "C" int inertia_on_cpu(const float* particles, float* out, int n) {
    for (int i = 0; i < n; ++i) {
        const float* p = particles + 4 * i;
        out[i] = p[3] * (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    }
    return 0;
}
