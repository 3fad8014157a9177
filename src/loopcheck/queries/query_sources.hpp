// SPDX-License-Identifier: Apache-2.0
// Where PromQL expressions come from: rule files, PrometheusRule objects, dashboards, arguments.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

/// What stands for a variable of a dashboard, in names and in strings: it may be anything.
constexpr std::string_view any_text = "__any__";

struct query_source {
  std::string text;     ///< as Prometheus could be asked: variables are replaced
  std::string written;  ///< as it is in the source
  std::string file;     ///< empty: not from one
  place where;
  std::string origin;  ///< "group demo, alert X", "dashboard Y, panel Z", "argument 1"
  object_id object;    ///< PrometheusRule, ConfigMap …; empty: not from one
  std::string field;   ///< "spec.groups[0].rules[1].expr"
  /// A variable of a dashboard that lists values: `label_values(metric, label)`. Then the label
  /// must exist.
  std::string listed_label;
};

struct query_sources {
  std::vector<query_source> queries;
  std::set<std::string, std::less<>> recorded;  ///< names of recording rules
  /// What was left out, with why: "dashboard Y, panel Z: its data source is loki".
  std::vector<std::string> skipped;
};

/// A rule file, a dashboard (as exported or as the API answers), or a PrometheusRule, ConfigMap,
/// GrafanaDashboard or List of them. False where it is none of these.
bool add_queries(value const &document, std::string_view file, query_sources &to);

/// Of an object in the inventory. False where its kind has no queries, or a ConfigMap no dashboard.
bool add_queries(object const &of, query_sources &to);

/// As the user typed it.
void add_argument(std::string_view expression, std::size_t number, query_sources &to);

/// A file of expressions that is neither YAML with groups nor a dashboard: throws input_error.
void add_query_file(std::string_view bytes, std::string_view file, query_sources &to);

/// An expression of a dashboard without its variables: `$x`, `${x:regex}`, `[[x]]`, `$__interval` …
/// become what parses and stands for anything. Inside strings only those that `declared` has (and
/// Grafana's own) are variables, as in Grafana: `"$1"` is label_replace's.
std::string without_variables(std::string_view expression,
                              std::set<std::string, std::less<>> const &declared);

}  // namespace loopcheck
