// A forked child has no device: every call says so, and the parent goes on.
#include <sys/wait.h>
#include <unistd.h>

#include "check.cuh"

int main() {
  int *p, v = 5;
  CALL(cudaMalloc(&p, 4));
  CALL(cudaMemcpy(p, &v, 4, cudaMemcpyHostToDevice));
  const pid_t child = fork();
  if (child == 0) {
    FAILS(cudaErrorInitializationError, cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
    FAILS(cudaErrorInitializationError, cudaMalloc(&p, 4));
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  v = 0;
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  CHECK(v == 5);
  std::puts("ok");
}
