// What checkers found: each of it said once, kept for the process that asks and written where the environment says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "simt/exec/block.hpp"

namespace simt::observers {

/// Where a thread executes an instruction.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  exec::Dim3 block{}, thread{};
};
/// `thread` is the number in the block. Of code that was inlined from elsewhere, the line in the kernel's own file.
Place place_of(const ir::Code& code, const exec::Launch& launch, std::size_t instr, std::uint64_t block, std::uint32_t thread);

/// The calls that lead somewhere, innermost first.
struct HostCalls {
  void* at[24];
  int count = 0;
  void* exact = nullptr;   ///< one that is not where a call returns to, but the instruction itself
  static HostCalls here(void* exact = nullptr);
  bool same(const HostCalls& other) const { return std::equal(at, at + count, other.at, other.at + other.count); }
};

struct Finding {
  const char* kind = "";
  std::string message;
  std::string kernel;             ///< empty for what host code did
  std::optional<Place> at, other;
  bool benign = false;
  /// Of the host, innermost first: "file+0x12;file+0x34", to be looked up in debug information.
  std::string frames, other_frames;
};

/// Keeps the finding, unless there is one of its kind for the same lines (of a race: in either order).
void report(Finding finding);
/// How many were kept, without those that do no harm.
std::size_t finding_count();
/// For Finding::frames; calls inside of this library are left out.
std::string host_frames(const HostCalls& = HostCalls::here());
/// One write, at the end of the file: several processes may share it.
void append_line(const char* path, std::string line);
/// Whether checkers are on: what host code does is worth its frames.
bool checking();

}  // namespace simt::observers
