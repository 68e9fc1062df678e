// JSON, written piece by piece into a string.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace simt::ptx {

class JsonWriter {
 public:
  std::string out;

  void string(std::string_view text) {
    out += '"';
    for (char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        (out += '\\') += c;
      } else if (byte < 32 || byte >= 127) {
        constexpr char digits[] = "0123456789abcdef";
        ((out += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
      } else {
        out += c;
      }
    }
    out += '"';
  }
  void value(std::string_view text) { string(text); }
  void value(const std::string& text) { string(text); }
  void value(bool truth) { out += truth ? "true" : "false"; }
  void value(std::integral auto number) { out += std::to_string(number); }

  void key(std::string_view name) {
    if (out.back() != '{') out += ',';
    string(name);
    out += ':';
  }
  void field(std::string_view name, const auto& content) {
    key(name);
    value(content);
  }
  /// An array of what `write` makes of each item.
  void list(std::string_view name, const auto& items, auto write) {
    key(name);
    array(items, write);
  }
  void array(const auto& items, auto write) {
    out += '[';
    bool first = true;
    for (const auto& item : items) {
      if (!first) out += ',';
      first = false;
      write(item);
    }
    out += ']';
  }
};

}  // namespace simt::ptx
