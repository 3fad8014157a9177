// SPDX-License-Identifier: Apache-2.0
// What a check found. Nothing here knows how it is printed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

/// Of the chain, in the order in which a sample travels it backwards.
enum class link : int {
  workload = 1,
  service,
  monitor,
  prometheus,
  access,
  loaded,
  target,
  samples,
  answer,
};
std::string_view text(link of) noexcept;

/// Only an error breaks a link. Undecided: what would decide it is not known or not allowed.
enum class severity { error, warning, info, undecided };
std::string_view text(severity of) noexcept;

/// A change to paste: a strategic merge patch of one object, or a new object.
struct patch {
  object_id of;
  value content;
  bool creates = false;
};

struct finding {
  std::string code;  ///< of the table in codes.hpp
  loopcheck::severity severity = severity::error;
  object_id object;
  std::string field;  ///< "spec.endpoints[0].port"; empty: the object as a whole
  std::string file;
  place where;
  std::string found;
  std::string expected;
  std::string fix;              ///< in words, one line
  std::optional<patch> change;  ///< the same to paste
  std::string because_of;       ///< code of the earlier break that this one follows from

  loopcheck::link link() const noexcept;
};

/// Of this code, with its usual severity, at this field of `on`, with file and line where known.
finding make_finding(std::string_view code, object const &on, std::string field);

/// The place of "spec.endpoints[0].port" in a tree, or of as much of it as is there.
place place_of_field(value const &root, std::string_view field);

}  // namespace loopcheck
