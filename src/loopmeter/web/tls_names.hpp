// SPDX-License-Identifier: Apache-2.0
// Go's names of TLS, which the web configuration speaks, and what OpenSSL calls them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <loopmeter/web/config.hpp>

namespace loopmeter::web {

/// A suite of Go's crypto/tls.CipherSuites(): those with known weaknesses are not among them.
struct cipher_suite {
  std::string_view openssl;  ///< empty: of TLS 1.3, where there is nothing to choose
};

std::optional<cipher_suite> cipher_suite_of(std::string_view name) noexcept;
/// "X25519" and so on, or nullopt.
std::optional<std::string_view> curve_of(std::string_view name) noexcept;
std::optional<tls_version> tls_version_of(std::string_view name) noexcept;
std::optional<client_auth> client_auth_of(std::string_view name) noexcept;

/// What is allowed, for messages.
std::string cipher_suite_names();
std::string curve_names();
std::string tls_version_names();
std::string client_auth_names();

/// Suites up to TLS 1.2 where none are named, in the order of Go: authenticated encryption first.
std::string default_cipher_list();

}  // namespace loopmeter::web
