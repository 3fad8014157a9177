// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/to_prometheus_cpp.hpp>

#include <loopmeter/collectors/prometheus_cpp.hpp>

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <variant>

namespace loopmeter::collectors {
namespace {

using metrics::metric_type;
using prometheus::ClientMetric;

prometheus::MetricType type_of(metric_type type) {
  switch (type) {
    case metric_type::counter:
      return prometheus::MetricType::Counter;
    case metric_type::gauge:
    case metric_type::info:
      return prometheus::MetricType::Gauge;
    case metric_type::histogram:
      return prometheus::MetricType::Histogram;
    case metric_type::summary:
      return prometheus::MetricType::Summary;
    case metric_type::untyped:
      break;
  }
  return prometheus::MetricType::Untyped;
}

template <class Label>
ClientMetric::Label convert_label(Label const &from) {
  ClientMetric::Label to;
  to.name = metrics::legacy_label_name(from.name);
  to.value = from.value;
  return to;
}

// Sets the member that belongs to the type.
void set_value(ClientMetric &to, metric_type type, double value) {
  switch (type) {
    case metric_type::counter:
      to.counter.value = value;
      break;
    case metric_type::gauge:
    case metric_type::info:
      to.gauge.value = value;
      break;
    default:
      to.untyped.value = value;
  }
}

double number(std::uint64_t bits, metrics::value_kind kind) {
  switch (kind) {
    case metrics::value_kind::u64:
      return static_cast<double>(bits);
    case metrics::value_kind::i64:
      return static_cast<double>(static_cast<std::int64_t>(bits));
    case metrics::value_kind::f64:
      break;
  }
  return std::bit_cast<double>(bits);
}

// From cumulated buckets with +Inf last, sum and count.
void set_histogram(ClientMetric &to, std::span<double const> bounds,
                   std::span<std::uint64_t const> values) {
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = values[i];
    bucket.upper_bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    to.histogram.bucket.push_back(bucket);
  }
  to.histogram.sample_sum = std::bit_cast<double>(values[bounds.size() + 1]);
  to.histogram.sample_count = values[bounds.size() + 2];
}

prometheus::MetricFamily convert(metrics::detail::family_layout const &from,
                                 std::span<std::uint64_t const> values) {
  auto const &definition = *from.definition;
  metric_type const type = definition.type();
  prometheus::MetricFamily to;
  to.name = metrics::legacy_metric_name(definition.name);
  to.help = definition.help;
  to.type = type_of(type);
  to.metric.reserve(from.series.size());
  std::size_t const values_per_series = definition.values_per_series();
  for (auto const &series : from.series) {
    ClientMetric &metric = to.metric.emplace_back();
    for (auto const &label : metrics::detail::labels_of(from, series))
      metric.label.push_back(convert_label(label));
    if (type == metric_type::histogram) {
      set_histogram(metric, definition.place.shape->finite_bounds(), values);
    } else {
      set_value(metric, type, number(values.front(), definition.kind_of_values()));
    }
    values = values.subspan(values_per_series);
  }
  return to;
}

void set_foreign(ClientMetric &to, metrics::foreign_histogram const &from) {
  for (metrics::foreign_bucket const &one : from.buckets) {
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = one.cumulative_count;
    bucket.upper_bound = one.upper_bound;
    to.histogram.bucket.push_back(bucket);
  }
  to.histogram.sample_sum = from.sum;
  to.histogram.sample_count = from.count;
}

void set_foreign(ClientMetric &to, metrics::foreign_summary const &from) {
  for (metrics::foreign_quantile const &one : from.quantiles) {
    ClientMetric::Quantile quantile;
    quantile.quantile = one.quantile;
    quantile.value = one.value;
    to.summary.quantile.push_back(quantile);
  }
  to.summary.sample_sum = from.sum;
  to.summary.sample_count = from.count;
}

prometheus::MetricFamily convert(metrics::foreign_family const &from) {
  prometheus::MetricFamily to;
  to.name = metrics::legacy_metric_name(from.name);
  to.help = from.help;
  to.type = type_of(from.type);
  to.metric.reserve(from.series.size());
  for (metrics::foreign_series const &series : from.series) {
    ClientMetric &metric = to.metric.emplace_back();
    for (metrics::label const &label : series.labels)
      metric.label.push_back(convert_label(label));
    metric.timestamp_ms = series.timestamp_ms;
    auto const set = [&](auto const &value) {
      if constexpr (requires { static_cast<double>(value); }) {
        set_value(metric, from.type, static_cast<double>(value));
      } else {
        set_foreign(metric, value);
      }
    };
    std::visit(set, series.value);
  }
  return to;
}

}  // namespace

std::vector<prometheus::MetricFamily> to_prometheus_cpp(metrics::snapshot const &snapshot) {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(snapshot.layout->families.size() + snapshot.foreign.size());
  std::span const values{snapshot.values};
  for (auto const &family : snapshot.layout->families)
    families.push_back(convert(family, values.subspan(family.first_value)));
  for (auto const &family : snapshot.foreign)
    families.push_back(convert(family));
  return families;
}

std::vector<prometheus::MetricFamily> collectable_registry::Collect() const {
  // Asked by ourselves: what we have is in that gather already.
  if (detail::bridged_registry() == &registry_) return {};
  return to_prometheus_cpp(metrics::gather(registry_));
}

}  // namespace loopmeter::collectors
