// SPDX-License-Identifier: Apache-2.0
// What a family says of itself is checked once, when it is registered, so that recording and
// encoding need not. Not for users.
#pragma once

#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/metrics/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::metrics::detail {

/// Why the family is refused, by the first rule that it breaks; nothing if it is sound. `open`: its
/// labels have no values yet.
std::optional<registration_failure> check(histogram_options const &options, instrument_kind kind,
                                          std::vector<label_domain> const &labels, bool open);

/// "family 'x': what", as all messages of a registration begin.
std::string in_family(std::string_view family, std::string_view what);

}  // namespace loopmeter::metrics::detail
