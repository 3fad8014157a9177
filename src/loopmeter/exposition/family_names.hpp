// SPDX-License-Identifier: Apache-2.0
// What a text calls its families. OpenMetrics has a grammar of names that ours do not always fit
// (a counter ends in _total, and is called without it); a series must have the same name in every
// protocol all the same, so it is the type that gives way.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::exposition::detail {

/// A family of an exposition: as it is, and then as it is called.
struct family_name {
  bool operator==(family_name const &) const = default;

  std::string name;  ///< of HELP, TYPE and UNIT
  metrics::metric_type type = metrics::metric_type::untyped;
  std::string_view suffix{};  ///< of the series of a counter or info, in static storage

  std::string series() const { return name + std::string{suffix}; }
};

/// How OpenMetrics calls the families of one exposition, in their order. A counter loses its
/// _total, an info its _info; one that has none, or would then have a name in common with another,
/// keeps its name and becomes unknown, or a gauge.
void name_for_openmetrics(std::vector<family_name> &families);

}  // namespace loopmeter::exposition::detail
