// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/lifecycle.hpp>

namespace loopmeter::server {

namespace {

constexpr std::chrono::minutes regular_interval_max{3};  // a minute is a usual interval
constexpr int young_intervals = 3;

}  // namespace

void lifecycle::scraped(scrape_mark taken) noexcept {
  // Of two scrapes that end together the later mark stays.
  auto seen = seen_.load(std::memory_order_relaxed);
  while (seen < taken && !seen_.compare_exchange_weak(seen, taken, std::memory_order_relaxed)) {
  }
  auto const now = clock::now().time_since_epoch().count();
  last_but_one_scrape_.store(last_scrape_.exchange(now, std::memory_order_relaxed),
                             std::memory_order_relaxed);
  if (on_scraped_) on_scraped_();
}

bool lifecycle::scrape_expected(clock::time_point now, clock::duration wait) const noexcept {
  auto const since = [now](clock::duration span) {
    return (now - span).time_since_epoch().count();
  };
  bool const regular =
      last_but_one_scrape_.load(std::memory_order_relaxed) > since(regular_interval_max);
  bool const young = ready_since_.load(std::memory_order_relaxed) > since(young_intervals * wait);
  return regular || (young && any_counted_.load(std::memory_order_relaxed));
}

}  // namespace loopmeter::server
