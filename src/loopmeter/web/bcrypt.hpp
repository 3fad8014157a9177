// SPDX-License-Identifier: Apache-2.0
// Passwords kept as bcrypt hashes (Provos and Mazières, 1999), by the system's crypt.
#pragma once

#include <string>
#include <string_view>

namespace loopmeter::web {

inline constexpr unsigned bcrypt_cost_min = 4;
/// About 4 s a password; more would keep a stopping process waiting.
inline constexpr unsigned bcrypt_cost_max = 16;

/// Whether it has the whole form: "$2y$", the cost, "$", 53 characters. 2a, 2b, 2x and 2y are the
/// same to us, as to Go: they differ for passwords that nobody may have had, or of old bugs.
bool is_bcrypt_hash(std::string_view text) noexcept;

/// Of a hash that is one.
unsigned bcrypt_cost(std::string_view hash) noexcept;

/// A hash for a user whom nobody knows: what a check of it takes tells nothing.
std::string bcrypt_stand_in(unsigned cost);

/// Costs 2^cost rounds, for cost 10 some 60 ms: never on a worker. Of a password 72 octets count;
/// one with a NUL matches nothing. Thread-safe. Throws std::bad_alloc.
bool bcrypt_matches(std::string_view password, std::string_view hash);

}  // namespace loopmeter::web
