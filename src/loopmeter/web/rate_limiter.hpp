// SPDX-License-Identifier: Apache-2.0
// The token bucket of `rate_limit`: a token each interval, at most `burst` of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <loopmeter/web/config.hpp>

namespace loopmeter::web {

/// Thread-safe: one for all workers. The bucket is kept as the time at which it will be full again
/// (the "virtual scheduling" form of ITU-T I.371's leaky bucket), so one word is all its state.
class rate_limiter {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit rate_limiter(rate_limit const &limit) noexcept
      : interval_(limit.interval.count()),
        // What would overflow is no limit that anybody could reach.
        depth_(static_cast<std::int64_t>(
            std::min(static_cast<double>(limit.interval.count()) * static_cast<double>(limit.burst),
                     depth_max))) {}

  /// Takes a token, if there is one.
  bool allow(time_point now) noexcept {
    if (interval_ == 0) return true;
    std::int64_t const at = now.time_since_epoch().count();
    // relaxed: the word is all there is to agree on.
    auto full = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      auto const next = std::max(full, at) + interval_;
      if (next - at > depth_) return false;
      if (full_at_.compare_exchange_weak(full, next, std::memory_order_relaxed)) return true;
    }
  }

 private:
  static constexpr double depth_max = 4e18;

  std::int64_t interval_;  // ns
  std::int64_t depth_;     // ns
  std::atomic<std::int64_t> full_at_{0};
};

}  // namespace loopmeter::web
