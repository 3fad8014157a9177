// SPDX-License-Identifier: Apache-2.0
// Prometheus' rules: groups of alerts and recording rules.
#include "query_origin.hpp"

namespace loopcheck {
namespace {

std::string name_of(value const &group, value const &rule) {
  std::string_view const kind = rule.has("record") ? "record" : "alert";
  return "group " + std::string(group["name"].text()) + ", " + std::string(kind) + " " +
         std::string(rule[kind].text());
}

}  // namespace

void add_rules(value const &groups, query_document const &in, query_sources &to) {
  std::size_t group_index = 0;
  for (value const &group : groups.items()) {
    std::size_t rule_index = 0;
    for (value const &rule : group["rules"].items()) {
      value const &expression = rule["expr"];
      std::string const field = in.prefix + "groups[" + std::to_string(group_index) + "].rules[" +
                                std::to_string(rule_index++) + "].expr";
      if (rule["record"].is_text()) {
        to.recorded.emplace(rule["record"].text());
      }
      place where = expression.where();
      where.line += where.line > 0 ? in.first_line : 0;
      // Without an expression: Prometheus says "field 'expr' must be set", the parser says as much.
      to.queries.push_back({.text = std::string(expression.text()),
                            .written = std::string(expression.text()),
                            .file = in.file,
                            .where = where,
                            .origin = name_of(group, rule),
                            .object = in.object,
                            .field = field,
                            .listed_label = {}});
    }
    ++group_index;
  }
}

}  // namespace loopcheck
