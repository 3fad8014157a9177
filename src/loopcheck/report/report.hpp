// SPDX-License-Identifier: Apache-2.0
// A verdict in the forms that people and machines read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/findings/codes.hpp>
#include <loopcheck/links/links.hpp>
#include <loopcheck/objects/value.hpp>

namespace loopcheck {

struct report {
  verdict const &found;
  prediction const &predicted;
  std::vector<std::string> notes;  ///< what was assumed, and what could not be read
  bool live = false;
  bool has_exposition = false;                 ///< link 8 was rehearsed on one
  bool has_queries = false;                    ///< link 9 had some to check
  observation const *observed = nullptr;       ///< what the targets' health is taken from
  std::vector<chain> const *chains = nullptr;  ///< whose targets are told; null: all
};

/// Predicted targets that are told: of the chains, where they are given.
std::vector<target const *> told_targets(report const &of);
/// "up", "down", "unknown", "absent"; empty where nobody was asked, or for a dropped one.
std::string_view health_of(target const &one, report const &of);

struct text_style {
  bool colour = false;
};

/// For people: the nine links with their states, the findings, the first break. Octets that a
/// terminal would obey are escaped.
std::string to_text(report const &of, text_style const &style);

/// docs/loopcheck.schema.json describes it.
value to_json_report(report const &of);

/// SARIF 2.1.0, for code scanning.
value to_sarif(report const &of, std::string_view version);

/// JUnit's XML: a test case a link, its errors as failures.
std::string to_junit(report const &of);

/// What `loopcheck explain` prints of a code.
std::string explain(code_row const &of);
value to_value(code_row const &of);

/// Where the handbook explains a code.
std::string handbook_url(std::string_view code);

}  // namespace loopcheck
