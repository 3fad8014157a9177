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
  if (is_decimal(digits)) return value::number(std::move(digits));
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
  return std::any_of(text.begin(), text.end(), [](char each) {
    return static_cast<unsigned char>(each) < 0x20 || each == 0x7f;
  });
}

}  // namespace loopcheck
