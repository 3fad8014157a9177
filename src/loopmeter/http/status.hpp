// SPDX-License-Identifier: Apache-2.0
// Status codes and their reason phrases (RFC 9110 section 15; the IANA registry).
#pragma once

#include <cstdint>
#include <string_view>

namespace loopmeter::http {

/// Final statuses that a server may send; 1xx are interim and never counted.
inline constexpr std::uint16_t status_min = 200;
inline constexpr std::uint16_t status_max = 599;

constexpr bool is_sendable(std::uint16_t status) noexcept {
  return status >= status_min && status <= status_max;
}

/// nginx's code for "the client went away before the answer"; it is counted, never sent.
inline constexpr std::uint16_t status_client_closed_request = 499;

/// The registered reason phrase, or "Unknown" (a client must ignore it: RFC 9112 section 4).
std::string_view reason_of(std::uint16_t status) noexcept;

/// 1xx, 204 and 304 never carry content (RFC 9112 section 6.3), 205 must not (RFC 9110 15.3.6).
constexpr bool has_content(std::uint16_t status) noexcept {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

}  // namespace loopmeter::http
