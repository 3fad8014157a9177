// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/heartbeats.hpp>

namespace loopmeter::server {

void heartbeats::beat(unsigned loop, clock::time_point now) noexcept {
  constexpr auto length = std::chrono::duration_cast<clock::duration>(interval).count();
  auto const moment = now.time_since_epoch().count();
  auto began = interval_began_.load(std::memory_order_relaxed);
  // Whoever finds the interval over begins the next one: one, however long the last one was.
  if (moment - began >= length &&
      interval_began_.compare_exchange_strong(began, moment, std::memory_order_relaxed)) {
    intervals_.fetch_add(1, std::memory_order_relaxed);
  }
  last_[loop].store(intervals_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void heartbeats::retire(unsigned loop) noexcept {
  last_[loop].store(retired, std::memory_order_relaxed);
}

std::optional<unsigned> heartbeats::stalled() const noexcept {
  auto const now = intervals_.load(std::memory_order_relaxed);
  for (unsigned loop = 0; loop < last_.size(); ++loop) {
    auto const last = last_[loop].load(std::memory_order_relaxed);
    if (last < now && now - last > intervals_max_) return loop;
  }
  return std::nullopt;
}

}  // namespace loopmeter::server
