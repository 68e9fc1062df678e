// One piece: the rows that it holds in registers, and the code of its instructions.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "simt/exec/gang.hpp"
#include "simt/jit/assembler.hpp"
#include "simt/jit/forms.hpp"
#include "simt/jit/rows.hpp"

namespace simt::jit {

/// Constants at the start of the code, by offset.
enum : std::int32_t {
  kSteps32 = 0,          ///< 0, 4, 8 ... as words
  kSteps64 = 64,         ///< the same as 64-bit numbers, in two registers
  kEvenWords = 192,      ///< of two registers
  kOddWords = 256,       ///< words 1, 17, 3, 19 ...: the upper halves of two registers of products, in turn
  kByteSteps64 = 320,    ///< 0, 1, 2 ... in four registers
  kFarWord = 576, kThree32 = 580, kFarLong = 584, kThree64 = 592, kNan = 600,
  kSign32 = 604, kRest32 = 608, kFarFromLongs = 616, kSeven64 = 624, kSign64 = 632, kRest64 = 640,
  kSteps64By8 = 704,     ///< 0, 8, 16 ...
  kConstantBytes = 768,
};
void write_constants(Assembler& assembler);

/// Where a load reads whose address is a constant, in memory that lives as long as the program; else null.
const std::byte* constant_place(const Rows& rows, const exec::Instr& instr);

/// What pieces call. finish: the handlers do the rest of a piece for one warp; false if the launch is over.
bool finish(exec::Warp& warp, const exec::Instr* from, const exec::Instr* end) noexcept;
const void* windows(exec::Gang& gang) noexcept;

class Piece {
 public:
  /// `masked`: for warps of which some lanes do not execute. `apart`: instruction `end` has a probe, so that the piece must
  /// not execute it, be it a branch.
  Piece(Assembler& assembler, const ir::Code& code, const Rows& rows, std::size_t begin, std::size_t end, bool masked, bool apart);
  /// Appends the function, an exec::GangHandler, to the code, and says where it begins.
  std::size_t compile();
  /// Whether pieces know the instruction.
  static bool knows(const ir::Code& code, const Rows& rows, std::size_t n, bool masked);

 private:
  /// What a row holds within the piece. A uniform one takes one register for all lanes.
  struct Held {
    std::uint8_t lane = 4;             ///< bytes
    bool held = false, uniform = false;
    bool dirty = false;                ///< the register file does not have it yet
    bool any_nan = false;              ///< a NaN may have any bits, since nobody has looked yet
    std::array<int, 4> reg{-1, -1, -1, -1};
    std::vector<std::size_t> reads;    ///< instructions of the piece
    int parts() const { return uniform ? 1 : lane / 2; }
  };
  /// An operand: in registers or in memory.
  struct Source {
    bool uniform = false, memory = false;
    std::array<Place, 4> place{};
    const Place& of(int part) const { return place[uniform ? 0 : std::size_t(part)]; }
    int reg(int part) const { return of(part).reg; }
  };
  struct Result {
    bool uniform = false;
    int parts = 0;
    std::array<int, 4> reg{-1, -1, -1, -1};
  };
  /// Rows whose value is in registers only: what must be stored before the handlers take over.
  struct Saved {
    std::int32_t row;
    Held held;
  };
  using State = std::vector<Saved>;
  /// Shared loads with one row of addresses: their places in the window of each half warp, and where the windows are.
  struct Windows {
    bool valid = false;
    std::int32_t row = 0, least = 0;
    std::array<int, 2> index{-1, -1};
    std::array<Gpr, 2> base{};
    std::vector<std::size_t> loads;
  };

  // registers
  int take();                          ///< a register, from somebody who needs it later if must be
  void evict();
  void release(int reg) { owner_[std::size_t(reg)] = kFree; }
  void drop(std::int32_t row);
  std::size_t next_read(const Held& held) const;
  Source source(std::int32_t row, unsigned lane, bool memory = false, bool nan_matters = true);
  Result result(unsigned lane, bool uniform);
  void bind(std::int32_t row, unsigned lane, const Result& result, bool any_nan = false);
  void store(std::int32_t row, const Held& held);
  void store_predicate(std::int32_t row, Gpr value);   ///< clobbers rcx
  void settle(const Held& held);       ///< makes every NaN the one that PTX has
  State state() const;
  void close_windows(Windows& windows);

  // instructions
  void instruction();
  void copy(const Form& form);
  void binary(const Form& form);
  void one_operand(const Form& form);
  void shift(const Form& form);
  void multiply(const Form& form, bool add);
  void multiply_wide(const Form& form, bool add);
  void multiply_high(const Form& form);
  void multiply_wide16();
  void extend(const Form& form);
  void extend16(const Form& form);
  void truncate();
  void single(const Form& form);
  void extreme(const Form& form);
  void fma();
  void test(const Form& form);
  void logic3();
  void select(const Form& form);
  void ballot();
  void shuffle(const Form& form);
  void write_tables();
  void real(const Form& form);
  void change_sign(const Form& form);
  void widen_single();
  void narrow_real();
  void narrow16();
  void no_nan(const Result& result, Label& slow);
  void predicate(const Form& form);
  void widen(int d, const Source& s, int part, Opcode op);

  // memory, in memory.cpp
  void load();
  void load_byte();
  void load_uniform();
  void load_shared();
  void store_flat();
  void store_shared();
  void add_shared();
  void load_long(bool shared);
  void store_long(bool shared);
  int longs(const Source& address, int part, bool shared, bool displaced);
  void find_long(bool shared, Label& slow);
  void check_long(const Source& address, int part, Label& slow);
  int first(int words, int mask, bool wide);
  void all_lanes(int mask);
  void find_host(Gpr at, int bytes, Label& slow);
  void find_windows(const Source& address, Windows& windows, int greatest, Label& slow);
  void gather(const Source& address, const Result& d, Label& slow);
  void gather_shared(const Source& address, const Result& d, Label& slow);
  void check_flat(const Source& address, int bytes, Label& slow);
  void check_shared(const Source& address, Label& slow);
  std::vector<std::size_t> loads_from(std::int32_t row) const;
  /// Code that is out of the way: between `from` and `back`, with a label for what only the handlers can do.
  void aside(Label& from, Label& back, std::function<void(Label&)> body);
  /// From here the handlers do the rest of the piece.
  void leave_to_handlers(Label& from);
  void leave(Label& from, std::size_t n, const State& state);

  static constexpr int kFree = -1, kPinned = -2, kWindowsOwner = -3;
  static constexpr int kScratch = 6;   // registers 0 to 5 hold nothing from one instruction to the next

  /// Masks of the lanes that execute, of half a warp and of a quarter; 0: all.
  int half(int number) const { return masked_ ? 7 - number : 0; }
  int quarter(int number) const { return masked_ ? 7 - (number & 1) * 2 - number / 2 : 0; }

  const exec::Instr& now() const { return code_.instrs[n_]; }

  Assembler& a_;
  const ir::Code& code_;
  const Rows& rows_;
  const std::size_t begin_, end_;
  const bool masked_, apart_;
  std::size_t n_ = 0;
  std::map<std::int32_t, Held> held_;
  std::array<int, 32> owner_{};        // a row, or one of the above
  std::set<std::int32_t> pinned_;
  std::array<Windows, 2> windows_;
  std::vector<std::function<void()>> asides_;
  std::map<std::size_t, std::int32_t> tables_;   ///< of shuffles, by instruction: where their lanes lie in the code
  Label next_, done_;
  bool flat_ = false;
};

}  // namespace simt::jit
