// What checkers found.
#include "simt/observers/findings.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <vector>

#include "simt/observers/checkers.h"
#include "simt/observers/checkers.hpp"
#include "simt/observers/source.hpp"
#include "simt/ptx/json.hpp"

namespace simt::observers {

namespace {

std::mutex mutex;

/// As the environment has it when this library is loaded: the program that is checked could change it later.
const std::string& report_path = *new std::string([] {
  const char* path = std::getenv("PMPP_SIM_FINDINGS");
  return path ? path : "";
}());

struct Kept {
  std::set<std::string> known;
  std::vector<std::string> findings;
  std::size_t harmful = 0;
  std::string text;
};
Kept& kept() {
  static auto* one = new Kept;
  return *one;
}

std::string place_key(const std::optional<Place>& place) {
  return place ? place->file + ":" + std::to_string(place->line) : std::string();
}

void write_place(ptx::JsonWriter& json, const Place& place) {
  auto number = [&](std::uint32_t n) { json.value(n); };
  json.field("file", place.file);
  json.field("line", place.line);
  json.list("block", place.block, number);
  json.list("thread", place.thread, number);
}

std::string json_of(const Finding& f) {
  ptx::JsonWriter json;
  json.out = "{";
  json.field("kind", std::string_view(f.kind));
  json.field("kernel", f.kernel);
  if (f.at) write_place(json, *f.at);
  json.field("message", f.message);
  if (f.other || !f.other_frames.empty()) {
    json.key("other");
    json.out += '{';
    if (f.other) write_place(json, *f.other);
    else json.field("frames", f.other_frames);
    json.out += '}';
  }
  if (f.benign) json.field("benign", true);
  if (!f.frames.empty()) json.field("frames", f.frames);
  json.out += '}';
  return json.out;
}

}  // namespace

void append_line(const char* path, std::string line) {
  line += '\n';
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0 || write(file, line.data(), line.size()) < 0) std::perror(path);
  if (file >= 0) close(file);
}

Place place_of(const ir::Code& code, const exec::Launch& launch, std::size_t instr, std::uint64_t block, std::uint32_t thread) {
  Place place;
  const auto& origin = code.origins[instr];
  if (origin.instruction) {
    const auto line = own_line(*origin.module, *origin.function, std::size_t(origin.instruction - origin.function->body.data()));
    place.file = line.file;
    place.line = line.line;
  }
  const auto coordinates = [](std::uint64_t n, const exec::Dim3& size) {
    return exec::Dim3{std::uint32_t(n % size[0]), std::uint32_t(n / size[0] % size[1]), std::uint32_t(n / size[0] / size[1])};
  };
  place.block = coordinates(block, launch.grid);
  place.thread = coordinates(thread, launch.block);
  return place;
}

void report(Finding f) {
  const auto a = place_key(f.at), b = place_key(f.other);
  const std::string key = std::string(f.kind) + (f.benign ? "|benign|" : "|") + (a < b ? a + "|" + b : b + "|" + a) + "|" + f.frames + "|" + f.other_frames;
  const auto text = json_of(f);
  std::lock_guard lock(mutex);
  if (!kept().known.insert(key).second) return;
  kept().findings.push_back(text);
  kept().harmful += !f.benign;
  if (!report_path.empty()) append_line(report_path.c_str(), text);
}

std::size_t finding_count() {
  std::lock_guard lock(mutex);
  return kept().harmful;
}

HostCalls HostCalls::here(void* exact) {
  HostCalls calls;
  calls.count = backtrace(calls.at, int(std::size(calls.at)));
  calls.exact = exact;
  return calls;
}

std::string host_frames(const HostCalls& calls) {
  Dl_info own{};
  dladdr(reinterpret_cast<void*>(static_cast<std::size_t (*)()>(&finding_count)), &own);
  std::string frames;
  int kept_frames = 0;
  for (int n = 0; n < calls.count && kept_frames < 8; ++n) {
    Dl_info info{};
    // Return addresses point behind the call.
    char* const at = static_cast<char*>(calls.at[n]) - (calls.at[n] != calls.exact);
    if (!dladdr(at, &info) || info.dli_fbase == own.dli_fbase || !info.dli_fname) continue;
    char* path = realpath(info.dli_fname, nullptr);
    if (!path) continue;
    char offset[32];
    std::snprintf(offset, sizeof offset, "+0x%zx", std::size_t(at - static_cast<char*>(info.dli_fbase)));
    frames += (frames.empty() ? "" : ";") + std::string(path) + offset;
    std::free(path);
    ++kept_frames;
  }
  return frames;
}

}  // namespace simt::observers

extern "C" {

__attribute__((visibility("default"))) const char* pmpp_simt_findings(void) {
  using namespace simt::observers;
  std::lock_guard lock(mutex);
  auto& all = kept();
  all.text = "[";
  for (const auto& finding : all.findings) {
    if (all.text.size() > 1) all.text += ',';
    all.text += finding;
  }
  return (all.text += ']').c_str();
}

__attribute__((visibility("default"))) void pmpp_simt_forget_findings(void) {
  using namespace simt::observers;
  std::lock_guard lock(mutex);
  kept() = {};
}

}
