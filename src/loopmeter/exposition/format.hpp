// SPDX-License-Identifier: Apache-2.0
// The forms in which an exposition goes out, and how the answer calls them.
// https://prometheus.io/docs/instrumenting/content_negotiation/
#pragma once

#include <string_view>

namespace loopmeter::exposition {

enum class protocol { text_0_0_4, text_1_0_0, openmetrics_0_0_1, openmetrics_1_0_0, protobuf };

/// How names are written that are not [a-zA-Z_:][a-zA-Z0-9_:]*.
/// https://prometheus.io/docs/instrumenting/escaping_schemes/
enum class escaping {
  allow_utf_8,  ///< as they are, in quotes
  underscores,  ///< _ for each character that does not fit
  dots,         ///< _dot_ for a dot, __ for any other and for _
  values,       ///< U__ first, _code point_ for each, __ for _
};

/// What a scraper and we agree on.
struct format {
  bool operator==(format const &) const = default;

  exposition::protocol protocol = exposition::protocol::text_0_0_4;
  exposition::escaping escaping = exposition::escaping::underscores;
};

constexpr bool is_openmetrics(protocol one) noexcept {
  return one == protocol::openmetrics_0_0_1 || one == protocol::openmetrics_1_0_0;
}

/// The escaping that is used: the versions before UTF-8 names do not have them.
constexpr escaping name_escaping(format agreed) noexcept {
  bool const is_old =
      agreed.protocol == protocol::text_0_0_4 || agreed.protocol == protocol::openmetrics_0_0_1;
  bool const is_utf8 = agreed.escaping == escaping::allow_utf_8;
  return is_old && is_utf8 ? escaping::underscores : agreed.escaping;
}

/// The Content-Type of the answer, in static storage. Where underscores are what a protocol means
/// without a word, it says no word. Never fails; any thread.
std::string_view content_type(format agreed) noexcept;

}  // namespace loopmeter::exposition
