// SPDX-License-Identifier: Apache-2.0
// What the scrape path says of itself, in the exposition that it makes.
#pragma once

#include <cstdint>
#include <string_view>

#include <loopmeter/exposition/format.hpp>
#include <loopmeter/metrics/registry.hpp>

namespace loopmeter::server {

/// Why a scrape did not get its exposition whole; the label `cause`.
enum class scrape_error : std::uint8_t {
  deadline,     ///< our limit, or the time that the scraper waits
  limit,        ///< too many at once
  client_gone,  ///< the scraper closed its connection
  stalled,      ///< it did not read
  shutdown,     ///< cut by the end of the server
  internal,     ///< an exception of ours: no memory
};
std::string_view name_of(scrape_error cause) noexcept;

enum class scrape_encoding : std::uint8_t { identity, gzip };
std::string_view name_of(scrape_encoding encoding) noexcept;
/// "text_0.0.4", "openmetrics_1.0.0", "protobuf"; the label `protocol`.
std::string_view name_of(exposition::protocol protocol) noexcept;

/// Thread-safe.
struct scrape_metrics {
  /// Throws metrics::registration_error.
  explicit scrape_metrics(metrics::registry &registry);

  metrics::gauge duration;
  metrics::gauge bytes;
  metrics::gauge samples;
  metrics::level in_flight;
  metrics::counter_family<exposition::protocol, scrape_encoding> scrapes;
  metrics::counter_family<scrape_error> errors;
};

}  // namespace loopmeter::server
