// SPDX-License-Identifier: Apache-2.0
// The pieces of a line of text, Prometheus's or OpenMetrics, appended to a string: for the plan,
// which renders them once, and for what is rendered at each scrape.
#pragma once

#include <loopmeter/exposition/family_names.hpp>
#include <loopmeter/exposition/format.hpp>
#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/foreign.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace loopmeter::exposition::detail {

/// What the text formats differ in.
struct text_dialect {
  bool openmetrics = false;
  escaping names = escaping::underscores;
  bool created_lines = false;  ///< of OpenMetrics
};

/// In a label value \ " and line feed are escaped.
void append_escaped_value(std::string &out, std::string_view value);

/// HELP unless it is empty, TYPE, and UNIT in OpenMetrics where the name ends in it.
void append_head(std::string &out, text_dialect const &dialect, family_name const &family,
                 std::string_view help, std::string_view unit);

/// The beginning of a line, up to its labels: `name{`, or `{"name"` of a name that must be quoted.
void open_series(std::string &out, std::string_view name);
/// `name="value"`, with a comma before it unless it is the first of its braces.
void append_label(std::string &out, std::string_view name, std::string_view value);
/// The same with a number: le, quantile.
void append_rank(std::string &out, text_dialect const &dialect, std::string_view name, double rank);
/// The end of the labels and the space before the value.
void close_series(std::string &out);

/// A number as write_number() writes it.
template <class Number>
void append_number(std::string &out, Number value);

/// Seconds with three decimals.
void append_seconds(std::string &out, std::int64_t milliseconds);

/// ` # {trace_id="…",span_id="…"} value seconds`.
void append_exemplar(std::string &out, metrics::exemplar const &exemplar);

/// All lines of a foreign series; returns how many.
std::size_t append_foreign_series(std::string &out, text_dialect const &dialect,
                                  family_name const &family, metrics::foreign_series const &series);

}  // namespace loopmeter::exposition::detail
