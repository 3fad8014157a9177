// SPDX-License-Identifier: Apache-2.0
// A web configuration in force.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <loopmeter/web/config.hpp>
#include <loopmeter/web/rate_limiter.hpp>
#include <loopmeter/web/tls_context.hpp>

namespace loopmeter::web {

/// Immutable but for the limiter, which is thread-safe; shared by all workers.
class policy {
 public:
  /// Reads the files that `chosen` names. `realm` is shown to whoever must log in, and holds
  /// letters, digits and underscores. Throws config_error.
  policy(config const &chosen, std::string_view realm);

  /// Null: plain HTTP.
  std::shared_ptr<tls_context const> const &tls() const noexcept { return tls_; }
  /// Field lines of every response, each with CRLF.
  std::string const &header_lines() const noexcept { return header_lines_; }
  /// The field line of a 401.
  std::string const &challenge() const noexcept { return challenge_; }

  bool asks_for_login() const noexcept { return !users_.empty(); }
  struct user {
    bool known;
    std::string_view hash;  ///< of somebody who is not known: one that takes as long to check
  };
  user find_user(std::string_view name) const noexcept;

  bool allow(rate_limiter::time_point now) const noexcept { return limiter_.allow(now); }

 private:
  std::shared_ptr<tls_context const> tls_;  // shared: with the connections that began with it
  std::string header_lines_;
  std::string challenge_;
  std::map<std::string, std::string, std::less<>> users_;
  std::string stand_in_;
  mutable rate_limiter limiter_;
};

}  // namespace loopmeter::web
