// Containers in files: the sections of ELF executables, libraries and objects, and bare .fatbin files.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "simt/fatbin/bytes.hpp"
#include "simt/fatbin/fatbin.hpp"

namespace simt::fatbin {
namespace {

/// `size` bytes from `at`, or an empty view with null data if they are not all there.
std::string_view part(std::string_view bytes, std::uint64_t at, std::uint64_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return {};
  return bytes.substr(at, size);
}

/// The containers of one section lie one behind the other, each aligned to 8 bytes.
bool read_section(std::string_view section, std::vector<Container>& containers, std::string& error) {
  std::size_t at = 0;
  while (section.size() - at >= 16) {
    if (load<std::uint64_t>(section, at) == 0) {
      at += 8;
      continue;
    }
    const std::string_view here = section.substr(at);
    if (!read_container(here, containers.emplace_back(), error)) return false;
    const std::uint64_t size = load<std::uint16_t>(here, 6) + load<std::uint64_t>(here, 8);
    const std::uint64_t padded = (size + 7) & ~std::uint64_t{7};
    if (padded > here.size()) break;
    at += padded;
  }
  return true;
}

bool read_elf(std::string_view bytes, std::vector<Container>& containers, std::string& error) {
  constexpr std::size_t header = 64, section_header = 64;
  const auto damaged = [&](const char* what) {
    error = std::string("the ELF file is damaged: ") + what;
    return false;
  };
  if (bytes.size() < header) return damaged("its header is cut off");
  if (bytes[4] != 2 || bytes[5] != 1) {
    error = "the ELF file is not a 64-bit little-endian one";
    return false;
  }
  const auto table_at = load<std::uint64_t>(bytes, 40);
  const auto entry_size = load<std::uint16_t>(bytes, 58);
  std::uint64_t count = load<std::uint16_t>(bytes, 60), names_index = load<std::uint16_t>(bytes, 62);
  if (table_at == 0) return true;
  if (entry_size != section_header) return damaged("its section headers have an unknown size");
  const std::string_view first = part(bytes, table_at, section_header);
  if (first.empty()) return damaged("its section headers lie outside");
  // More sections than 16 bits can count are counted in the first header.
  if (count == 0) count = load<std::uint64_t>(first, 32);
  if (names_index == 0xffff) names_index = load<std::uint32_t>(first, 40);
  if (count > bytes.size() / section_header || names_index >= count) return damaged("its section headers lie outside");
  const std::string_view table = part(bytes, table_at, count * section_header);
  if (table.empty()) return damaged("its section headers lie outside");
  const auto contents = [&](std::uint64_t index) {
    const std::size_t at = index * section_header;
    constexpr std::uint32_t no_bits = 8;
    if (load<std::uint32_t>(table, at + 4) == no_bits) return std::string_view{};
    return part(bytes, load<std::uint64_t>(table, at + 24), load<std::uint64_t>(table, at + 32));
  };
  const std::string_view names = contents(names_index);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto name_at = load<std::uint32_t>(table, i * section_header);
    if (name_at >= names.size()) continue;
    std::string_view name = names.substr(name_at);
    name = name.substr(0, name.find('\0'));
    if (name != ".nv_fatbin" && name != "__nv_relfatbin") continue;
    const std::string_view section = contents(i);
    if (section.data() == nullptr) return damaged("the section with the fatbinary lies outside");
    if (!read_section(section, containers, error)) return false;
  }
  return true;
}

}  // namespace

bool read_image(std::string_view bytes, std::vector<Container>& containers, std::string& error) {
  containers.clear();
  if (bytes.starts_with("\x7f" "ELF")) return read_elf(bytes, containers, error);
  return read_container(bytes, containers.emplace_back(), error);
}

std::unique_ptr<File> File::open(const std::string& path, std::string& error) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    error = "cannot read " + path + ": " + std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return nullptr;
  }
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    error = path + " is not a program: " + (S_ISREG(status.st_mode) ? "it is empty" : "it is no regular file");
    close(descriptor);
    return nullptr;
  }
  std::unique_ptr<File> file(new File);
  file->size_ = static_cast<std::size_t>(status.st_size);
  file->address_ = mmap(nullptr, file->size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int reason = errno;
  close(descriptor);
  if (file->address_ == MAP_FAILED) {
    file->address_ = nullptr;
    error = "cannot read " + path + ": " + std::strerror(reason);
    return nullptr;
  }
  if (!read_image({static_cast<const char*>(file->address_), file->size_}, file->containers_, error)) {
    error = path + ": " + error;
    return nullptr;
  }
  return file;
}

File::~File() {
  if (address_ != nullptr) munmap(address_, size_);
}

}  // namespace simt::fatbin
