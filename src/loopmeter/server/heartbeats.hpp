// SPDX-License-Identifier: Apache-2.0
// Whether each event loop still turns: what the liveness probe answers from.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <loopmeter/server/loop_clock.hpp>

namespace loopmeter::server {

/// Each loop beats once an interval. Age is counted in intervals in which *some* loop beat, not in
/// time: a process that was stopped or got no processor has aged by one, whoever looks first
/// afterwards. So one loop alone is never late; where there is only one, it is the prober's own
/// time limit that finds it stalled. Thread-safe; a beat costs a few nanoseconds.
class heartbeats {
 public:
  static constexpr std::chrono::milliseconds interval{250};

  explicit heartbeats(std::chrono::milliseconds stalled_after) noexcept
      : intervals_max_(static_cast<std::uint64_t>(stalled_after / interval)) {}
  heartbeats(heartbeats const &) = delete;
  heartbeats &operator=(heartbeats const &) = delete;

  /// Before any thread beats or asks.
  void expect(unsigned loops) { last_ = std::vector<std::atomic<std::uint64_t>>(loops); }

  void beat(unsigned loop, clock::time_point now) noexcept;
  /// This loop has ended, and is not waited for any more.
  void retire(unsigned loop) noexcept;

  /// The first loop that has not beaten for longer than it may.
  std::optional<unsigned> stalled() const noexcept;

 private:
  static constexpr std::uint64_t retired = UINT64_MAX;

  // relaxed, all of them: nothing else is published by a beat, and one that is seen late is seen
  // with the next one.
  std::uint64_t const intervals_max_;
  std::atomic<clock::rep> interval_began_{0};
  std::atomic<std::uint64_t> intervals_{0};
  std::vector<std::atomic<std::uint64_t>> last_;  // the interval of each loop's last beat
};

}  // namespace loopmeter::server
