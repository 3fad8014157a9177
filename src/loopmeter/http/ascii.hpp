// SPDX-License-Identifier: Apache-2.0
// ASCII as the grammars of HTTP see it: no locale, no allocation. Pure, a few ns each.
#pragma once

#include <algorithm>
#include <string_view>

namespace loopmeter::http {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// SP or HTAB, which is what OWS and BWS consist of (RFC 9110 section 5.6.3).
constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t';
}

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Equal but for the case of letters.
constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return to_lower(x) == to_lower(y);
         });
}

/// Without the white space around it.
constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

}  // namespace loopmeter::http
