// SPDX-License-Identifier: Apache-2.0
// A strict reader of OpenMetrics text 1.0.0 with quoted names, written against its description and
// sharing no code with the encoder that it judges. Its one leniency: a histogram with buckets below
// 0 may have a sum.
// https://prometheus.io/docs/specs/om/open_metrics_spec/
#pragma once

#include "exposition_checker.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::test {

struct openmetrics_exposition {
  std::vector<std::string> findings;  ///< "line 3: le is not canonical: …"
  std::vector<checked_family> families;
  std::size_t exemplars = 0;

  std::optional<double> value(std::string_view name,
                              std::map<std::string, std::string> const &labels = {}) const;
  std::string findings_text() const;
};

openmetrics_exposition check_openmetrics(std::string_view bytes);

}  // namespace loopmeter::test
