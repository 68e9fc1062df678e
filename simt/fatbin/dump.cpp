// What is in a fatbinary, as JSON, for tests and for a look at a program before it is run.
#include "simt/fatbin/dump.hpp"

#include <cstdlib>
#include <cstring>

#include "simt/fatbin/fatbin.hpp"
#include "simt/ptx/json.hpp"

namespace simt::fatbin {
namespace {

char* copy(const std::string& text) {
  char* out = static_cast<char*>(std::malloc(text.size() + 1));
  if (out != nullptr) std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

char* failure(const std::string& error) {
  ptx::JsonWriter json;
  json.out = "{";
  json.field("error", error);
  json.out += '}';
  return copy(json.out);
}

char* dump(const std::vector<Container>& containers, std::uint32_t capability) {
  constexpr std::string_view compressions[] = {"none", "lz4", "zstd", "unknown"};
  ptx::JsonWriter json;
  json.out = "{";
  json.list("containers", containers, [&](const Container& container) {
    json.array(container.entries, [&](const Entry& entry) {
      json.out += '{';
      json.field("kind", entry.kind);
      json.field("arch", entry.arch_name());
      json.field("ptx_version", entry.ptx_version);
      json.field("flags", entry.flags);
      json.field("debug", entry.debug);
      json.field("name", entry.name);
      json.field("size", entry.payload.size());
      json.field("compression", compressions[entry.compression]);
      json.field("uncompressed_size", entry.uncompressed_size);
      json.out += '}';
    });
  });
  std::vector<std::string> texts;
  std::vector<std::string> skipped;
  std::string error;
  if (program_ptx(containers, capability, texts, skipped, error)) {
    json.list("ptx", texts, [&](const std::string& text) { json.string(text); });
    json.list("skipped", skipped, [&](const std::string& why) { json.string(why); });
  } else {
    json.field("ptx_error", error);
  }
  json.out += '}';
  return copy(json.out);
}

}  // namespace
}  // namespace simt::fatbin

using namespace simt::fatbin;

__attribute__((visibility("default"))) char* simt_fatbin_dump(const char* bytes, std::size_t size, std::uint32_t capability) {
  std::vector<Container> containers;
  std::string error;
  if (!read_image({bytes, size}, containers, error)) return failure(error);
  return dump(containers, capability);
}

__attribute__((visibility("default"))) char* simt_fatbin_dump_file(const char* path, std::uint32_t capability) {
  std::string error;
  const auto file = File::open(path, error);
  if (file == nullptr) return failure(error);
  return dump(file->containers(), capability);
}

__attribute__((visibility("default"))) char* simt_fatbin_dump_wrapper(const void* wrapper, std::uint32_t capability) {
  std::vector<Container> containers;
  std::string error;
  if (!read_wrapper(wrapper, containers, error)) return failure(error);
  return dump(containers, capability);
}

__attribute__((visibility("default"))) void simt_fatbin_free(char* json) { std::free(json); }
