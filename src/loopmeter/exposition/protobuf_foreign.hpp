// SPDX-License-Identifier: Apache-2.0
// Foreign families as messages, and the head of any family. Rendered at leisure: the fast path is
// protobuf_plan's.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace loopmeter::exposition::detail {

/// The fields of a MetricFamily but its metrics. An empty help or unit is left out.
std::string family_head(std::string_view name, std::string_view help, metrics::metric_type type,
                        std::string_view unit);

/// A LabelPair as a field of a Metric.
void append_label_pair(std::string &out, std::string_view name, std::string_view value);

/// A foreign series as a field of its MetricFamily.
void append_foreign_metric(std::string &out, metrics::metric_type type,
                           metrics::foreign_series const &series);

/// How many samples a foreign series has in a text.
std::size_t samples_of(metrics::foreign_series const &series);

}  // namespace loopmeter::exposition::detail
