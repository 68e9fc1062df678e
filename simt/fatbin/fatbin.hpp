// The fatbinary: where nvcc leaves PTX and machine code inside of programs, and which PTX a device takes out of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace simt::fatbin {

/// One image of a container. The views point into the bytes that were read.
struct Entry {
  enum Kind : std::uint16_t { ptx = 1, elf = 2 };  // others exist (intermediate code); only PTX is of use here
  std::uint16_t kind = 0;
  std::uint32_t ptx_version = 0;   ///< 90 for PTX 9.0
  std::uint32_t arch = 0;          ///< 75 of compute_75 or sm_75
  char variant = '\0';             ///< 'a' of compute_90a, 'f' of compute_100f
  bool debug = false;              ///< compiled with -G
  std::uint64_t flags = 0;
  std::string_view name;           ///< the source's name, empty without -lineinfo or -G
  std::string_view payload;        ///< as stored
  enum Compression : std::uint8_t { none, lz4, zstd, unknown } compression = none;
  std::uint64_t uncompressed_size = 0;

  std::string arch_name() const;   ///< "compute_90a" for PTX, "sm_90a" for machine code
};

struct Container {
  std::vector<Entry> entries;
  bool linked = false;   ///< what nvcc linked the others to
};

/// Reads the container that begins `bytes`, which may be anything. False and a sentence in `error` if it is damaged.
bool read_container(std::string_view bytes, Container& container, std::string& error);

/// Reads what `__cudaRegisterFatBinary` is given. Both pointers and sizes in it are trusted, as they come from the
/// compiler. A program of one module gives one container. One linked from relocatable code gives the linked machine
/// code first (often empty) and then a container for each of the objects, whose PTX is to be linked. Should the linker
/// have written PTX into the first, that is the program and the objects are left out.
bool read_wrapper(const void* wrapper, std::vector<Container>& containers, std::string& error);

/// Reads all containers of a whole file in memory: an ELF executable, library or object, or a bare .fatbin.
bool read_image(std::string_view bytes, std::vector<Container>& containers, std::string& error);

/// A file mapped into memory, with the containers in it. None is no error: a program without device code.
class File {
 public:
  static std::unique_ptr<File> open(const std::string& path, std::string& error);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::vector<Container>& containers() const { return containers_; }

 private:
  File() = default;
  void* address_ = nullptr;
  std::size_t size_ = 0;
  std::vector<Container> containers_;
};

/// Whether a device of this compute capability (90 for 9.0) runs PTX for an architecture: one that is no newer; an `a`
/// variant only on exactly that capability, an `f` variant only within its family (the same major).
bool runs_on(std::uint32_t capability, std::uint32_t arch, char variant);

/// The entry whose PTX a device of this compute capability runs, as the driver chooses: the highest architecture that the
/// capability allows, of equal ones the most specific. Null and a sentence if none fits.
const Entry* choose(const Container& container, std::uint32_t capability, std::string& error);

/// The entry's PTX, decompressed if need be (libzstd and liblz4 are opened when the first such entry comes).
bool ptx_text(const Entry& entry, std::string& text, std::string& error);

/// The PTX of each container, one text a module: together the program, if the containers are those of one wrapper. A
/// container without fitting PTX (linked machine code, the toolkit's cudadevrt) is passed over as long as another has
/// some; `skipped` then says why, one sentence each, for the message that a missing symbol may need.
bool program_ptx(const std::vector<Container>& containers, std::uint32_t capability, std::vector<std::string>& texts,
                 std::vector<std::string>& skipped, std::string& error);

}  // namespace simt::fatbin
