// SPDX-License-Identifier: Apache-2.0
// Where a server is in its life: what the probes answer from, and what a drain waits for.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include <loopmeter/server/heartbeats.hpp>

namespace loopmeter::server {

enum class phase : std::uint8_t {
  starting,
  ready,
  draining,   ///< asked to stop: not ready, still accepting, answers say `Connection: close`
  finishing,  ///< listeners closed, requests under way may end
  stopped,
};

inline constexpr std::array<std::string_view, 5> phase_names{"starting", "ready", "draining",
                                                             "finishing", "stopped"};

/// Shared by the server, its workers, the probes and the scrapes. Thread-safe but for what says
/// otherwise.
class lifecycle {
 public:
  /// `stalled_after`: how long an event loop may be silent before `/livez` says so.
  explicit lifecycle(std::chrono::milliseconds stalled_after = std::chrono::seconds(10)) noexcept
      : hearts_(stalled_after) {}

  // relaxed: a worker may learn of a change a moment later; nothing else is published by it.
  server::phase phase() const noexcept { return phase_.load(std::memory_order_relaxed); }
  void enter(server::phase p) noexcept {
    // What was scraped before the drain began did not see the end.
    if (p == server::phase::draining) changes_.fetch_add(1, std::memory_order_relaxed);
    if (p == server::phase::ready)
      ready_since_.store(clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    phase_.store(p, std::memory_order_relaxed);
  }

  bool ready() const noexcept { return phase() == server::phase::ready; }
  bool draining() const noexcept { return phase() >= server::phase::draining; }

  heartbeats &hearts() noexcept { return hearts_; }
  heartbeats const &hearts() const noexcept { return hearts_; }

  // --- the last scrape: has somebody seen the final counts?
  // ---------------------------------------

  /// A request of the service was counted. Two loads; a shared write for the first one, and while
  /// draining.
  void counted() noexcept {
    if (draining()) changes_.fetch_add(1, std::memory_order_relaxed);
    if (!any_counted_.load(std::memory_order_relaxed))
      any_counted_.store(true, std::memory_order_relaxed);
  }
  /// To be taken before a gather begins, and given back when its exposition was sent whole.
  using scrape_mark = std::uint64_t;
  scrape_mark mark() const noexcept { return changes_.load(std::memory_order_relaxed); }
  void scraped(scrape_mark taken) noexcept;

  /// Whether a scrape that is over saw all that has been counted until now.
  bool counts_seen() const noexcept {
    return seen_.load(std::memory_order_relaxed) == changes_.load(std::memory_order_relaxed);
  }
  /// Whether somebody may come for the counts within `wait`, which is an interval of scrapes: who
  /// came twice within three minutes comes again. And who has been ready for less than three
  /// intervals cannot know yet, since to be found takes some time, and two scrapes take two; so
  /// where a request was counted, it is expected, too.
  bool scrape_expected(clock::time_point now, clock::duration wait) const noexcept;
  /// Called after each scrape, on the thread that served it. Set before any thread is started.
  void on_scraped(std::function<void()> told) { on_scraped_ = std::move(told); }

 private:
  std::atomic<server::phase> phase_{server::phase::starting};
  heartbeats hearts_;
  std::atomic<scrape_mark> changes_{1};
  std::atomic<scrape_mark> seen_{0};
  std::atomic<bool> any_counted_{false};
  std::atomic<clock::rep> ready_since_{clock::duration::min().count()};
  std::atomic<clock::rep> last_scrape_{clock::duration::min().count()};
  std::atomic<clock::rep> last_but_one_scrape_{clock::duration::min().count()};
  std::function<void()> on_scraped_;
};

constexpr std::string_view name_of(phase p) noexcept {
  return phase_names[static_cast<std::size_t>(p)];
}

}  // namespace loopmeter::server
