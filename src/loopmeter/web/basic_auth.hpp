// SPDX-License-Identifier: Apache-2.0
// The Authorization field of the Basic scheme (RFC 7617): octets in, user and password out.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace loopmeter::web {

/// Holds what a field says, until it is destroyed or parses the next one; then it is wiped.
class basic_credentials {
 public:
  basic_credentials() = default;
  ~basic_credentials() { wipe(); }
  basic_credentials(basic_credentials const &) = delete;
  basic_credentials &operator=(basic_credentials const &) = delete;

  /// False if it is of another scheme, malformed, or longer than 768 octets. Allocates nothing.
  bool parse(std::string_view field) noexcept;

  std::string_view user() const noexcept { return user_; }
  std::string_view password() const noexcept { return password_; }

 private:
  static constexpr std::size_t decoded_bytes_max = 768;

  void wipe() noexcept;

  std::array<char, decoded_bytes_max + 4> decoded_{};  // OpenSSL writes whole groups of three
  std::string_view user_;
  std::string_view password_;
};

}  // namespace loopmeter::web
