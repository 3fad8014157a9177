// SPDX-License-Identifier: Apache-2.0
// What a collector gave, by name, for the tests of this room.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace loopmeter::collectors {

/// The value of each family that has one series without labels.
inline std::map<std::string, double> values_of(
    std::vector<metrics::foreign_family> const &families) {
  std::map<std::string, double> values;
  for (auto const &family : families) {
    if (family.series.size() != 1 || !family.series[0].labels.empty()) continue;
    std::visit(
        [&](auto const &value) {
          if constexpr (requires { static_cast<double>(value); }) {
            values.emplace(family.name, static_cast<double>(value));
          }
        },
        family.series[0].value);
  }
  return values;
}

}  // namespace loopmeter::collectors
