// The rows of a kernel as its instructions use them: which values are needed later, and which are the same in all lanes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simt/ir/code.hpp"

namespace simt::jit {

class Rows {
 public:
  explicit Rows(const ir::Code& code);

  /// False if the kernel is too large for it.
  bool known() const { return known_; }
  /// Whether somebody may read what the row holds just before instruction `n`.
  bool live(std::size_t n, std::int32_t row) const;
  /// A row outside of the instructions' reach that holds one value in all lanes of a warp.
  bool uniform(std::int32_t row) const;
  /// The value of such a row if it is the same in every launch.
  std::optional<std::uint64_t> constant(std::int32_t row, unsigned bytes) const;
  /// Whether a branch may lead to instruction `n`.
  bool leads(std::size_t n) const { return leaders_[n]; }

 private:
  enum : std::uint8_t { varies = 0, is_uniform = 1, is_constant = 2 };
  void find_leaders();
  void find_live();
  void find_uniform();
  int index(std::int32_t row) const { return row < 0 || std::size_t(row) / 4 >= index_.size() ? -1 : index_[std::size_t(row) / 4]; }

  const ir::Code& code_;
  bool known_ = false;
  std::size_t words_ = 0;                ///< of the set of rows
  std::vector<std::int32_t> index_;      ///< by place in the register file, in units of four bytes: number of the row
  std::vector<std::uint64_t> live_;      ///< sets of rows by instruction
  std::vector<bool> leaders_;
  std::vector<std::uint8_t> kind_;       ///< of rows of the image, in units of four bytes
};

}  // namespace simt::jit
