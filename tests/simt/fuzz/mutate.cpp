// A small driver for the fuzz targets, for machines without libFuzzer: runs each file of a corpus as it is, then `rounds`
// mutants of it. The generator is seeded, so that a failure comes again.
//   mutate SEED ROUNDS [-o FILE] FILE...     -o: write each input there before it is run, to look at after a crash
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::string_view words[] = {
    "{", "}", "(", ")", "[", "]", ";", ",", ":", "@", "!", "|", "<9>", "=", "-", "+", "%", ".", "\"", "/*", "//", "_", "0x", "0f", "-1",
    "18446744073709551615", "9223372036854775808", ".reg .b32 ", ".param .b32 ", ".global .u32 ", ".func ", ".entry ", ".loc 1 2 3",
    ".visible ", ".extern ", ".align 8 ", ".v4 ", ".b8 ", "L: ", "bra L;", "generic(", "WARP_SZ", ".section .debug_str {", "inlined_at ",
    "function_name ", ".callprototype ", ".branchtargets ", ".calltargets ", ".alias ", "%r1", "%p1", "ret;", "call ", "\0\0\0\0", "\xff\xff",
};

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string operator()(std::string text, const std::vector<std::string>& others) {
    for (std::size_t n = 1 + below(6); n > 0; --n) {
      const std::size_t at = below(text.size() + 1), length = below(std::min<std::size_t>(text.size() - at, 40) + 1);
      switch (below(8)) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, text.substr(at, length)); break;
        case 2: text.insert(at, words[below(std::size(words))]); break;
        case 3: text.replace(at, length, words[below(std::size(words))]); break;
        case 4:
          if (at < text.size()) text[at] = static_cast<char>(below(256));
          break;
        case 5:
          if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
          break;
        case 6: {
          const std::string& other = others[below(others.size())];
          const std::size_t from = below(other.size() + 1);
          text.replace(at, length, other.substr(from, below(80)));
          break;
        }
        default: {
          std::string piece = text.substr(at, length);
          text.erase(at, length);
          text.insert(below(text.size() + 1), piece);
        }
      }
      if (text.size() > 1 << 16) text.resize(1 << 16);
    }
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  std::mt19937_64 random_;
};

}  // namespace

extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int*, char***);

int main(int count, char** arguments) {
  if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&count, &arguments);
  std::vector<std::string> corpus;
  const char* record = nullptr;
  for (int i = 3; i < count; ++i) {
    if (std::string_view(arguments[i]) == "-o" && i + 1 < count) {
      record = arguments[++i];
      continue;
    }
    std::ifstream file(arguments[i], std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) {
    std::fputs("usage: mutate SEED ROUNDS [-o FILE] FILE...\n", stderr);
    return 2;
  }
  Mutator mutate(std::strtoull(arguments[1], nullptr, 10));
  const auto run = [&](const std::string& input) {
    if (record != nullptr) std::ofstream(record, std::ios::binary) << input;
    // A copy of exactly this size, so that the sanitizer sees the first byte read beyond it.
    const std::vector<std::uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  };
  std::size_t runs = 0;
  for (const std::string& text : corpus) run(text), ++runs;
  for (unsigned long long round = std::strtoull(arguments[2], nullptr, 10); round > 0; --round) {
    for (const std::string& text : corpus) run(mutate(text, corpus)), ++runs;
  }
  std::printf("%zu inputs\n", runs);
  return 0;
}
