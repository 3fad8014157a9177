// SPDX-License-Identifier: Apache-2.0
// Keeps a line that a client can provoke from filling the log: one a second, with the number of
// those that were left out since.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include <loopmeter/server/loop_clock.hpp>

namespace loopmeter::server {

/// Thread-safe.
class log_gate {
 public:
  static constexpr std::chrono::seconds interval{1};

  /// If a line may be written now: how many were not, since the one before.
  std::optional<std::uint64_t> pass(clock::time_point now) noexcept {
    // relaxed, all of them: the exchange alone decides who writes, and the number is for the eye.
    auto due = next_.load(std::memory_order_relaxed);
    auto const since_start = now.time_since_epoch().count();
    constexpr auto wait = std::chrono::duration_cast<clock::duration>(interval).count();
    if (since_start < due ||
        !next_.compare_exchange_strong(due, since_start + wait, std::memory_order_relaxed)) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return left_out_.exchange(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<clock::rep> next_{clock::duration::min().count()};
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace loopmeter::server
