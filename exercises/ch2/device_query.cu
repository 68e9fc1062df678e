// Device query: what is the machine that your kernels run on?
#include <cuda_runtime.h>

// Writes six facts about GPU number `device`:
//   facts[0]  multiprocessors (SMs)         facts[3]  bytes of shared memory a block may use
//   facts[1]  threads a block may have      facts[4]  compute capability, the number before the point
//   facts[2]  threads in a warp             facts[5]  compute capability, the number after the point
// Returns 0, or the CUDA error; after an error `facts` is as it was.
extern "C" int device_query(int device, int* facts) {
    // TODO (about 9 lines): Ask CUDA for the properties of this device. If the call fails, return its
    // error code; otherwise fill in the six facts.
    return 0;
}
