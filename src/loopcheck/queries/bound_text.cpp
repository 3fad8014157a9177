// SPDX-License-Identifier: Apache-2.0
#include "bound_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "exposition_words.hpp"

namespace loopcheck {
namespace {

/// As Go's 'g' with the fewest digits: with an exponent below 1e-4 and from 1e6 on.
std::string shortest(double of) {
  std::array<char, 64> buffer{};
  auto const end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), of, std::chars_format::scientific)
          .ptr;
  std::string_view const scientific(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  int exponent = 0;
  std::size_t const mark = scientific.find('e');
  std::string_view digits = scientific.substr(mark + 1);
  digits.remove_prefix(digits.front() == '+' ? 1 : 0);
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (exponent < -4 || exponent >= 6) {
    return std::string(scientific);
  }
  auto const fixed_end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), of, std::chars_format::fixed).ptr;
  return {buffer.data(), static_cast<std::size_t>(fixed_end - buffer.data())};
}

}  // namespace

std::string canonical_bound(std::string_view written) {
  std::string const text(written);
  if (!is_float(text)) {
    return text;
  }
  double const parsed = std::strtod(text.c_str(), nullptr);
  if (std::isnan(parsed)) {
    return "NaN";
  }
  if (std::isinf(parsed)) {
    return parsed > 0 ? "+Inf" : "-Inf";
  }
  std::string made = parsed == 0 ? "0" : shortest(parsed);
  return made.find_first_of("e.") == std::string::npos ? made + ".0" : made;
}

}  // namespace loopcheck
