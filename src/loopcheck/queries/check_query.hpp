// SPDX-License-Identifier: Apache-2.0
// Whether an expression can have an answer, by what is known of the series that can be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "known_series.hpp"
#include "promql.hpp"

namespace loopcheck {

struct query_problem {
  enum class kind {
    syntax,            ///< Prometheus would refuse it
    unknown_metric,    ///< nothing exposes or records it
    unknown_label,     ///< no series of the metric has the label, and the matcher wants a value
    impossible_value,  ///< a target's label that never has such a value
    unseen_value,      ///< an exposed label that has no such value yet; it may come with an event
    impossible_together,  ///< each matcher has its series, but none is of all of them
    unknown_grouping,     ///< by(), on(), group_left() of a label that no series there has
  };
  kind what;
  text_span where;     ///< of the selector, or of the label in by() …
  std::string metric;  ///< empty where it is not about one
  std::string label;
  std::string found;    ///< as written: the metric, `job="x"`, the label; for syntax what is wrong
  std::string nearest;  ///< what was probably meant; empty: nothing is near
  /// Up to five values that the label has, or labels that the series have.
  std::vector<std::string> possible;
  /// No data is an answer there, too (absent(), `or`): worth a word, not an error.
  bool empty_is_meant = false;
};

/// By the place in the text. `text` may have any_text where a variable stood; `listed_label` is a
/// query_source's.
std::vector<query_problem> check_query(std::string_view text, known_series const &known,
                                       std::string_view listed_label = {});
std::vector<query_problem> check_query(promql_query const &query, known_series const &known,
                                       std::string_view listed_label = {});

/// One line: `no series of http_requests_total has the label "cod"; did you mean "code"?`
std::string text(query_problem const &of);

}  // namespace loopcheck
