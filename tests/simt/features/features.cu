// Every feature that nvcc's programs use, one program: without arguments it lists them, with a name it runs one.
#include "feature.cuh"

#include "asynchronous.cuh"
#include "calls.cuh"
#include "cooperative.cuh"
#include "diagnostics.cuh"
#include "floats.cuh"
#include "integers.cuh"
#include "memory.cuh"
#include "order.cuh"
#include "synchronisation.cuh"
#include "tensor.cuh"
#include "textures.cuh"
#include "surfaces.cuh"  // after the textures, whose helpers it uses
#include "warps.cuh"

#include <cstring>

int main(int count, char** arguments) {
  for (const Feature& feature : features()) {
    if (count < 2) std::printf("%s %d\n", feature.name, feature.since);
    else if (std::strcmp(feature.name, arguments[1]) == 0) {
      feature.run();
      std::printf("ok\n");
      return 0;
    }
  }
  return count < 2 ? 0 : 2;
}
