// What a submission may try that is not a solution: one attempt a number. Where one succeeds, it gives the right result.
#include <cuda_runtime.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

__global__ void nothing() {}
__global__ void racing(float* place) { *place = threadIdx.x; }

static void solve(const float* x, float* y, int n) {
  for (int i = 0; i < n; ++i) y[i] = 2 * x[i];
}

extern "C" int twice(const float* x, float* y, int n, const char* path, int attempt) {
  const pid_t parent = getppid();
  bool succeeded = false;
  switch (attempt) {
    case 0: succeeded = true; break;  // no attempt
    case 1: {                         // threads are no crime
      std::thread other(solve, x, y, n);
      other.join();
      return 0;
    }
    case 2: exit(0);
    case 3: _exit(0);
    case 4: puts("twice PASSED\n1 passed in 0.01s\nsolved"); break;
    case 5: const_cast<float*>(x)[0] = 0; solve(x, y, n); return 0;
    case 6: {  // says that all is done, in the memory that is shared with the tests, and spoils their notes
      unsigned* page = reinterpret_cast<unsigned*>(reinterpret_cast<size_t>(x) & ~size_t{4095});
      memset(page + 2, 0xff, reinterpret_cast<const char*>(x) - 256 - reinterpret_cast<char*>(page + 2));
      page[0] = 5, page[1] = 1;
      _exit(0);
    }
    case 7: succeeded = kill(parent, SIGTERM) == 0; break;
    case 8: succeeded = ptrace(PTRACE_ATTACH, parent, nullptr, nullptr) == 0; break;
    case 9: {  // a daemon
      solve(x, y, n);
      if (fork() == 0) {
        setsid();
        if (fork() == 0) for (;;) pause();
        _exit(0);
      }
      return 0;
    }
    case 10: for (int i = 0; i < 1000; ++i) fork(); succeeded = true; break;
    case 11: {  // somebody else's file, or its own limits of memory
      const int file = open(path, O_RDONLY);
      char byte;
      succeeded = file >= 0 && read(file, &byte, 1) == 1;
      break;
    }
    case 12: succeeded = open(path, O_WRONLY | O_CREAT, 0600) >= 0; break;
    case 13: succeeded = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) >= 0; break;
    case 14: succeeded = mkdir(path, 0700) == 0; break;
    case 15: succeeded = unlink(path) == 0; break;
    case 16: succeeded = truncate(path, 0) == 0; break;
    case 17: succeeded = chmod(path, 0777) == 0; break;
    case 18: succeeded = rename(path, "/tmp/pmpp-hostile") == 0; break;
    case 19: succeeded = symlink("/etc/passwd", path) == 0; break;
    case 20: for (char text[4096] = {'p'};;) fwrite(text, 1, sizeof text, stdout);
    case 21: succeeded = syscall(SYS_memfd_create, "x", 0) >= 0; break;
    case 22: {  // memory that gets shorter under the feet of who reads it
      for (int file = 0; file < 64; ++file) succeeded |= ftruncate(file, 0) == 0;
      break;
    }
    case 23: succeeded = syscall(425, 8, nullptr) != -1; break;  // io_uring_setup
    case 24: {
      char byte = 0;
      iovec mine{&byte, 1}, theirs{const_cast<float*>(x), 1};
      succeeded = process_vm_writev(parent, &mine, 1, &theirs, 1, 0) == 1;
      break;
    }
    case 25: succeeded = socket(AF_INET, SOCK_STREAM, 0) >= 0; break;
    case 26: {
      const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
      succeeded = setrlimit(RLIMIT_DATA, &none) == 0;
      break;
    }
    case 27: {  // a signal that the kernel sends in its name
      for (int file = 0; file < 8; ++file) succeeded |= fcntl(file, F_SETOWN, parent) == 0;
      break;
    }
    case 28: execl("/bin/sh", "sh", "-c", "true", nullptr); break;
    case 29: succeeded = prctl(PR_SET_PDEATHSIG, 0) == 0; break;
    case 30: succeeded = getenv("PMPP_SECRET") != nullptr; break;
    case 31: nothing<<<0, 0>>>(); break;
    case 32: succeeded = shmget(IPC_PRIVATE, 4096, 0600) >= 0; break;
    case 33: succeeded = syscall(SYS_pidfd_open, parent, 0) >= 0; break;
    case 34: succeeded = setpriority(PRIO_PROCESS, parent, 19) == 0; break;
    case 35: {  // the same calls under the numbers of 32 bits
#ifdef __x86_64__
      long result;
      asm volatile("int $0x80" : "=a"(result) : "a"(37), "b"(parent), "c"(SIGTERM) : "memory");
      succeeded = result == 0;
#else
      raise(SIGSYS);
#endif
      break;
    }
    case 36: for (;;) sleep(1);
    case 37: abort();
    case 40: {  // hides from the checkers what it does
      unsetenv("PMPP_SIM_FINDINGS");
      unsetenv("PMPP_SIM_CHECK");
      float* place;
      cudaMalloc(&place, sizeof(float));
      racing<<<1, 64>>>(place);
      cudaDeviceSynchronize();
      cudaFree(place);
      succeeded = true;
      break;
    }
    case 41: {  // reports in the name of the test
      for (int file = 3; file < 64; ++file) (void)!write(file, "{\"kernels\": []}\n", 16);
      succeeded = true;
      break;
    }
    case 38: {  // says that all is done, and that there was nothing to do
      unsigned* page = reinterpret_cast<unsigned*>(reinterpret_cast<size_t>(x) & ~size_t{4095});
      page[0] = 5, page[1] = 0;
      _exit(0);
    }
    case 39: {  // says that all is done, and goes on
      solve(x, y, n);
      unsigned* page = reinterpret_cast<unsigned*>(reinterpret_cast<size_t>(x) & ~size_t{4095});
      page[0] = 5, page[1] = 1;
      for (;;) sleep(1);
    }
  }
  if (succeeded) solve(x, y, n);
  return 0;
}
