// SPDX-License-Identifier: Apache-2.0
// A family of one series without labels: what most collectors are made of. Not for users.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <string>
#include <utility>

namespace loopmeter::collectors::detail {

template <class Number>
metrics::foreign_family single_value(std::string name, std::string help, metrics::metric_type type,
                                     Number value) {
  metrics::foreign_family family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  family.series.push_back({.labels = {}, .value = value});
  return family;
}

}  // namespace loopmeter::collectors::detail
