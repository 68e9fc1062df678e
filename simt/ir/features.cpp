// Reads PMPP_SIM_WITHOUT once, and answers by patterns what is off.
#include "simt/ir/features.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace simt::ir::features {
namespace {

struct Feature {
  std::string_view name, calls, code;
};
constexpr Feature kFeatures[] = {
#define FEATURE(name, calls, code) {name, calls, code},
#include "simt/ir/features.def"
#undef FEATURE
};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(at), text.size());
    if (end) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Whether a name is what a pattern says, in which each * stands for any characters.
bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] != '*') return !name.empty() && name[0] == pattern[0] && fits(pattern.substr(1), name.substr(1));
  for (std::size_t skipped = 0; skipped <= name.size(); ++skipped)
    if (fits(pattern.substr(1), name.substr(skipped))) return true;
  return false;
}

struct Rule {
  std::string_view feature;
  std::vector<std::string_view> parts;   ///< of an instruction: opcode and modifiers; of all else one pattern
};

struct Setting {
  std::vector<Rule> calls, instructions, code;
  std::string complaint;

  Setting() {
    const char* given = std::getenv("PMPP_SIM_WITHOUT");
    for (const auto name : split(given ? given : "", ',')) {
      const auto* feature = std::find_if(std::begin(kFeatures), std::end(kFeatures), [&](const auto& f) { return f.name == name; });
      if (feature == std::end(kFeatures)) {
        complaint = "PMPP_SIM_WITHOUT names " + std::string(name) + ", which is no feature. Accepted, several with commas:";
        for (const auto& known : kFeatures) (complaint += ' ') += known.name;
        return;
      }
      for (const auto pattern : split(feature->calls, ' ')) calls.push_back({name, {pattern}});
      for (const auto pattern : split(feature->code, ' ')) {
        const bool other = pattern[0] == '%' || pattern[0] == '(' || pattern.back() == ')';
        if (other) code.push_back({name, {pattern}});
        else instructions.push_back({name, split(pattern, '.')});
      }
    }
  }

  static std::string_view of(const std::vector<Rule>& rules, std::string_view name) {
    for (const auto& rule : rules)
      if (fits(rule.parts[0], name)) return rule.feature;
    return {};
  }
};

const Setting& setting() {
  static const auto* read = new Setting;
  return *read;
}

}  // namespace

const std::string& complaint() { return setting().complaint; }

std::string_view without_call(std::string_view name) { return Setting::of(setting().calls, name); }

std::string_view without_code(std::string_view name) { return Setting::of(setting().code, name); }

std::string_view without_instruction(const ptx::Instruction& instruction) {
  const auto& parts = instruction.parts;
  for (const auto& rule : setting().instructions) {
    if (rule.parts[0] != "*" && rule.parts[0] != instruction.opcode()) continue;
    const auto has = [&](std::string_view part) { return std::find(parts.begin() + 1, parts.end(), part) != parts.end(); };
    if (std::all_of(rule.parts.begin() + 1, rule.parts.end(), has)) return rule.feature;
  }
  return {};
}

std::string sentence(std::string_view feature) {
  return "the software GPU does not know it: PMPP_SIM_WITHOUT switches " + std::string(feature) + " off";
}

}  // namespace simt::ir::features
