// SPDX-License-Identifier: Apache-2.0
// What a PromQL expression asks for, without its evaluation: the series that it selects and the
// labels that it groups and matches by. It accepts what Prometheus accepts (promql/parser of 3.x),
// with types of operands and arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/value.hpp>

namespace loopcheck {

/// Bytes of the expression: [begin, end).
struct text_span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool holds(text_span const &other) const noexcept {
    return begin <= other.begin && other.end <= end;
  }
};

/// Line and column of a byte, both from 1; columns count bytes, as Prometheus' do.
place place_of(std::string_view text, std::size_t offset) noexcept;

struct label_matcher {
  enum class op { equal, not_equal, regex, not_regex };
  std::string label;
  op how = op::equal;
  std::string value;
};

/// `{pod=~"a.*"}` is written `pod=~"a.*"`.
std::string text(label_matcher const &of);

struct vector_selector {
  /// Where no data is an answer, too: inside absent() and absent_over_time(), either side of `or`,
  /// the right side of `unless`.
  enum class emptiness { surprising, absent, alternative, subtracted };

  std::string name;                     ///< empty where it is not given by equality
  std::vector<label_matcher> matchers;  ///< without the equality that gives the name
  double range = 0;   ///< in seconds; 0: an instant vector, or a range that is computed
  double offset = 0;  ///< in seconds
  text_span where;
  emptiness empty = emptiness::surprising;
  /// The second argument of info(): labels to look for, no series.
  bool is_info = false;
};

/// One label in by(), on() and the like.
struct label_use {
  enum class role { by, without, on, ignoring, include };
  role how;
  std::string label;
  text_span where;
  /// What the label would have to be in: the aggregated expression, both sides of an operator, or
  /// for group_left() and group_right() the side of "one".
  text_span operand;
};

/// A label that label_replace, label_join or count_values makes.
struct created_label {
  std::string label;
  text_span where;  ///< the call: what is around it has the label
};

struct promql_error {
  std::size_t offset = 0;
  std::string what;
};

struct promql_query {
  enum class type { none, scalar, vector, matrix, text };
  type result = type::none;
  std::vector<vector_selector> selectors;  ///< by place
  std::vector<label_use> uses;
  std::vector<created_label> created;
  /// Functions, aggregations and modifiers that a Prometheus has only with a feature flag.
  std::vector<std::string> experimental;
  std::optional<promql_error> error;  ///< the first; the rest is then what was read before it
};

struct promql_limits {
  std::size_t bytes_max = 1u << 20;
  int depth_max = 200;  ///< of parentheses, calls, signs, powers: each costs stack
};

/// Throws nothing but std::bad_alloc. Linear in the size of `text`.
promql_query parse_promql(std::string_view text, promql_limits const &limits = {});

}  // namespace loopcheck
