// SPDX-License-Identifier: Apache-2.0
// Who scraped last, and how it went: what `/-/scrapes` shows. It separates a target that was not
// discovered (nobody asks) from one that fails (somebody asks, and does not get it).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/exposition/format.hpp>
#include <loopmeter/server/scrape_metrics.hpp>

namespace loopmeter::server {

/// One scrape, over or refused.
struct scrape_record {
  std::string address;  ///< without the port, which changes
  std::string agent;    ///< printable_agent()
  exposition::protocol protocol = exposition::protocol::text_0_0_4;
  scrape_encoding encoding = scrape_encoding::identity;
  std::size_t bytes = 0;
  std::size_t samples = 0;
  std::chrono::nanoseconds duration{};
  std::uint16_t status = 200;
  std::optional<scrape_error> error{};
  std::int64_t began_ms = 0;                                 ///< since 1970
  std::optional<std::chrono::milliseconds> timeout_asked{};  ///< how long the scraper said it waits
  std::optional<std::chrono::milliseconds> interval_seen{};  ///< since the one before; by the log
};

/// A User-Agent field as it may be shown: what is not printable ASCII as `?`, at most
/// agent_bytes_max. Quotes and markup are still in it.
inline constexpr std::size_t agent_bytes_max = 100;
std::string printable_agent(std::string_view field);

/// The last scrape of each peer. A peer is an address and an agent; an address that comes with many
/// agents displaces its own only. Thread-safe; a lock for a few hundred nanoseconds a scrape.
class scrape_log {
 public:
  static constexpr std::size_t agents_per_address_max = 4;

  explicit scrape_log(std::size_t peers_max) : peers_max_(peers_max) {}

  void add(scrape_record record);
  /// The newest first.
  std::vector<scrape_record> records() const;

 private:
  std::size_t const peers_max_;
  mutable std::mutex mutex_;          // guards what follows
  std::list<scrape_record> records_;  // the newest first
};

}  // namespace loopmeter::server
