// Surface accesses, lane by lane: where a lane's bytes are, what happens beyond the edge, and moving them.
#include "simt/exec/surface.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>

#include "simt/exec/access.hpp"
#include "simt/exec/objects.hpp"
#include "simt/exec/tell.hpp"

namespace simt::exec {
namespace {

Objects<Surface>& surface_objects() {
  static auto* all = new Objects<Surface>(0x7f00'0000ull);
  return *all;
}

/// Where an access goes: x in bytes, row, slice or layer. False: beyond the edge.
bool place_on(const Surface& surface, const SurfaceForm& form, std::int64_t (&at)[3]) {
  const std::int64_t size = std::int64_t(form.bytes) * form.count;
  const std::int64_t last[3] = {std::int64_t(surface.row) - size, std::int64_t(surface.height) - 1, std::int64_t(surface.depth) - 1};
  bool inside = last[0] >= 0;
  for (int k = 0; k < 3; ++k) inside = inside && at[k] >= 0 && at[k] <= last[k];
  if (inside || form.boundary != SurfaceForm::clamp || last[0] < 0) return inside;
  for (int k = 0; k < 3; ++k) at[k] = std::clamp<std::int64_t>(at[k], 0, last[k]);
  return true;
}

/// Host address of the bytes, null after a fault. They lie in one row, so that both ends say enough.
std::byte* bytes_at(Warp& warp, const Instr* instr, std::uint64_t address, unsigned size, int lane) {
  const auto site = std::uint32_t(instr->list[1]);
  std::byte* first = host_at(warp, instr, site, address, 1, lane);
  return first && host_at(warp, instr, site, address + size - 1, 1, lane) ? first : nullptr;
}

template <class T>
void reduce(T* at, T value, SurfaceForm::Operation operation) {
  std::atomic_ref<T> there(*at);
  T old = there.load(std::memory_order_relaxed), next;
  do {
    switch (operation) {
      case SurfaceForm::least: next = std::min(old, value); break;
      case SurfaceForm::greatest: next = std::max(old, value); break;
      case SurfaceForm::bit_and: next = T(old & value); break;
      case SurfaceForm::bit_or: next = T(old | value); break;
      default: next = T(std::make_unsigned_t<T>(old) + std::make_unsigned_t<T>(value));
    }
  } while (!there.compare_exchange_weak(old, next, std::memory_order_relaxed));
}

void reduce(std::byte* at, std::uint64_t value, const SurfaceForm& form) {
  if (form.bytes == 8 && form.is_signed) reduce(reinterpret_cast<std::int64_t*>(at), std::int64_t(value), form.operation);
  else if (form.bytes == 8) reduce(reinterpret_cast<std::uint64_t*>(at), value, form.operation);
  else if (form.is_signed) reduce(reinterpret_cast<std::int32_t*>(at), std::int32_t(value), form.operation);
  else reduce(reinterpret_cast<std::uint32_t*>(at), std::uint32_t(value), form.operation);
}

std::string shape_of(std::uint8_t dimensions, bool layered) {
  return std::to_string(dimensions) + (dimensions == 1 ? " dimension" : " dimensions") + (layered ? " and layers" : "");
}

/// "byte 4, row 2 of a surface of 16 bytes x 3 rows".
std::string outside(const Surface& surface, const std::int64_t (&at)[3], unsigned size) {
  std::string text = "a surface access of " + std::to_string(size) + " bytes at x = " + std::to_string(at[0]);
  if (surface.dimensions > 1) text += ", y = " + std::to_string(at[1]);
  if (surface.dimensions > 2 || surface.layered) text += (surface.layered ? ", layer " : ", z = ") + std::to_string(at[2]);
  text += ": the surface has rows of " + std::to_string(surface.row) + " bytes";
  if (surface.dimensions > 1) text += ", " + std::to_string(surface.height) + " of them";
  if (surface.dimensions > 2 || surface.layered)
    text += std::string(surface.layered ? ", in " : ", and ") + std::to_string(surface.depth) + (surface.layered ? " layers" : " slices");
  return text + ". x counts bytes, so an index is multiplied by the size of an element";
}

}  // namespace

std::uint64_t add_surface(Surface surface) { return surface_objects().add(surface); }
std::shared_ptr<const Surface> find_surface(std::uint64_t number) { return surface_objects().find(number); }
bool remove_surface(std::uint64_t number) { return surface_objects().remove(number); }

const Instr* run_surface(Warp& warp, const Instr* instr) {
  const auto form = SurfaceForm::of(instr->list[0]);
  const std::int32_t* const rows = instr->list + 2;
  const std::int32_t* const object = rows + form.count;
  const std::int32_t* const coordinates = object + 1;
  const unsigned size = unsigned(form.bytes) * form.count;
  const unsigned row_bytes = std::max<unsigned>(form.bytes, 2);   // bytes lie in registers of 16 bits
  std::shared_ptr<const Surface> surface;
  std::uint64_t known = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const auto number = get<std::uint64_t>(warp, *object, lane);
    if (number != known || !surface) {
      surface = find_surface(number);
      if (!surface) return raise(warp, instr, 719, std::to_string(number) + " is not a surface object", lane);
      if (form.layered != surface->layered || form.dimensions != surface->dimensions)
        return raise(warp, instr, 719, "a surface of " + shape_of(surface->dimensions, surface->layered) + " is used as one of " +
                                           shape_of(form.dimensions, form.layered), lane);
      if (!reach_object(warp, instr, surface->base, lane)) return nullptr;
      known = number;
    }
    std::int64_t at[3] = {};
    for (unsigned k = 0; k < form.dimensions; ++k) at[k] = get<std::int32_t>(warp, coordinates[k + form.layered], lane);
    if (form.layered) at[2] = get<std::uint32_t>(warp, coordinates[0], lane);
    if (at[0] % size != 0)
      return raise(warp, instr, 716, "misaligned surface access: x = " + std::to_string(at[0]) + " is not a multiple of the access's " +
                                         std::to_string(size) + " bytes; x counts bytes", lane);
    std::byte* there = nullptr;
    if (place_on(*surface, form, at)) {
      const std::uint64_t address = surface->base + (std::uint64_t(at[2]) * surface->height + std::uint64_t(at[1])) * surface->row + std::uint64_t(at[0]);
      there = form.operation > SurfaceForm::store ? host_at(warp, instr, std::uint32_t(instr->list[1]), address, size, lane)
                                                  : bytes_at(warp, instr, address, size, lane);
      if (!there) return nullptr;
      if (observed(warp))
        tell_access(warp, instr, lane, address, size, form.operation == SurfaceForm::load    ? ir::AccessKind::load
                                                      : form.operation == SurfaceForm::store ? ir::AccessKind::store
                                                                                             : ir::AccessKind::atomic);
    } else if (form.boundary != SurfaceForm::zero) {
      return raise(warp, instr, 719, outside(*surface, at, size), lane);
    }
    for (unsigned k = 0; k < form.count; ++k) {
      std::byte* const reg = warp.regs + rows[k] + int(row_bytes) * lane;
      std::byte* const element = there ? there + k * form.bytes : nullptr;
      if (form.operation == SurfaceForm::load) {
        std::memset(reg, 0, row_bytes);
        if (element) std::memcpy(reg, element, form.bytes);
      } else if (element && form.operation == SurfaceForm::store) {
        std::memcpy(element, reg, form.bytes);
      } else if (element) {
        std::uint64_t value = 0;
        std::memcpy(&value, reg, form.bytes);
        reduce(element, value, form);
      }
    }
  }
  return instr + 1;
}

}  // namespace simt::exec
