// SPDX-License-Identifier: Apache-2.0
// What a login is remembered by: a digest under a key that this process alone knows, so that no
// password stands in memory longer than its request.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

struct evp_mac_ctx_st;

namespace loopmeter::web {

using login_digest = std::array<std::uint8_t, 32>;

/// HMAC-SHA-256. One for each thread; all digesters of a process make the same of the same.
class login_digester {
 public:
  /// Throws std::runtime_error if OpenSSL has no HMAC or no entropy.
  login_digester();
  ~login_digester();
  login_digester(login_digester const &) = delete;
  login_digester &operator=(login_digester const &) = delete;

  /// Of all three, so that a changed hash is another login. About 0.5 µs; allocates nothing.
  login_digest of(std::string_view user, std::string_view hash, std::string_view password);

 private:
  evp_mac_ctx_st *context_;
};

}  // namespace loopmeter::web
