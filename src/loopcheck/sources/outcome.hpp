// SPDX-License-Identifier: Apache-2.0
// What was asked for, or why there is none: a cluster or Prometheus that says no is a result like
// any other, and the check goes on without it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <loopmeter/base/assert.hpp>

namespace loopcheck {

enum class access_error : std::uint8_t {
  tool_missing,       ///< no kubectl
  bad_configuration,  ///< kubeconfig, context, CA file: the user's to mend
  unreachable,        ///< nothing answers there, or not for us: TLS
  timed_out,
  interrupted,   ///< by SIGINT or SIGTERM
  unauthorized,  ///< no login, or not this one: 401
  forbidden,     ///< 403
  not_found,     ///< 404: for a resource, its CRD is absent
  expired,       ///< 410: the continue token is too old
  agent,         ///< a Prometheus in agent mode answers no queries
  too_large,     ///< beyond the bytes or nodes that are read
  refused,       ///< another status of 4xx, and why
  server_error,  ///< 5xx
  bad_answer,    ///< not JSON, or not what was asked for
};

/// The enumerator's name.
std::string_view text(access_error of) noexcept;

struct access_failure {
  access_error kind = access_error::bad_answer;
  std::string words;  ///< one line, without a dot at its end
  int status = 0;     ///< of HTTP; 0: none came, or kubectl does not tell
};

/// A T or an access_failure. Thread safety: as T's.
template <class T>
class [[nodiscard]] outcome {
 public:
  outcome(T got) : state_{std::move(got)} {}
  outcome(access_failure why) : state_{std::move(why)} {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  /// Only where there is one.
  T &operator*() noexcept { return got(*this); }
  T const &operator*() const noexcept { return got(*this); }
  T *operator->() noexcept { return &got(*this); }
  T const *operator->() const noexcept { return &got(*this); }

  /// Only where there is none.
  access_failure const &why() const noexcept {
    auto const *found = std::get_if<1>(&state_);
    LOOPMETER_ASSERT(found != nullptr);
    return *found;
  }

 private:
  template <class Self>
  static auto &got(Self &self) noexcept {
    auto *found = std::get_if<0>(&self.state_);
    LOOPMETER_ASSERT(found != nullptr);
    return *found;
  }

  std::variant<T, access_failure> state_;
};

}  // namespace loopcheck
