// SPDX-License-Identifier: Apache-2.0
// What a scraper's request asks for, from the fields of its head: form, compression, time, names.
#pragma once

#include <loopmeter/exposition/format.hpp>
#include <loopmeter/exposition/name_filter.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace loopmeter::exposition {

/// The longest time that a scraper may say it waits.
inline constexpr std::chrono::hours scrape_timeout_max{24};

/// The form that an Accept field (several: joined by commas) likes best, by RFC 9110, 12.5.1: each
/// form has the weight of the most specific range that it is in, q=0 refuses it. At equal weight
/// one that is named goes before one that only a wildcard takes, and then what comes first. What
/// cannot be read is passed over; where nothing is acceptable, text 0.0.4. Allocates nothing; one
/// pass over the field, about 0.6 us for Prometheus's. Any thread.
format negotiate(std::string_view accept) noexcept;

/// Whether the answer may be gzip, by an Accept-Encoding field: named or by *, with a weight above
/// 0 and not below that of a named identity.
bool accepts_gzip(std::string_view accept_encoding) noexcept;

/// How long the scraper waits (X-Prometheus-Scrape-Timeout-Seconds, decimal, at most
/// scrape_timeout_max); nothing for what is not a time above 0.
std::optional<std::chrono::milliseconds> scrape_timeout(std::string_view field) noexcept;

}  // namespace loopmeter::exposition
