// SPDX-License-Identifier: Apache-2.0
// What PromQL's literals mean: strings, numbers as Go reads them, durations.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "promql_lexer.hpp"
#include "utf8.hpp"

namespace loopcheck::promql {
namespace {

/// One escape sequence behind its backslash; moves `at` behind it.
void append_escaped(std::string &to, std::string_view from, std::size_t &at) {
  char const c = from[at++];
  constexpr std::string_view names = "abfnrtv";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
  if (std::size_t const found = names.find(c); found != std::string_view::npos) {
    to += meanings[found];
    return;
  }
  bool const octal = c >= '0' && c <= '7';
  if (!octal && c != 'x' && c != 'u' && c != 'U') {
    to += c;
    return;
  }
  at -= octal ? 1 : 0;
  int const digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : 8;
  std::uint32_t code = 0;
  for (int i = 0; i < digits; ++i) {
    code = code * (octal ? 8u : 16u) + static_cast<unsigned>(hex_digit(from[at++]));
  }
  if (octal || c == 'x') {
    to += static_cast<char>(code);  // a byte, whatever it makes of the text
  } else {
    append_utf8(to, code);
  }
}

/// Go's integers with a base prefix: a leading zero means octal.
std::optional<double> integer_value(std::string_view word) {
  bool const hex = word.starts_with("0x") || word.starts_with("0X");
  std::string digits;
  for (char const c : word.substr(hex ? 2 : 0)) {
    if (c != '_') {
      digits += c;
    }
  }
  if (word.ends_with('_')) {
    return {};
  }
  int const base = hex ? 16 : digits.size() > 1 && digits.front() == '0' ? 8 : 10;
  std::int64_t parsed = 0;
  auto const [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return {};
  }
  return static_cast<double>(parsed);
}

/// Empty where one of them is not between two digits.
std::string without_underscores(std::string_view word) {
  auto const is_digit = [&](std::size_t at) {
    return at < word.size() && word[at] >= '0' && word[at] <= '9';
  };
  std::string plain;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] != '_') {
      plain += word[at];
    } else if (at == 0 || !is_digit(at - 1) || !is_digit(at + 1)) {
      return {};
    }
  }
  return plain;
}

struct unit_row {
  std::string_view name;
  double seconds;
};
// From the biggest: each may follow the ones above it, once.
constexpr std::array units = std::to_array<unit_row>({{"y", 365.0 * 86400},
                                                      {"w", 7.0 * 86400},
                                                      {"d", 86400},
                                                      {"h", 3600},
                                                      {"m", 60},
                                                      {"s", 1},
                                                      {"ms", 0.001}});

}  // namespace

std::string unquote(std::string_view literal) {
  std::string_view const inner = literal.substr(1, literal.size() - 2);
  if (literal.front() == '`' || inner.find('\\') == std::string_view::npos) {
    return std::string(inner);
  }
  std::string plain;
  for (std::size_t at = 0; at < inner.size();) {
    char const c = inner[at++];
    if (c == '\\') {
      append_escaped(plain, inner, at);
    } else {
      plain += c;
    }
  }
  return plain;
}

std::optional<double> number_value(std::string_view word) {
  if (word.size() == 3 && (word[0] == 'i' || word[0] == 'I')) {
    return std::numeric_limits<double>::infinity();
  }
  if (word.size() == 3 && (word[0] == 'n' || word[0] == 'N')) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (auto const whole = integer_value(word)) {
    return whole;
  }
  std::string const digits = without_underscores(word);
  if (digits.empty()) {
    return {};
  }
  word = digits;
  double parsed = 0;
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), parsed);
  if (end != word.data() + word.size() || error == std::errc::invalid_argument) {
    return {};
  }
  if (error == std::errc::result_out_of_range) {  // too small is 0, too big is an error
    parsed = std::strtod(std::string(word).c_str(), nullptr);
    return std::isinf(parsed) ? std::nullopt : std::optional(parsed);
  }
  return parsed;
}

std::optional<double> duration_value(std::string_view word) {
  double sum = 0;
  std::size_t next_unit = 0;
  while (!word.empty()) {
    std::uint64_t count = 0;
    auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    if (error != std::errc{}) {
      return {};
    }
    word.remove_prefix(static_cast<std::size_t>(end - word.data()));
    std::string_view const name = word.substr(0, word.find_first_of("0123456789"));
    while (next_unit < units.size() && units[next_unit].name != name) {
      ++next_unit;
    }
    if (next_unit == units.size()) {
      return {};
    }
    sum += static_cast<double>(count) * units[next_unit++].seconds;
    word.remove_prefix(name.size());
  }
  constexpr double most = 9223372036.854775807;  // 2^63 ns
  return sum < most ? std::optional(sum) : std::nullopt;
}

}  // namespace loopcheck::promql
