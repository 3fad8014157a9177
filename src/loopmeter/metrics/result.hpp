// SPDX-License-Identifier: Apache-2.0
// What a registration gives back: the handle, or why there is none. Registering is start-up work,
// so the message may cost an allocation; nothing on the write side ever returns one of these.
#pragma once

#include <loopmeter/base/assert.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace loopmeter::metrics {

/// Why a family was not registered.
enum class registration_errc {
  bad_metric_name,  ///< not [a-zA-Z_:][a-zA-Z0-9_:]*
  bad_label_name,   ///< not [a-zA-Z_][a-zA-Z0-9_]*
  reserved_label,   ///< a label of the scraped target (job, pod, …), "__…", or the type's own
  duplicate_label,  ///< two labels of one family share a name
  duplicate_value,  ///< two values of one domain are equal: their series would be too
  empty_domain,     ///< a label without values has no series
  invalid_utf8,     ///< a label value or a help text
  bad_bounds,       ///< not strictly increasing, not finite, or more than the limit
  bad_native,       ///< a schema, limit or threshold out of range
  bad_unit,         ///< not the last word of the name
  shape_conflict,   ///< the name is taken by a family of another shape
  name_clash,       ///< a series of this name belongs to another family (x_count and x)
  cell_space_exhausted,   ///< see set_shard_bytes
  cell_space_unavailable  ///< the kernel gave no address space for the shared shard
};

/// The enumerator's name, for messages and tests.
char const *name_of(registration_errc code) noexcept;

/// A refused registration: the cause, and a sentence that names family, label and value.
struct registration_failure {
  registration_errc code;
  std::string message;
};

/// Thrown by result::value(): for a program for which it is pointless to start without the metric.
class registration_error : public std::runtime_error {
 public:
  explicit registration_error(registration_failure const &failure)
      : std::runtime_error(failure.message), code_{failure.code} {}

  registration_errc code() const noexcept { return code_; }

 private:
  registration_errc code_;
};

/// A T or a registration_failure. Thread safety: as T's.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_{std::move(value)} {}
  result(registration_failure failure) : state_{std::move(failure)} {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value; throws registration_error when there is none.
  T value() const {
    if (auto const *failure = std::get_if<1>(&state_)) throw registration_error{*failure};
    return std::get<0>(state_);
  }

  /// The cause; only when there is no value.
  registration_errc error() const noexcept { return failure().code; }
  std::string const &message() const noexcept { return failure().message; }

  registration_failure const &failure() const noexcept {
    auto const *failure = std::get_if<1>(&state_);
    LOOPMETER_ASSERT(failure != nullptr);
    return *failure;
  }

 private:
  std::variant<T, registration_failure> state_;
};

}  // namespace loopmeter::metrics
