// SPDX-License-Identifier: Apache-2.0
// Kubernetes label selectors (metav1.LabelSelector), as the API server evaluates them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

class selector {
 public:
  struct requirement {
    enum class op { in, not_in, exists, does_not_exist };
    std::string key;
    op how;
    std::vector<std::string> values;
    bool exact = false;  ///< written `key=value` or `key!=value`: In or NotIn of one value
    bool met_by(labels const &of) const;
  };

  /// Null selects nothing, `{}` everything: the operator's and the API's reading of a
  /// LabelSelector. Throws selector_error for an unknown operator, In without values, Exists with
  /// values, a bad label name or value.
  static selector from(value const &label_selector);
  /// A Service's spec.selector: a map; empty or null selects nothing here.
  static selector from_map(value const &map);
  /// "release=prometheus,tier!=db,env in (a,b),!canary" as kubectl -l takes it.
  static selector parse(std::string_view text);

  bool matches(labels const &of) const;
  bool selects_nothing() const noexcept { return nothing_; }
  bool selects_everything() const noexcept { return !nothing_ && requirements_.empty(); }
  std::vector<requirement> const &requirements() const noexcept { return requirements_; }
  /// As kubectl -l would take it: "release=prometheus,env in (a,b)".
  std::string text() const;
  /// Those that `of` does not meet; empty where all are met.
  std::vector<requirement> unmet(labels const &of) const;

 private:
  void add(requirement of);  ///< checks it
  void sort();               ///< by key, as the API machinery prints them

  std::vector<requirement> requirements_;
  bool nothing_ = false;
};

std::string text(selector::requirement const &of);

/// A selector that the API server or the operator would refuse.
class selector_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace loopcheck
