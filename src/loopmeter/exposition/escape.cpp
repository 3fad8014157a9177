// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/escape.hpp>

#include <loopmeter/metrics/labels.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace loopmeter::exposition::detail {
namespace {

bool fits(std::uint32_t point, bool first, bool colon) {
  bool const is_letter = (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
  bool const is_digit = point >= '0' && point <= '9';
  return is_letter || point == '_' || (is_digit && !first) || (point == ':' && colon);
}

// Takes a character of well-formed UTF-8 off `rest`.
std::uint32_t take_point(std::string_view &rest) {
  auto const lead = static_cast<unsigned char>(rest.front());
  std::size_t const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length && i < rest.size(); ++i)
    point = point << 6U | (static_cast<unsigned char>(rest[i]) & 0x3fU);
  rest.remove_prefix(std::min(length, rest.size()));
  return point;
}

void append_value(std::string &out, std::uint32_t point) {
  char digits[8];
  out += '_';
  out.append(digits, std::to_chars(digits, digits + sizeof digits, point, 16).ptr);
  out += '_';
}

std::string escape(std::string_view name, escaping scheme, bool colon) {
  std::string escaped = scheme == escaping::values ? "U__" : "";
  for (std::string_view rest = name; !rest.empty();) {
    bool const first = rest.size() == name.size();
    std::uint32_t const point = take_point(rest);
    if (point == '_') {
      escaped += "__";
    } else if (fits(point, first, colon)) {
      escaped += static_cast<char>(point);
    } else if (scheme == escaping::values) {
      append_value(escaped, point);
    } else {
      escaped += point == '.' ? "_dot_" : "__";
    }
  }
  return escaped;
}

}  // namespace

std::string escape_metric_name(std::string_view name, escaping scheme) {
  if (scheme == escaping::allow_utf_8 || metrics::is_metric_name(name)) return std::string{name};
  if (scheme == escaping::underscores) return metrics::legacy_metric_name(name);
  return escape(name, scheme, true);
}

std::string escape_label_name(std::string_view name, escaping scheme) {
  if (scheme == escaping::allow_utf_8 || metrics::is_label_name(name)) return std::string{name};
  if (scheme == escaping::underscores) return metrics::legacy_label_name(name);
  return escape(name, scheme, false);
}

}  // namespace loopmeter::exposition::detail
