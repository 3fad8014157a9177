// SPDX-License-Identifier: Apache-2.0
// Matchers against known series.
#pragma once

#include <vector>

#include <loopcheck/prediction/go_regex.hpp>

#include "known_series.hpp"
#include "promql.hpp"

namespace loopcheck {

/// A matcher with its regex compiled; variables in its value match anything.
class compiled_matcher {
 public:
  explicit compiled_matcher(label_matcher of);

  bool matches(std::string_view value) const;
  label_matcher const &written() const noexcept { return of_; }
  /// With a variable in it, and negative: what it leaves is not known.
  bool is_open() const noexcept { return open_; }

 private:
  label_matcher of_;
  go_regex regex_;
  bool by_regex_ = false;
  bool open_ = false;
};

/// Whether series of `metric` of one target can meet it; `target` may be nullptr: an exposition of
/// no known target.
bool can_match(compiled_matcher const &matcher, known_metric const &metric, labels const *target);

/// Series of this metric have the label, by exposition or of their target.
bool has_label(std::string_view label, known_source const &source, known_metric const &metric);

}  // namespace loopcheck
