// SPDX-License-Identifier: Apache-2.0
// The pieces of RFC 3986 that a request target and a Host field are made of. Pure predicates.
#pragma once

#include <string_view>

namespace loopmeter::http {

/// Where a request target points to; views into the target.
struct target_parts {
  std::string_view path;   ///< begins with "/", or is "*"
  std::string_view query;  ///< without "?"; empty, but never null, if there is none
};

/// Splits origin-form, absolute-form (http, https) and asterisk-form (RFC 9112 section 3.2).
/// False for anything else: no path, a fragment, user information, a bad host, a bad
/// percent-encoding, an octet that a URI cannot contain. (In a query every visible ASCII character
/// but "#" passes, as browsers and curl send them.) `out` is good only after true.
bool split_target(std::string_view target, target_parts &out) noexcept;

/// `uri-host [":" port]` as a Host field must be (RFC 9110 section 7.2), and not empty.
bool is_host_field(std::string_view value) noexcept;

/// `uri-host ":" port`, the authority-form of CONNECT.
bool is_authority_with_port(std::string_view value) noexcept;

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) noexcept;

}  // namespace loopmeter::http
