// SPDX-License-Identifier: Apache-2.0
// Reads the exemplars of a snapshot in step with its values.
#pragma once

#include <loopmeter/metrics/exemplar.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace loopmeter::exposition::detail {

class exemplar_reader {
 public:
  static constexpr std::size_t no_value = std::numeric_limits<std::size_t>::max();

  /// By rising value_index.
  explicit exemplar_reader(std::span<metrics::exemplar const> exemplars) noexcept
      : rest_{exemplars} {}

  /// The first value from `value_index` on that has one; those before it are passed over.
  std::size_t next_value(std::size_t value_index) noexcept {
    auto const behind =
        std::ranges::lower_bound(rest_, value_index, {}, &metrics::exemplar::value_index);
    rest_ = rest_.subspan(static_cast<std::size_t>(behind - rest_.begin()));
    return rest_.empty() ? no_value : rest_.front().value_index;
  }

  /// All of one value; values are asked for in rising order.
  std::span<metrics::exemplar const> all(std::size_t value_index) noexcept {
    if (next_value(value_index) != value_index) return {};
    auto const behind =
        std::ranges::upper_bound(rest_, value_index, {}, &metrics::exemplar::value_index);
    return rest_.first(static_cast<std::size_t>(behind - rest_.begin()));
  }

  /// The youngest of one value, or null.
  metrics::exemplar const *newest(std::size_t value_index) noexcept {
    auto const found = all(value_index);
    if (found.empty()) return nullptr;
    return &*std::ranges::max_element(found, {}, &metrics::exemplar::timestamp_ms);
  }

 private:
  std::span<metrics::exemplar const> rest_;
};

}  // namespace loopmeter::exposition::detail
