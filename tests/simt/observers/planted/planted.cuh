// What the programs with planted bugs share: cases by name, one a run. A line with a bug says so: BUG(case, kind).
#pragma once
#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

struct Case {
    const char* name;
    void (*run)();
    Case* next;
    static Case*& first() {
        static Case* one = nullptr;
        return one;
    }
    Case(const char* n, void (*r)()) : name(n), run(r), next(first()) { first() = this; }
};
#define CASE(name)                       \
    static void name();                  \
    static Case case_##name(#name, name); \
    static void name()

// Device memory that is zero, and freed at the end of the scope.
template <class T>
struct Device {
    T* data = nullptr;
    explicit Device(size_t count) {
        cudaMalloc(&data, count * sizeof(T));
        cudaMemset(data, 0, count * sizeof(T));
    }
    ~Device() { cudaFree(data); }
    operator T*() const { return data; }
};

int main(int argc, char** argv) {
    for (Case* c = Case::first(); c; c = c->next) {
        if (argc < 2) std::printf("%s\n", c->name);
        else if (std::strcmp(c->name, argv[1]) == 0) {
            c->run();
            cudaDeviceSynchronize();
        }
    }
}
