// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Go checks it: no surrogates, nothing longer than need be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loopcheck {

/// Bytes of the first character; 0 where it is not one.
std::size_t utf8_size(std::string_view text) noexcept;
void append_utf8(std::string &to, std::uint32_t code);

/// -1 for what is no digit.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace loopcheck
