// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/prometheus_cpp.hpp>

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

#include <utility>

namespace loopmeter::collectors {
namespace {

using metrics::foreign_family;
using metrics::foreign_series;
using metrics::metric_type;

// Templates, since prometheus-cpp 1.0 has no info: what is absent is looked up only when used.
template <class Type>
bool is_info(Type type) {
  if constexpr (requires { Type::Info; }) return type == Type::Info;
  return false;
}

metric_type type_of(prometheus::MetricType type) {
  if (is_info(type)) return metric_type::info;
  switch (type) {
    case prometheus::MetricType::Counter:
      return metric_type::counter;
    case prometheus::MetricType::Gauge:
      return metric_type::gauge;
    case prometheus::MetricType::Histogram:
      return metric_type::histogram;
    case prometheus::MetricType::Summary:
      return metric_type::summary;
    default:
      return metric_type::untyped;
  }
}

metrics::foreign_histogram convert(prometheus::ClientMetric::Histogram const &from) {
  metrics::foreign_histogram to{.buckets = {}, .sum = from.sample_sum, .count = from.sample_count};
  to.buckets.reserve(from.bucket.size());
  for (auto const &bucket : from.bucket) {
    to.buckets.push_back(
        {.upper_bound = bucket.upper_bound, .cumulative_count = bucket.cumulative_count});
  }
  return to;
}

metrics::foreign_summary convert(prometheus::ClientMetric::Summary const &from) {
  metrics::foreign_summary to{.quantiles = {}, .sum = from.sample_sum, .count = from.sample_count};
  to.quantiles.reserve(from.quantile.size());
  for (auto const &q : from.quantile) {
    to.quantiles.push_back({.quantile = q.quantile, .value = q.value});
  }
  return to;
}

constinit thread_local metrics::registry const *current_registry = nullptr;

// Says so, while it lives, that this thread collects for a registry.
class collecting_for {
 public:
  explicit collecting_for(metrics::registry const &registry) noexcept
      : before_{std::exchange(current_registry, &registry)} {}
  ~collecting_for() { current_registry = before_; }
  collecting_for(collecting_for const &) = delete;
  collecting_for &operator=(collecting_for const &) = delete;

 private:
  metrics::registry const *before_;
};

foreign_series convert(prometheus::ClientMetric const &from, metric_type type) {
  foreign_series to{.labels = {}, .value = 1.0, .timestamp_ms = from.timestamp_ms};
  to.labels.reserve(from.label.size());
  for (auto const &label : from.label) {
    to.labels.push_back({.name = label.name, .value = label.value});
  }
  switch (type) {
    case metric_type::counter:
      to.value = from.counter.value;
      break;
    case metric_type::gauge:
      to.value = from.gauge.value;
      break;
    case metric_type::histogram:
      to.value = convert(from.histogram);
      break;
    case metric_type::summary:
      to.value = convert(from.summary);
      break;
    case metric_type::untyped:
      to.value = from.untyped.value;
      break;
    case metric_type::info:
      break;  // constant 1
  }
  return to;
}

}  // namespace

std::vector<foreign_family> from_prometheus_cpp(
    std::vector<prometheus::MetricFamily> const &families) {
  std::vector<foreign_family> converted;
  converted.reserve(families.size());
  for (prometheus::MetricFamily const &from : families) {
    metric_type const type = type_of(from.type);
    foreign_family to{.name = from.name, .help = from.help, .type = type, .series = {}};
    if (type == metric_type::info) to.name += "_info";
    to.series.reserve(from.metric.size());
    for (prometheus::ClientMetric const &metric : from.metric) {
      to.series.push_back(convert(metric, type));
    }
    converted.push_back(std::move(to));
  }
  return converted;
}

metrics::registry::source_id bridge(metrics::registry &registry,
                                    std::weak_ptr<prometheus::Collectable> collectable) {
  return registry.add_source([&registry, weak = std::move(collectable)] {
    auto const alive = weak.lock();
    if (alive == nullptr) return std::vector<foreign_family>{};
    collecting_for const guard{registry};
    return from_prometheus_cpp(alive->Collect());
  });
}

metrics::registry const *detail::bridged_registry() noexcept {
  return current_registry;
}

}  // namespace loopmeter::collectors
