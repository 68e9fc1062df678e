// The same on one core of a CPU.
extern "C" int root_or_reciprocal_on_cpu(const float* in, float* out, int n, int turns) {
    for (int i = 0; i < n; ++i) {
        const float x = in[i];
        float guess = i % 2 == 0 ? x : 0.1f;
        for (int turn = 0; turn < turns; ++turn) {
            guess = i % 2 == 0 ? 0.5f * (guess + x / guess) : guess * (2.0f - x * guess);
        }
        out[i] = guess;
    }
    return 0;
}
