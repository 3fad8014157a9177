// SPDX-License-Identifier: Apache-2.0
// Which bound a refused message exceeded.
#pragma once

#include <cstdint>

namespace loopmeter::http {

enum class bound : std::uint8_t {
  none,  ///< it was refused for what it says
  request_line_bytes,
  head_bytes,
  head_lines,
  body_bytes,
  chunk_extension_bytes,
  trailer_bytes,
};

/// The status that says so (RFC 9110 section 15.5, RFC 6585 section 5); 400 for none.
constexpr std::uint16_t status_of(bound exceeded) noexcept {
  switch (exceeded) {
    case bound::request_line_bytes:
      return 414;
    case bound::head_bytes:
    case bound::head_lines:
    case bound::trailer_bytes:
      return 431;
    case bound::body_bytes:
    case bound::chunk_extension_bytes:
      return 413;
    default:
      return 400;
  }
}

}  // namespace loopmeter::http
