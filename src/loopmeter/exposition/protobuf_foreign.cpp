// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/protobuf_foreign.hpp>

#include <loopmeter/exposition/protobuf_message.hpp>

#include <cmath>
#include <cstdint>
#include <variant>

#include <protozero/pbf_writer.hpp>

namespace loopmeter::exposition::detail {
namespace {

using metrics::metric_type;
using protozero::pbf_writer;

std::int32_t number_of(metric_type type) {
  switch (type) {
    case metric_type::counter:
      return 0;
    case metric_type::gauge:
    case metric_type::info:
      return 1;
    case metric_type::summary:
      return 2;
    case metric_type::untyped:
      return 3;
    case metric_type::histogram:
      break;
  }
  return 4;
}

// Writes the value of one series into its Metric.
struct value_writer {
  template <class Number>
  void operator()(Number value) {
    pbf_writer message{metric, type == metric_type::counter   ? field::counter
                               : type == metric_type::untyped ? field::untyped
                                                              : field::gauge};
    message.add_double(1, static_cast<double>(value));
  }

  void operator()(metrics::foreign_histogram const &histogram) {
    pbf_writer message{metric, field::histogram};
    message.add_uint64(1, histogram.count);
    message.add_double(2, histogram.sum);
    for (metrics::foreign_bucket const &one : histogram.buckets) {
      pbf_writer bucket{message, 3};
      bucket.add_uint64(1, one.cumulative_count);
      bucket.add_double(2, one.upper_bound);
    }
  }

  void operator()(metrics::foreign_summary const &summary) {
    pbf_writer message{metric, field::summary};
    message.add_uint64(1, summary.count);
    message.add_double(2, summary.sum);
    for (metrics::foreign_quantile const &one : summary.quantiles) {
      pbf_writer quantile{message, 3};
      quantile.add_double(1, one.quantile);
      quantile.add_double(2, one.value);
    }
  }

  pbf_writer &metric;
  metric_type type;
};

}  // namespace

std::string family_head(std::string_view name, std::string_view help, metric_type type,
                        std::string_view unit) {
  std::string head;
  pbf_writer family{head};
  family.add_string(field::name, name.data(), name.size());
  if (!help.empty()) family.add_string(field::help, help.data(), help.size());
  family.add_enum(field::type, number_of(type));
  if (!unit.empty()) family.add_string(field::unit, unit.data(), unit.size());
  return head;
}

void append_label_pair(std::string &out, std::string_view name, std::string_view value) {
  pbf_writer metric{out};
  pbf_writer pair{metric, field::label};
  pair.add_string(1, name.data(), name.size());
  pair.add_string(2, value.data(), value.size());
}

void append_foreign_metric(std::string &out, metric_type type,
                           metrics::foreign_series const &series) {
  pbf_writer family{out};
  pbf_writer metric{family, field::metric};
  for (metrics::label const &one : series.labels) {
    pbf_writer pair{metric, field::label};
    pair.add_string(1, one.name);
    pair.add_string(2, one.value);
  }
  std::visit(value_writer{metric, type}, series.value);
  if (series.timestamp_ms > 0) metric.add_int64(field::timestamp, series.timestamp_ms);
}

std::size_t samples_of(metrics::foreign_series const &series) {
  if (auto const *histogram = std::get_if<metrics::foreign_histogram>(&series.value)) {
    auto const &buckets = histogram->buckets;
    bool const has_infinity = !buckets.empty() && std::isinf(buckets.back().upper_bound) &&
                              buckets.back().upper_bound > 0;
    return buckets.size() + (has_infinity ? 2 : 3);
  }
  if (auto const *summary = std::get_if<metrics::foreign_summary>(&series.value)) {
    return summary->quantiles.size() + 2;
  }
  return 1;
}

}  // namespace loopmeter::exposition::detail
