// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/lifecycle.hpp>

namespace loopmeter::server {

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

}  // namespace loopmeter::server
