// SPDX-License-Identifier: Apache-2.0
// Verdicts on logins that were checked before.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <loopmeter/web/login_digest.hpp>

namespace loopmeter::web {

/// Of a fixed size; the oldest verdict gives way. Right and wrong logins have places of their own,
/// so that whoever guesses passwords cannot drive out those that are right. Not thread-safe. Cost:
/// up to 128 comparisons of 8 octets.
class login_cache {
 public:
  std::optional<bool> find(login_digest const &login) const noexcept {
    if (right_.has(login)) return true;
    if (wrong_.has(login)) return false;
    return std::nullopt;
  }

  void learn(login_digest const &login, bool accepted) noexcept {
    if (!find(login)) (accepted ? right_ : wrong_).add(login);
  }

 private:
  struct ring {
    static constexpr std::size_t places = 64;

    bool has(login_digest const &login) const noexcept {
      auto const end = logins.begin() + static_cast<std::ptrdiff_t>(used);
      return std::find(logins.begin(), end, login) != end;
    }
    void add(login_digest const &login) noexcept {
      logins[next] = login;
      next = (next + 1) % places;
      used = std::max(used, next == 0 ? places : next);
    }

    std::array<login_digest, places> logins;
    std::size_t next = 0;
    std::size_t used = 0;
  };

  ring right_;
  ring wrong_;
};

}  // namespace loopmeter::web
