// PTX out of entries. The decompressors are opened when they are needed: their headers are not on a plain machine, and
// code compiled with --no-compress needs neither.
#include <dlfcn.h>

#include "simt/fatbin/fatbin.hpp"

namespace simt::fatbin {
namespace {

constexpr std::uint64_t max_text = std::uint64_t{64} << 20;

void* open_library(const char* soname, const char* package, std::string& error) {
  void* library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    error = std::string("the PTX is compressed and needs ") + soname + ", which is not installed; install " + package +
            " (apt, dnf) or compile with nvcc --no-compress";
  }
  return library;
}

bool decompress_zstd(std::string_view from, std::string& to, std::string& error) {
  using Decompress = std::size_t (*)(void*, std::size_t, const void*, std::size_t);
  using IsError = unsigned (*)(std::size_t);
  void* library = open_library("libzstd.so.1", "libzstd1 or libzstd", error);
  if (library == nullptr) return false;
  const auto decompress = reinterpret_cast<Decompress>(dlsym(library, "ZSTD_decompress"));
  const auto is_error = reinterpret_cast<IsError>(dlsym(library, "ZSTD_isError"));
  bool good = false;
  if (decompress != nullptr && is_error != nullptr) {
    const std::size_t written = decompress(to.data(), to.size(), from.data(), from.size());
    good = is_error(written) == 0 && written == to.size();
  }
  if (!good) error = "the fatbinary is damaged: its PTX does not decompress with zstd to " + std::to_string(to.size()) + " bytes";
  dlclose(library);
  return good;
}

bool decompress_lz4(std::string_view from, std::string& to, std::string& error) {
  using Decompress = int (*)(const char*, char*, int, int);
  void* library = open_library("liblz4.so.1", "liblz4-1 or lz4-libs", error);
  if (library == nullptr) return false;
  bool good = false;
  if (const auto decompress = reinterpret_cast<Decompress>(dlsym(library, "LZ4_decompress_safe"))) {
    const int written = decompress(from.data(), to.data(), static_cast<int>(from.size()), static_cast<int>(to.size()));
    good = written >= 0 && static_cast<std::size_t>(written) == to.size();
  }
  if (!good) error = "the fatbinary is damaged: its PTX does not decompress with LZ4 to " + std::to_string(to.size()) + " bytes";
  dlclose(library);
  return good;
}

}  // namespace

bool ptx_text(const Entry& entry, std::string& text, std::string& error) {
  text.clear();
  if (entry.kind != Entry::ptx) {
    error = "the entry for " + entry.arch_name() + " holds no PTX";
    return false;
  }
  if (entry.compression == Entry::none) {
    text = entry.payload;
  } else if (entry.compression == Entry::unknown) {
    error = "the PTX for " + entry.arch_name() + " is compressed in an unknown way; compile with nvcc --no-compress";
    return false;
  } else {
    if (entry.uncompressed_size > max_text || entry.payload.size() > max_text) {
      error = "the PTX for " + entry.arch_name() + " claims " + std::to_string(entry.uncompressed_size) +
              " bytes uncompressed; at most " + std::to_string(max_text >> 20) + " MiB are read";
      return false;
    }
    text.resize(entry.uncompressed_size);
    const bool good = entry.compression == Entry::zstd ? decompress_zstd(entry.payload, text, error)
                                                       : decompress_lz4(entry.payload, text, error);
    if (!good) return false;
  }
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return true;
}

bool program_ptx(const std::vector<Container>& containers, std::uint32_t capability, std::vector<std::string>& texts,
                 std::vector<std::string>& skipped, std::string& error) {
  texts.clear();
  skipped.clear();
  for (const Container& container : containers) {
    if (containers.size() > 1 && (container.linked || container.entries.empty())) continue;
    const Entry* entry = choose(container, capability, error);
    if (entry == nullptr) {
      skipped.push_back(error);
    } else if (!ptx_text(*entry, texts.emplace_back(), error)) {
      return false;
    }
  }
  if (texts.empty()) {
    if (containers.empty()) error = "the program has no device code";
    return false;
  }
  error.clear();
  return true;
}

}  // namespace simt::fatbin
