// Fuzz target: the fatbinary reader, on bytes that claim to be a container or an ELF file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simt/fatbin/fatbin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simt::fatbin;
  std::vector<Container> containers;
  std::string error;
  if (!read_image({reinterpret_cast<const char*>(data), size}, containers, error)) {
    if (error.empty()) std::abort();
    return 0;
  }
  for (const Container& container : containers) {
    for (const Entry& entry : container.entries) {
      std::string text;
      error.clear();
      // A claim of megabytes is honest work for the decompressor, but not worth the fuzzer's time.
      if (entry.uncompressed_size > 1 << 16) continue;
      if (!ptx_text(entry, text, error) && error.empty()) std::abort();
    }
    for (std::uint32_t capability : {0u, 75u, 90u, 103u, ~0u}) {
      error.clear();
      if (choose(container, capability, error) == nullptr && error.empty()) std::abort();
    }
  }
  return 0;
}
