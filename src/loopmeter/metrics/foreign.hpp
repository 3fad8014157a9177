// SPDX-License-Identifier: Apache-2.0
// Families that are not kept in cells: values that somebody else has and gives when asked (process
// and allocator statistics, the registries of other libraries). They join at gather time.
#pragma once

#include <loopmeter/metrics/labels.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace loopmeter::metrics {

enum class metric_type { counter, gauge, histogram, summary, untyped, info };

/// The type as the text formats before OpenMetrics write it; an info is a gauge there.
std::string_view type_name(metric_type type) noexcept;

struct foreign_bucket {
  double upper_bound = 0;
  std::uint64_t cumulative_count = 0;
};
/// Buckets by rising bound; that of +Inf may be left out.
struct foreign_histogram {
  std::vector<foreign_bucket> buckets{};
  double sum = 0;
  std::uint64_t count = 0;
};
struct foreign_quantile {
  double quantile = 0;
  double value = 0;
};
struct foreign_summary {
  std::vector<foreign_quantile> quantiles{};
  double sum = 0;
  std::uint64_t count = 0;
};

struct foreign_series {
  std::vector<label> labels{};
  std::variant<double, std::uint64_t, std::int64_t, foreign_histogram, foreign_summary> value{};
  std::int64_t timestamp_ms = 0;  ///< since 1970; 0: none, the time of the scrape
};

struct foreign_family {
  std::string name{};
  std::string help{};
  metric_type type = metric_type::untyped;
  std::vector<foreign_series> series{};
};

/// Gives its families as they are now. Called on a collector thread of the registry, one call of it
/// at a time. It may throw and may block: that is counted, and the other families are exposed all
/// the same.
using source = std::function<std::vector<foreign_family>()>;

/// Why families or series of a source were left out, label `cause` of
/// loopmeter_collect_errors_total.
enum class collect_error { exception, duplicate, invalid, late };

namespace detail {
/// Takes out what an exposition must not contain: bad names, values that are not UTF-8, series that
/// occur twice, counters that are negative or NaN, buckets that fall. Returns how many of them.
std::size_t remove_invalid(foreign_family &family);
}  // namespace detail

}  // namespace loopmeter::metrics
