// Containers and their entries, in memory.
#include <cstring>

#include "simt/fatbin/bytes.hpp"
#include "simt/fatbin/fatbin.hpp"

namespace simt::fatbin {
namespace {

constexpr std::uint32_t container_magic = 0xba55ed50;
constexpr std::uint32_t wrapper_magic = 0x466243b1;
constexpr std::size_t container_header = 16;
constexpr std::size_t entry_header = 64;
constexpr std::size_t max_prelinked = 1 << 20;

struct Wrapper {
  std::uint32_t magic;
  std::uint32_t version;  ///< 1: one container; 2: and the containers that it was linked from
  const char* data;
  const char* const* prelinked;  ///< version 2: ends with a null pointer
};

bool read_entry(std::string_view bytes, std::size_t& at, Entry& entry, std::string& error) {
  const std::size_t left = bytes.size() - at;
  auto damaged = [&](const std::string& what) {
    error = "the fatbinary is damaged: the entry at byte " + std::to_string(at) + " " + what;
    return false;
  };
  if (left < entry_header) return damaged("is cut off");
  const std::string_view here = bytes.substr(at);
  const auto version = load<std::uint16_t>(here, 2);
  if (version != 0x101) return damaged("has version " + std::to_string(version) + ", expected 257");
  const auto header = load<std::uint32_t>(here, 4);
  const auto stored = load<std::uint64_t>(here, 8);
  if (header < entry_header || header > left) return damaged("has a header of " + std::to_string(header) + " bytes");
  if (stored > left - header) {
    return damaged("claims " + std::to_string(stored) + " bytes, " + std::to_string(left - header) + " are there");
  }
  entry.kind = load<std::uint16_t>(here, 0);
  const auto compressed = load<std::uint32_t>(here, 16);
  if (entry.kind == Entry::ptx) entry.ptx_version = 10u * load<std::uint16_t>(here, 26) + load<std::uint16_t>(here, 24);
  entry.arch = load<std::uint32_t>(here, 28);
  const auto name_at = load<std::uint32_t>(here, 32), name_size = load<std::uint32_t>(here, 36);
  if (name_at != 0) {
    if (name_at > header || name_size > header - name_at) return damaged("has a name outside of its header");
    entry.name = here.substr(name_at, name_size);
  }
  entry.flags = load<std::uint64_t>(here, 40);
  entry.uncompressed_size = load<std::uint64_t>(here, 56);
  entry.debug = (entry.flags & 0x2) != 0;
  if ((entry.flags & 0x100000) != 0) entry.variant = 'a';
  if ((entry.flags & 0x200000) != 0) entry.variant = 'f';
  if ((entry.flags & 0x8000) != 0) {
    entry.compression = Entry::zstd;
  } else if ((entry.flags & 0x2000) != 0) {
    entry.compression = Entry::lz4;
  } else if (compressed != 0) {
    entry.compression = Entry::unknown;
  }
  if (compressed > stored) return damaged("has more compressed bytes than bytes");
  entry.payload = here.substr(header, compressed != 0 ? compressed : stored);
  at += header + stored;
  return true;
}

/// The container's size with its header, 0 if `bytes` does not begin with one that is whole.
std::size_t container_size(std::string_view bytes, std::string& error) {
  if (bytes.size() < container_header || load<std::uint32_t>(bytes, 0) != container_magic) {
    error = "no fatbinary: it does not begin with its magic number";
    return 0;
  }
  const auto version = load<std::uint16_t>(bytes, 4), header = load<std::uint16_t>(bytes, 6);
  const auto size = load<std::uint64_t>(bytes, 8);
  if (version != 1) {
    error = "the fatbinary has version " + std::to_string(version) + ", expected 1";
    return 0;
  }
  if (header < container_header || header > bytes.size() || size > bytes.size() - header) {
    error = "the fatbinary is damaged: it claims " + std::to_string(size) + " bytes behind a header of " +
            std::to_string(header) + ", " + std::to_string(bytes.size()) + " are there in all";
    return 0;
  }
  return header + size;
}

}  // namespace

std::string Entry::arch_name() const {
  std::string name = kind == ptx ? "compute_" : "sm_";
  name += std::to_string(arch);
  if (variant != '\0') name += variant;
  return name;
}

bool read_container(std::string_view bytes, Container& container, std::string& error) {
  container.entries.clear();
  const std::size_t size = container_size(bytes, error);
  if (size == 0) return false;
  bytes = bytes.substr(0, size);
  std::size_t at = load<std::uint16_t>(bytes, 6);
  while (at != size) {
    Entry entry;
    if (!read_entry(bytes, at, entry, error)) return false;
    container.entries.push_back(entry);
  }
  return true;
}

bool read_wrapper(const void* address, std::vector<Container>& containers, std::string& error) {
  containers.clear();
  Wrapper wrapper;
  if (address == nullptr) {
    error = "no fatbinary: a null pointer was registered";
    return false;
  }
  std::memcpy(&wrapper, address, sizeof wrapper);
  if (wrapper.magic != wrapper_magic || wrapper.version < 1 || wrapper.version > 2 || wrapper.data == nullptr) {
    error = "no fatbinary: what was registered does not begin with the magic number of version 1 or 2";
    return false;
  }
  auto add = [&](const char* data) {
    std::uint16_t header;
    std::uint64_t size;
    std::memcpy(&header, data + 6, sizeof header);
    std::memcpy(&size, data + 8, sizeof size);
    return read_container({data, static_cast<std::size_t>(header + size)}, containers.emplace_back(), error);
  };
  if (!add(wrapper.data)) return false;
  if (wrapper.version == 1 || wrapper.prelinked == nullptr) return true;
  for (const Entry& entry : containers[0].entries) {
    if (entry.kind == Entry::ptx) return true;
  }
  containers[0].linked = true;
  for (std::size_t i = 0; wrapper.prelinked[i] != nullptr; ++i) {
    if (i == max_prelinked) {
      error = "the list of linked fatbinaries has no end";
      return false;
    }
    if (!add(wrapper.prelinked[i])) return false;
  }
  return true;
}

bool runs_on(std::uint32_t capability, std::uint32_t arch, char variant) {
  if (variant == 'a') return arch == capability;
  return arch <= capability && (variant != 'f' || arch / 10 == capability / 10);
}

const Entry* choose(const Container& container, std::uint32_t capability, std::string& error) {
  const auto rank = [](const Entry& entry) {
    const int specific = entry.variant == 'a' ? 2 : entry.variant == 'f' ? 1 : 0;
    return std::uint64_t{entry.arch} * 4 + static_cast<std::uint64_t>(specific);
  };
  const Entry* best = nullptr;
  for (const Entry& entry : container.entries) {
    if (entry.kind != Entry::ptx || !runs_on(capability, entry.arch, entry.variant)) continue;
    if (best == nullptr || rank(entry) > rank(*best)) best = &entry;
  }
  if (best != nullptr) return best;

  const auto list = [&](bool wants_ptx) {
    std::string names;
    for (const Entry& entry : container.entries) {
      if ((entry.kind == Entry::ptx) != wants_ptx) continue;
      if (names.size() > 200) return names + ", ...";
      names += (names.empty() ? "" : ", ") + entry.arch_name();
    }
    return names;
  };
  const std::string ptx = list(true), machine = list(false);
  const std::string digits = std::to_string(capability);
  const std::string device = std::to_string(capability / 10) + "." + std::to_string(capability % 10);
  const std::string mend = "; compile with nvcc -gencode arch=compute_75,code=compute_75 or another architecture up to " + digits;
  if (!ptx.empty()) {
    error = "the program has PTX for " + ptx + " only, which a device of compute capability " + device + " cannot run" + mend;
  } else if (!machine.empty()) {
    error = "the program has only machine code (" + machine + ") and no PTX, which the software GPU needs" + mend;
  } else {
    error = "the fatbinary is empty" + mend;
  }
  return nullptr;
}

}  // namespace simt::fatbin
