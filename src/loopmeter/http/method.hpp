// SPDX-License-Identifier: Apache-2.0
// The request methods that we know by name (RFC 9110 section 9, RFC 5789). Everything else is
// `other`, so that the label `method` has a closed domain.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loopmeter::http {

enum class method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  trace,
  connect,
  other,
};

inline constexpr std::array<std::string_view, 10> method_names{
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "other"};

/// The method of a request line's first token; methods are case-sensitive (RFC 9110 section 9.1).
constexpr method method_of(std::string_view token) noexcept {
  for (std::size_t i = 0; i + 1 < method_names.size(); ++i) {
    if (token == method_names[i]) return static_cast<method>(i);
  }
  return method::other;
}

constexpr std::string_view name_of(method m) noexcept {
  return method_names[static_cast<std::size_t>(m)];
}

}  // namespace loopmeter::http
