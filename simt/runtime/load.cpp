// Picks PTX out of a module's images as a driver does, and parses it.
#include "simt/runtime/load.hpp"

#include <charconv>

#include "simt/fatbin/fatbin.hpp"
#include "simt/model/profile.hpp"
#include "simt/ptx/parser.hpp"

namespace simt::runtime {
namespace {

constexpr std::uint32_t kNewestPtx = 90;   // .version 9.0, what CUDA 13.0 writes

exec::Fault add(std::string_view text, Module& m, std::vector<std::unique_ptr<ptx::Module>>& out) {
  ptx::Error error;
  auto parsed = ptx::parse(text, error);
  if (!parsed) return {abi::kInvalidPtx, "the PTX cannot be read: " + error.message};
  if (parsed->version > kNewestPtx)
    return {abi::kUnsupportedPtxVersion, format("the PTX has .version %u.%u, newer than 9.0; compile with nvcc 13.0.", parsed->version / 10, parsed->version % 10)};
  std::uint32_t arch = 0;
  const std::string& target = parsed->target;   // "sm_75", "sm_90a"
  if (target.size() > 3) std::from_chars(target.data() + 3, target.data() + target.size(), arch);
  const int cc = model::current().cc();
  const char last = target.empty() ? ' ' : target.back();
  if (!fatbin::runs_on(std::uint32_t(cc), arch, last == 'a' || last == 'f' ? last : '\0'))
    return {abi::kNoKernelImageForDevice, format("the PTX is for %s, and the device has compute capability %d.%d.", target.c_str(), cc / 10, cc % 10)};
  m.ptx_arch = std::max(m.ptx_arch, int(arch));
  out.push_back(std::move(parsed));
  return {};
}

}  // namespace

exec::Fault read_modules(Module& m, std::vector<std::unique_ptr<ptx::Module>>& out) {
  if (!m.wrapper && !m.image.data()) return add(m.text, m, out);
  std::vector<fatbin::Container> containers;
  std::string error;
  if (m.wrapper ? !fatbin::read_wrapper(m.wrapper, containers, error) : m.image.empty() || !fatbin::read_image(m.image, containers, error))
    return {abi::kInvalidKernelImage, error.empty() ? "this is machine code alone; the software GPU runs PTX: compile with nvcc -arch=compute_NN, or pass the .ptx." : error};
  std::vector<std::string> texts;
  if (!fatbin::program_ptx(containers, static_cast<std::uint32_t>(model::current().cc()), texts, m.left_out, error))
    return {abi::kNoKernelImageForDevice, error};
  for (const std::string& text : texts)
    if (exec::Fault fault = add(text, m, out)) return fault;
  return {};
}

}  // namespace simt::runtime
