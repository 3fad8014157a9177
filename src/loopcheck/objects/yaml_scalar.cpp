// SPDX-License-Identifier: Apache-2.0
#include "yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace loopcheck {
namespace {

template <std::size_t Count>
bool one_of(std::string_view text, std::array<std::string_view, Count> const &words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> null_words = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> true_words = {
    "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
constexpr std::array<std::string_view, 11> false_words = {
    "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"};

// [+-] 0x 0o 0b 0 and decimal digits, as strconv.ParseInt with base 0 takes them: the decimal text,
// or nothing.
std::string whole(std::string_view text) {
  bool const negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  auto const prefix = text.substr(0, 2);
  if (prefix == "0x" || prefix == "0X") base = 16;
  if (prefix == "0o" || prefix == "0O") base = 8;
  if (prefix == "0b" || prefix == "0B") base = 2;
  if (base != 10) {
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return (negative && number != 0 ? "-" : "") + std::to_string(number);
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_decimal(std::string_view text) {
  auto const digits = [&] {
    std::size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      text.remove_prefix(1);
      ++count;
    }
    return count;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  auto const before = digits();
  std::size_t after = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    after = digits();
  }
  if (before + after == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

// As JSON has it: no plus, a digit on both sides of the point, no zeros in front.
std::string json_number(std::string_view decimal) {
  std::string made;
  if (decimal.starts_with('-')) made = '-';
  if (decimal.starts_with('-') || decimal.starts_with('+')) decimal.remove_prefix(1);
  auto const whole_end = std::min(decimal.find_first_not_of("0123456789"), decimal.size());
  auto const first = std::min(decimal.find_first_not_of('0'), whole_end);
  made += first == whole_end ? "0" : decimal.substr(first, whole_end - first);
  decimal.remove_prefix(whole_end);
  if (decimal.size() < 2 || decimal[0] != '.') return made.append(decimal == "." ? "" : decimal);
  bool const digits = decimal[1] >= '0' && decimal[1] <= '9';
  return made.append(digits ? decimal : decimal.substr(1));
}

}  // namespace

value plain_scalar(std::string text) {
  if (one_of(text, null_words)) return {};
  if (one_of(text, true_words)) return value(true);
  if (one_of(text, false_words)) return value(false);
  auto const first = text.front();
  if (!(first == '+' || first == '-' || first == '.' || (first >= '0' && first <= '9'))) {
    return value(std::move(text));
  }
  auto digits = text;
  std::erase(digits, '_');
  if (auto decimal = whole(digits); !decimal.empty()) return value::number(std::move(decimal));
  if (is_decimal(digits)) {
    double const number = std::strtod(digits.c_str(), nullptr);
    if (number == 0) return value::number("0");  // JSON parsers refuse some exponents
    if (std::isfinite(number)) return value::number(json_number(digits));
  }
  return value(std::move(text));
}

bool needs_quotes(std::string_view text) {
  if (!plain_scalar(std::string(text)).is_text()) return true;
  constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@` =<";
  if (indicators.find(text.front()) != std::string_view::npos || text.back() == ' ') return true;
  if (text.back() == ':' || text.find(": ") != std::string_view::npos ||
      text.find(" #") != std::string_view::npos) {
    return true;
  }
  // Dates, and base 60, which other readers take for numbers.
  if (text.find_first_not_of("0123456789.:-+eETZ_ ") == std::string_view::npos) return true;
  while (!text.empty() && escaped_size(text) == 0)
    text.remove_prefix(1);
  return !text.empty();
}

std::size_t escaped_size(std::string_view text) {
  auto const octet = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (octet(0) < 0x20 || octet(0) == 0x7f) return 1;
  if (octet(0) == 0xc2 && text.size() > 1 && octet(1) < 0xa0) return 2;  // U+0080 to U+009F
  for (std::string_view const each : {"\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"})
    if (text.starts_with(each)) return each.size();
  return 0;
}

}  // namespace loopcheck
