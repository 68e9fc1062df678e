// What the software GPU pretends to be: the numbers of one real device.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace simt::model {

struct Profile {
  std::string_view key;        ///< what PMPP_SIM_GPU says
  std::string_view name;
  int major, minor;            ///< compute capability
  int sms;
  int threads_per_sm, blocks_per_sm;
  std::size_t shared_per_sm, shared_optin, shared_reserved;  ///< bytes an SM; a block by opt-in; kept by the system a block
  std::size_t l2;
  std::size_t global_memory;
  int bus_bits, memory_khz, core_khz;
  int fp32_to_fp64;            ///< throughput ratio
  bool peer_access;            ///< kernels can use another device's memory
  std::size_t l1;              ///< bytes of an SM's L1 cache and shared memory together
  std::array<int, 12> shared_splits_kib;   ///< how much of it can be shared memory; the rest are zeros
  // The same on every device of compute capability 7.5 to 9.0.
  static constexpr int warp_size = 32;
  static constexpr int threads_per_block = 1024;
  static constexpr int registers_per_sm = 65536, registers_per_block = 65536, registers_per_thread = 255;
  static constexpr int register_unit = 256;           ///< registers are given to a warp in such steps
  static constexpr int warp_schedulers = 4;
  static constexpr std::size_t shared_per_block = 48 << 10;
  static constexpr std::size_t shared_unit = 128;     ///< shared memory is given in such steps (256 on 7.5)
  static constexpr std::size_t constant_memory = 64 << 10;
  static constexpr int max_grid_x = 0x7fffffff, max_grid_yz = 65535;
  static constexpr int max_block_xy = 1024, max_block_z = 64;
  // Texels of textures and surfaces; layers last. CUDA C++ Programming Guide, "Technical Specifications per Compute
  // Capability"; of mipmaps and of flat volumes, what drivers report.
  static constexpr int texture_1d = 131072, texture_1d_linear = 1 << 28, texture_1d_mipmap = 32768;
  static constexpr int texture_2d[2] = {131072, 65536}, texture_2d_linear[3] = {131072, 65000, 2097120};
  static constexpr int texture_2d_mipmap[2] = {32768, 32768}, texture_2d_gather[2] = {32768, 32768};
  static constexpr int texture_3d[3] = {16384, 16384, 16384}, texture_3d_flat[3] = {8192, 8192, 32768};
  static constexpr int texture_cube = 32768, texture_cube_layers = 2046;
  static constexpr int texture_layered = 32768, texture_layers = 2048;   ///< a side
  static constexpr int surface_1d = 32768, surface_2d[2] = {131072, 65536}, surface_3d[3] = {16384, 16384, 16384};

  int cc() const { return major * 10 + minor; }
  std::size_t shared_granule() const { return cc() < 80 ? 256 : shared_unit; }
};

/// The profile in use: PMPP_SIM_GPU (h200, a100, l4, rtx4090, t4), else the H200. An unknown name is said once, with
/// the names that are known, and the H200 is used.
const Profile& current();

/// As many as masks and tables of devices have room for.
inline constexpr int kMaxDevices = 16;

/// The devices that the program sees, in its order, each by its number in the machine. PMPP_SIM_DEVICES says how many the
/// machine has, all of one profile; if that is set, CUDA_VISIBLE_DEVICES chooses among them as a driver reads it.
const std::vector<int>& devices();
/// Of a device of the machine.
std::array<char, 16> uuid(int number);

}  // namespace simt::model
