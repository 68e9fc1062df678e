// Kinds of memory: shared, constant, local, pitched, pinned, managed, from pools, and from the device's own heap.
// pmpp: arch=75
#include "program.cuh"

#include <cstdint>
#include <algorithm>
#include <cmath>

// The game of life, in tiles of shared memory with a rim. A glider walks over the edge of the world and comes back.
constexpr int kTile = 8, kWorld = 24;
__global__ void live(const char* now, char* next) {
  __shared__ char tile[kTile + 2][kTile + 2];
  const int x = blockIdx.x * kTile + threadIdx.x, y = blockIdx.y * kTile + threadIdx.y;
  auto cell = [&](int cx, int cy) { return now[(cy + kWorld) % kWorld * kWorld + (cx + kWorld) % kWorld]; };
  for (int i = threadIdx.y * kTile + threadIdx.x; i < (kTile + 2) * (kTile + 2); i += kTile * kTile)
    tile[i / (kTile + 2)][i % (kTile + 2)] = cell(blockIdx.x * kTile + i % (kTile + 2) - 1, blockIdx.y * kTile + i / (kTile + 2) - 1);
  __syncthreads();
  int neighbours = 0;
  for (int dy = 0; dy < 3; ++dy)
    for (int dx = 0; dx < 3; ++dx) neighbours += (dx != 1 || dy != 1) && tile[threadIdx.y + dy][threadIdx.x + dx];
  next[y * kWorld + x] = neighbours == 3 || (neighbours == 2 && tile[threadIdx.y + 1][threadIdx.x + 1]);
}
PROGRAM(game_of_life) {
  std::vector<char> world(kWorld * kWorld, 0);
  for (int cell : {1, kWorld + 2, 2 * kWorld, 2 * kWorld + 1, 2 * kWorld + 2}) world[cell] = 1;
  Buffer<char> a(world), b(world.size());
  for (int turn = 0; turn < 4 * kWorld; turn += 2) {   // after 4 turns it is one further in x and y
    live<<<dim3(3, 3), dim3(kTile, kTile)>>>(a, b);
    live<<<dim3(3, 3), dim3(kTile, kTile)>>>(b, a);
  }
  FINISH();
  CHECK(a.host() == world);
}

// A blurred line: the weights are in constant memory, and are changed by name.
__constant__ float weights[5];
__device__ int blurred;
__global__ void blur(const float* in, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float sum = 0;
  for (int k = 0; k < 5; ++k)
    if (const int at = i + k - 2; at >= 0 && at < n) sum += weights[k] * in[at];
  out[i] = sum;
  if (i == 0) blurred = n;
}
PROGRAM(blurred_line) {
  const int n = 333;
  const float chosen[5] = {0.125f, 0.25f, 0.25f, 0.25f, 0.125f};
  CUDA(cudaMemcpyToSymbol(weights, chosen, sizeof chosen));
  const auto given = numbers(n, 256);
  std::vector<float> line(given.begin(), given.end());
  Buffer<float> in(line), out(n);
  blur<<<3, 128>>>(in, out, n);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < n; ++i) {
    float sum = 0;
    for (int k = 0; k < 5; ++k)
      if (i + k - 2 >= 0 && i + k - 2 < n) sum += chosen[k] * line[i + k - 2];
    CHECK(got[i] == sum);
  }
  int count = 0;
  CUDA(cudaMemcpyFromSymbol(&count, blurred, sizeof count));
  CHECK(count == n);
}

// Queens on a board: every thread has a column for its first queen, and its own stack in local memory.
__global__ void place_queens(int size, int* solutions) {
  int at[12], row = 1, found = 0;
  at[0] = threadIdx.x;
  at[1] = -1;
  while (row > 0) {
    bool free = false;
    while (!free && ++at[row] < size) {
      free = true;
      for (int r = 0; r < row; ++r) free = free && at[r] != at[row] && abs(at[r] - at[row]) != row - r;
    }
    if (!free) --row;
    else if (row == size - 1) ++found;
    else at[++row] = -1;
  }
  solutions[threadIdx.x] = found;
}
PROGRAM(queens) {
  Buffer<int> solutions(7);
  place_queens<<<1, 7>>>(7, solutions);
  FINISH();
  const auto got = solutions.host();
  CHECK(std::accumulate(got.begin(), got.end(), 0) == 40);
}

// A large desk: more shared memory than a block has without asking.
__global__ void reverse_on_desk(int* data, int n) {
  extern __shared__ int desk[];
  for (int i = threadIdx.x; i < n; i += blockDim.x) desk[i] = data[i];
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) data[i] = desk[n - 1 - i];
}
PROGRAM(large_desk) {
  const int n = 15000;
  auto data = numbers(n, 1 << 20);
  Buffer<int> d(data);
  CUDA(cudaFuncSetAttribute(reverse_on_desk, cudaFuncAttributeMaxDynamicSharedMemorySize, n * sizeof(int)));
  cudaFuncAttributes about;
  CUDA(cudaFuncGetAttributes(&about, reverse_on_desk));
  CHECK(about.maxDynamicSharedSizeBytes == int(n * sizeof(int)));
  reverse_on_desk<<<1, 256, n * sizeof(int)>>>(d, n);
  FINISH();
  std::reverse(data.begin(), data.end());
  CHECK(d.host() == data);
}

// A picture with rows that are longer in memory than they look, and a box of such pictures.
__global__ void brighten(unsigned char* image, std::size_t pitch, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
  if (x < width && y < height) image[y * pitch + x] = (unsigned char)min(255, image[y * pitch + x] + 40);
}
PROGRAM(bright_picture) {
  const int width = 75, height = 20;
  const auto given = numbers(width * height, 256);
  std::vector<unsigned char> image(given.begin(), given.end()), got(image.size());
  unsigned char* rows;
  std::size_t pitch;
  CUDA(cudaMallocPitch(&rows, &pitch, width, height));
  CHECK(pitch >= std::size_t(width));
  CUDA(cudaMemset2D(rows, pitch, 1, width, height));
  CUDA(cudaMemcpy2D(rows, pitch, image.data(), width, width, height, cudaMemcpyHostToDevice));
  brighten<<<dim3(2, height), 64>>>(rows, pitch, width, height);
  FINISH();
  CUDA(cudaMemcpy2D(got.data(), width, rows, pitch, width, height, cudaMemcpyDeviceToHost));
  for (std::size_t i = 0; i < image.size(); ++i) CHECK(got[i] == std::min(255, image[i] + 40));
  CUDA(cudaFree(rows));
}

// A letter box: the kernel answers what the host writes, in memory that both see.
__global__ void answer(volatile int* box, int letters) {
  for (int letter = 1; letter <= letters; ++letter) {
    while (box[0] != letter) {}
    box[1] = box[2] * 2 + letter;
    __threadfence_system();
    box[3] = letter;
  }
}
PROGRAM(letter_box) {
  volatile int* box;
  int* seen;
  CUDA(cudaHostAlloc((void**)&box, 4 * sizeof(int), cudaHostAllocMapped));
  CUDA(cudaHostGetDevicePointer((void**)&seen, (void*)box, 0));
  for (int i = 0; i < 4; ++i) box[i] = 0;
  answer<<<1, 1>>>(seen, 5);
  CUDA(cudaGetLastError());
  for (int letter = 1; letter <= 5; ++letter) {
    box[2] = 100 * letter;
    __atomic_store_n(&box[0], letter, __ATOMIC_RELEASE);
    while (__atomic_load_n(&box[3], __ATOMIC_ACQUIRE) != letter) {
      const cudaError_t status = cudaStreamQuery(0);   // fails if the kernel did, instead of answering
      CUDA(status == cudaErrorNotReady ? cudaSuccess : status);
    }
    CHECK(box[1] == 200 * letter + letter);
  }
  cudaGetLastError();   // "not ready" is remembered, too
  FINISH();
  CUDA(cudaFreeHost((void*)box));
}

// A family tree in managed memory: the host plants it, the device counts, and a managed variable is the result.
struct Person {
  int age;
  Person *mother, *father;
};
__managed__ int eldest = 0;
__global__ void find_eldest(const Person* person) {
  for (; person; person = threadIdx.x ? person->father : person->mother) atomicMax(&eldest, person->age);
}
PROGRAM(family_tree) {
  Person* people;
  CUDA(cudaMallocManaged(&people, 7 * sizeof(Person)));
  for (int i = 0; i < 7; ++i) people[i] = {20 + 25 * (i > 0) + 30 * (i > 2) + i, i < 3 ? &people[2 * i + 1] : nullptr, i < 3 ? &people[2 * i + 2] : nullptr};
  eldest = 1;
  find_eldest<<<1, 2>>>(people);
  FINISH();
  CHECK(eldest == people[6].age);
  people[0].age = 99;
  find_eldest<<<1, 2>>>(people);
  FINISH();
  CHECK(eldest == 99);
  CUDA(cudaFree(people));
}

// A library that grows: books are objects that the device makes and throws away.
struct Book {
  int pages;
  Book* next;
};
__global__ void write_books(Book** shelf, const int* pages) {
  const int me = threadIdx.x;
  for (int i = 0; i <= me % 4; ++i) shelf[me] = new Book{pages[me] + i, shelf[me]};
}
__global__ void read_books(Book** shelf, int* sums) {
  const int me = threadIdx.x;
  while (Book* book = shelf[me]) {
    sums[me] += book->pages;
    shelf[me] = book->next;
    delete book;
  }
}
PROGRAM(growing_library) {
  const auto pages = numbers(40, 900);
  Buffer<int> p(pages), sums(40);
  Buffer<Book*> shelf(40);
  write_books<<<1, 40>>>(shelf, p);
  read_books<<<1, 40>>>(shelf, sums);
  FINISH();
  const auto got = sums.host();
  for (int i = 0; i < 40; ++i) {
    const int n = i % 4 + 1;
    CHECK(got[i] == n * pages[i] + n * (n - 1) / 2);
  }
}

// A kitchen: pots come from a pool in the order of a stream, and go back to it.
__global__ void cook(int* pot, int n, int salt) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) pot[i] += i * salt;
}
PROGRAM(kitchen) {
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  cudaMemPool_t pool;
  CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  std::uint64_t keep = 1 << 20;
  CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
  std::vector<int> soup(1000);
  for (int salt = 1; salt <= 4; ++salt) {
    int* pot;
    CUDA(cudaMallocAsync(&pot, soup.size() * sizeof(int), stream));
    CUDA(cudaMemsetAsync(pot, 0, soup.size() * sizeof(int), stream));
    cook<<<1, 128, 0, stream>>>(pot, int(soup.size()), salt);
    CUDA(cudaGetLastError());
    CUDA(cudaMemcpyAsync(soup.data(), pot, soup.size() * sizeof(int), cudaMemcpyDeviceToHost, stream));
    CUDA(cudaFreeAsync(pot, stream));
    CUDA(cudaStreamSynchronize(stream));
    for (int i = 0; i < int(soup.size()); ++i) CHECK(soup[i] == i * salt);
  }
  CUDA(cudaStreamDestroy(stream));
}
