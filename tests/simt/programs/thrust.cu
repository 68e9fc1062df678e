// Thrust: vectors of the device and the algorithms on them.
// pmpp: arch=75
#include "program.cuh"

#include <thrust/device_vector.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform_reduce.h>

#include <algorithm>
#include <map>

// Word counts: sorted, then equal neighbours are summed.
PROGRAM(word_counts) {
  const auto text = numbers(2000, 60);
  thrust::device_vector<int> words(text.begin(), text.end()), kinds(60), counts(60);
  thrust::sort(words.begin(), words.end());
  const auto ends = thrust::reduce_by_key(words.begin(), words.end(), thrust::make_constant_iterator(1), kinds.begin(), counts.begin());
  std::map<int, int> expected;
  for (int word : text) ++expected[word];
  CHECK(ends.first - kinds.begin() == long(expected.size()));
  int i = 0;
  for (const auto& [word, count] : expected) {
    CHECK(kinds[i] == word && counts[i] == count);
    ++i;
  }
}

// A bounding box of points: transformed and reduced at once.
struct Box {
  float low, high;
};
struct ToBox {
  __host__ __device__ Box operator()(float x) const { return {x, x}; }
};
struct Around {
  __host__ __device__ Box operator()(Box a, Box b) const { return {a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high}; }
};
PROGRAM(bounding_box) {
  const auto given = numbers(3000, 100000);
  thrust::device_vector<float> points(given.begin(), given.end());
  const Box box = thrust::transform_reduce(points.begin(), points.end(), ToBox{}, Box{1e9f, -1e9f}, Around{});
  CHECK(box.low == *std::min_element(given.begin(), given.end()));
  CHECK(box.high == *std::max_element(given.begin(), given.end()));
}

// A savings book per person: sums of each one's payments up to every line.
PROGRAM(savings) {
  const int n = 1500;
  auto people = numbers(n, 40);
  const auto paid = numbers(n, 100, 5);
  std::sort(people.begin(), people.end());
  thrust::device_vector<int> keys(people.begin(), people.end()), values(paid.begin(), paid.end()), sums(n);
  thrust::inclusive_scan_by_key(keys.begin(), keys.end(), values.begin(), sums.begin());
  const std::vector<int> got = [&] { std::vector<int> v(n); thrust::copy(sums.begin(), sums.end(), v.begin()); return v; }();
  for (int i = 0, sum = 0; i < n; ++i) {
    if (i == 0 || people[i] != people[i - 1]) sum = 0;
    CHECK(got[i] == (sum += paid[i]));
  }
}

// Sparse vectors: the product of two of them, by pairs of iterators.
struct Product {
  __host__ __device__ int operator()(thrust::tuple<int, int> pair) const { return thrust::get<0>(pair) * thrust::get<1>(pair); }
};
PROGRAM(dot_product) {
  const auto a = numbers(1000, 100), b = numbers(1000, 100, 4);
  thrust::device_vector<int> x(a.begin(), a.end()), y(b.begin(), b.end());
  const auto pairs = thrust::make_zip_iterator(x.begin(), y.begin());
  const int dot = thrust::transform_reduce(pairs, pairs + 1000, Product{}, 0, thrust::plus<int>());
  CHECK(dot == std::inner_product(a.begin(), a.end(), b.begin(), 0));
}
