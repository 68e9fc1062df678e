// Memory accesses lane by lane.
#include "simt/exec/access.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace simt::exec {

using memory::AddressSpace;

namespace {

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string what_it_does(const ir::Access& access) {
  switch (access.kind) {
    case ir::AccessKind::store: return "write";
    case ir::AccessKind::atomic: return "atomic";
    default: return "read";
  }
}

/// "a read of 4 bytes at 0x... ".
std::string access_of(const Warp& warp, const Instr* instr, unsigned bytes, const std::string& address) {
  const auto& code = *warp.worker->code;
  const auto& access = code.accesses[instr->origin];
  const char* space = access.space == ptx::Space::shared  ? "shared "
                      : access.space == ptx::Space::local ? "local "
                                                          : "";
  const auto verb = what_it_does(access);
  return std::string(verb == "atomic" && !*space ? "an " : "a ") + space + (verb == "atomic" ? "atomic operation on " : verb + " of ") +
         std::to_string(bytes) + (bytes == 1 ? " byte at " : " bytes at ") + address;
}

std::string name_of(const memory::Allocation& a) {
  const char* kind = a.kind == memory::Kind::module_global  ? "variable "
                     : a.kind == memory::Kind::module_const ? "constant "
                                                            : "";
  if (!a.label.empty()) return kind + a.label + " (" + std::to_string(a.size) + " bytes)";
  return "allocation " + std::to_string(a.id) + " of " + std::to_string(a.size) + " bytes";
}

std::string misaligned(const Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes) {
  return "misaligned address: " + access_of(warp, instr, bytes, hex(address)) +
         ", which is not a multiple of the access's size";
}

/// Whether the program's host memory has a page there.
bool is_host_memory(std::uint64_t address) {
  const auto page = std::uint64_t(sysconf(_SC_PAGESIZE));
  unsigned char there;
  return !AddressSpace::instance().in_device_range(address) && mincore(reinterpret_cast<void*>(address / page * page), 1, &there) == 0;
}

std::string out_of_reach(int device, const memory::Allocation& a) {
  const auto here = std::to_string(device), there = std::to_string(a.device);
  return name_of(a) + " is memory of device " + there + ", and the kernel runs on device " + here +
         (a.shared_with ? ". Memory of a pool is opened to another device with cudaMemPoolSetAccess"
                        : ". With device " + here + " current, cudaDeviceEnablePeerAccess(" + there + ", 0) lets its kernels use that memory");
}

void raise_address(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane) {
  auto& space = AddressSpace::instance();
  std::string text = access_of(warp, instr, bytes, hex(address));
  if (address < 4096) {
    raise(warp, instr, 700, text + ": a null pointer", lane);
    return;
  }
  const int device = warp.worker->grid->launch->device;
  if (const auto inside = space.lookup(address); inside && !space.reaches(device, *inside)) {
    text += ": " + out_of_reach(device, *inside);
  } else if (inside) {
    const auto past = address + bytes - (inside->base + inside->size);
    text += ", of which the last " + std::to_string(past) + (past == 1 ? " byte lies" : " bytes lie") +
            " past the end of " + name_of(*inside);
  } else if (is_host_memory(address)) {
    text += ": a pointer to host memory, which kernels cannot reach; copy the data to memory of cudaMalloc first";
  } else if (const auto near = space.nearest(address)) {
    const bool after = address >= near->base + near->size;
    if (near->live || address < near->base || after) {
      const auto distance = after ? address - (near->base + near->size) : near->base - address;
      text += (distance ? ": " + std::to_string(distance) + " bytes " + (after ? "past" : "before") : std::string(": right at")) +
              (after ? " the end of " : " the start of ") + name_of(*near) + (near->live ? "" : ", which was freed");
    } else {
      text += ": in " + name_of(*near) + ", which was freed";
    }
  } else {
    text += ": no memory was allocated there";
  }
  raise(warp, instr, 700, text, lane);
}

bool in_window(std::uint64_t address, memory::GuestAddr window) { return address - window < memory::kWindowSize; }

}  // namespace

std::byte* shared_of(const Warp& warp, std::uint64_t offset, std::uint64_t bytes) {
  const std::uint64_t rank = offset >> 24, at = offset & 0xffffff;
  if (rank == 0) return at + bytes <= warp.shared_bytes ? warp.shared + at : nullptr;
  auto& blocks = warp.block->cluster->blocks;
  if (rank > blocks.size() || at + bytes > warp.shared_bytes) return nullptr;
  return blocks[rank - 1].shared + at;
}

bool refill(Warp& warp, const Instr* instr, std::uint64_t address) { return refill_site(warp, instr->mem.site, address); }

bool refill_site(Warp& warp, std::uint32_t site, std::uint64_t address) {
  if (address >= memory::kSharedWindow) {
    const auto& grid = *warp.worker->grid;
    if (!in_window(address, ir::kParamWindow) || address - ir::kParamWindow >= grid.params.size()) return false;
    auto& window = warp.worker->windows[site];
    window.lo = ir::kParamWindow;
    window.hi = ir::kParamWindow + grid.params.size();
    window.delta = std::ptrdiff_t(reinterpret_cast<std::uintptr_t>(grid.params.data()) - ir::kParamWindow);
    return true;
  }
  return AddressSpace::instance().window(address, warp.worker->grid->launch->device, warp.worker->windows[site]);
}

std::byte* host_of(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane) {
  return host_at(warp, instr, instr->mem.site, address, bytes, lane);
}

bool reach_object(Warp& warp, const Instr* instr, std::uint64_t base, int lane) {
  const auto site = std::uint32_t(instr->list[1]);
  const auto& window = warp.worker->windows[site];
  if ((base >= window.lo && base < window.hi) || refill_site(warp, site, base)) return true;
  const auto memory = AddressSpace::instance().lookup(base);
  raise(warp, instr, 700, memory ? "the object's " + out_of_reach(warp.worker->grid->launch->device, *memory)
                                 : std::string("the memory of this texture or surface object was freed"), lane);
  return false;
}

std::byte* reach(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, std::uint64_t bytes) {
  const auto& access = warp.worker->code->accesses[instr->origin];
  if (in_window(address, memory::kSharedWindow) && access.space == ptx::Space::none)
    return shared_of(warp, address - memory::kSharedWindow, bytes);
  const auto& window = warp.worker->windows[site];
  const auto inside = [&] { return address >= window.lo && address < window.hi && bytes <= window.hi - address; };
  if (!inside() && !(refill_site(warp, site, address) && inside())) return nullptr;
  if (access.kind != ir::AccessKind::load && address >= ir::kParamWindow) return nullptr;
  return reinterpret_cast<std::byte*>(address + std::uint64_t(window.delta));
}

std::byte* host_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane) {
  if (address & (bytes - 1)) {
    raise(warp, instr, 716, misaligned(warp, instr, address, bytes), lane);
    return nullptr;
  }
  if (auto* host = reach(warp, instr, site, address, bytes)) return host;
  const auto& window = warp.worker->windows[site];
  if (in_window(address, memory::kSharedWindow) && warp.worker->code->accesses[instr->origin].space == ptx::Space::none)
    raise_offset(warp, instr, std::uint32_t(address), bytes, lane);
  else if (address >= ir::kParamWindow && address >= window.lo && address < window.hi && bytes <= window.hi - address)
    raise(warp, instr, 700, access_of(warp, instr, bytes, hex(address)) + ": a kernel's parameters cannot be written", lane);
  else
    raise_address(warp, instr, address, bytes, lane);
  return nullptr;
}

namespace {

/// Local memory by a generic address: word by word. False if the address is not in the local window.
template <class F>
bool local_lane(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane, bool& good, F copy) {
  if (!in_window(address, memory::kLocalWindow) || warp.worker->code->accesses[instr->origin].space != ptx::Space::none)
    return false;
  const std::uint64_t offset = address - memory::kLocalWindow;
  good = false;
  if (address & (bytes - 1)) {
    raise(warp, instr, 716, misaligned(warp, instr, address, bytes), lane);
  } else if (offset + bytes > warp.local_bytes) {
    raise_offset(warp, instr, std::uint32_t(offset), bytes, lane);
  } else {
    for (unsigned at = 0; at < bytes; at += 4) copy(local_byte(warp, offset + at, lane), at, bytes < 4 ? bytes : 4);
    good = true;
  }
  return true;
}

template <class T>
void copy_one(void* out, const void* in) {   // one move: an aligned access is never torn
  *static_cast<T*>(out) = *static_cast<const T*>(in);
}

void copy(void* out, const void* in, unsigned bytes) {
  switch (bytes) {
    case 1: copy_one<std::uint8_t>(out, in); break;
    case 2: copy_one<std::uint16_t>(out, in); break;
    case 4: copy_one<std::uint32_t>(out, in); break;
    default:
      for (unsigned at = 0; at < bytes; at += 8)
        copy_one<std::uint64_t>(static_cast<std::byte*>(out) + at, static_cast<const std::byte*>(in) + at);
  }
}

}  // namespace

bool read_lane(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane, void* out) {
  return read_at(warp, instr, instr->mem.site, address, bytes, lane, out);
}

bool write_lane(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane, const void* in) {
  return write_at(warp, instr, instr->mem.site, address, bytes, lane, in);
}

bool read_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane, void* out) {
  bool good = true;
  if (local_lane(warp, instr, address, bytes, lane, good, [&](std::byte* word, unsigned at, unsigned n) {
        std::memcpy(static_cast<std::byte*>(out) + at, word, n);
      }))
    return good;
  const std::byte* host = host_at(warp, instr, site, address, bytes, lane);
  if (host) copy(out, host, bytes);
  return host != nullptr;
}

bool write_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane, const void* in) {
  bool good = true;
  if (local_lane(warp, instr, address, bytes, lane, good, [&](std::byte* word, unsigned at, unsigned n) {
        std::memcpy(word, static_cast<const std::byte*>(in) + at, n);
      }))
    return good;
  std::byte* host = host_at(warp, instr, site, address, bytes, lane);
  if (host) copy(host, in, bytes);
  return host != nullptr;
}

const Instr* raise_offset(Warp& warp, const Instr* instr, std::uint32_t offset, unsigned bytes, int lane) {
  const auto& code = *warp.worker->code;
  const auto& access = code.accesses[instr->origin];
  const bool local =
      access.space == ptx::Space::local || (access.space == ptx::Space::none && access.wide && offset < warp.local_bytes);
  std::string text = access_of(warp, instr, bytes, "offset " + std::to_string(offset));
  if (offset & (bytes - 1)) return raise(warp, instr, 716, "misaligned address: " + text, lane);
  if (local) {
    text += ", but a thread has " + std::to_string(warp.local_bytes) + " bytes of local memory here";
  } else {
    text += ", but the block has " + std::to_string(warp.shared_bytes) + " bytes of shared memory";
    const std::pair<std::string, std::uint32_t>* nearest = nullptr;
    for (const auto& variable : code.shared_variables)
      if (variable.second <= offset && (!nearest || variable.second >= nearest->second)) nearest = &variable;
    if (nearest) text += "; variable " + nearest->first + " begins at offset " + std::to_string(nearest->second);
  }
  return raise(warp, instr, 700, text, lane);
}

}  // namespace simt::exec
