// SPDX-License-Identifier: Apache-2.0
// What a source gives is data, and data can be wrong: one bad series would make Prometheus refuse
// the whole scrape, so it is taken out here.
#include <loopmeter/metrics/foreign.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace loopmeter::metrics {
namespace {

bool are_valid_labels(std::vector<label> const &labels, metric_type type) {
  for (auto at = labels.begin(); at != labels.end(); ++at) {
    if (!is_label_name(at->name) || at->name.starts_with("__") || !is_utf8(at->value)) return false;
    if (type == metric_type::histogram && at->name == "le") return false;
    if (type == metric_type::summary && at->name == "quantile") return false;
    auto const same_name = [at](label const &other) { return other.name == at->name; };
    if (std::any_of(labels.begin(), at, same_name)) return false;
  }
  return true;
}

bool is_valid_histogram(foreign_histogram const &histogram) {
  foreign_bucket const *before = nullptr;
  for (foreign_bucket const &bucket : histogram.buckets) {
    if (std::isnan(bucket.upper_bound)) return false;
    if (before != nullptr && (bucket.upper_bound <= before->upper_bound ||
                              bucket.cumulative_count < before->cumulative_count)) {
      return false;
    }
    before = &bucket;
  }
  if (before == nullptr) return true;
  // A bucket of +Inf counts everything, any other at most that.
  bool const has_infinity = std::isinf(before->upper_bound) && before->upper_bound > 0;
  return has_infinity ? before->cumulative_count == histogram.count
                      : before->cumulative_count <= histogram.count;
}

bool is_valid_summary(foreign_summary const &summary) {
  auto const is_rank = [](foreign_quantile const &q) { return q.quantile >= 0 && q.quantile <= 1; };
  auto const not_rising = [](foreign_quantile const &a, foreign_quantile const &b) {
    return a.quantile >= b.quantile;
  };
  return std::ranges::all_of(summary.quantiles, is_rank) &&
         std::ranges::adjacent_find(summary.quantiles, not_rising) == summary.quantiles.end();
}

bool is_valid_value(foreign_series const &series, metric_type type) {
  if (auto const *histogram = std::get_if<foreign_histogram>(&series.value)) {
    return type == metric_type::histogram && is_valid_histogram(*histogram);
  }
  if (auto const *summary = std::get_if<foreign_summary>(&series.value)) {
    return type == metric_type::summary && is_valid_summary(*summary);
  }
  if (type == metric_type::histogram || type == metric_type::summary) return false;
  if (type != metric_type::counter) return true;
  if (auto const *number = std::get_if<double>(&series.value)) return *number >= 0;  // nor NaN
  if (auto const *number = std::get_if<std::int64_t>(&series.value)) return *number >= 0;
  return true;
}

// Equal for equal label sets only: NUL does not occur in names, and values carry their length.
std::string key_of(foreign_series const &series) {
  std::vector<label const *> labels;
  labels.reserve(series.labels.size());
  for (label const &one : series.labels)
    labels.push_back(&one);
  std::ranges::sort(labels, {}, [](label const *one) { return std::string_view{one->name}; });
  std::string key;
  for (label const *one : labels) {
    key.append(one->name).push_back('\0');
    key.append(std::to_string(one->value.size())).push_back('\0');
    key.append(one->value);
  }
  return key;
}

}  // namespace

std::string_view type_name(metric_type type) noexcept {
  switch (type) {
    case metric_type::counter:
      return "counter";
    case metric_type::gauge:
    case metric_type::info:
      return "gauge";
    case metric_type::histogram:
      return "histogram";
    case metric_type::summary:
      return "summary";
    case metric_type::untyped:
      break;
  }
  return "untyped";
}

std::size_t detail::remove_invalid(foreign_family &family) {
  if (!is_metric_name(family.name) || !is_utf8(family.help)) {
    family.series.clear();
    return 1;
  }
  std::unordered_set<std::string> seen;
  return std::erase_if(family.series, [&](foreign_series const &series) {
    return !are_valid_labels(series.labels, family.type) || !is_valid_value(series, family.type) ||
           !seen.insert(key_of(series)).second;
  });
}

}  // namespace loopmeter::metrics
