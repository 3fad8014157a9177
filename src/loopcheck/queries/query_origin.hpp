// SPDX-License-Identifier: Apache-2.0
// What the readers of rules and dashboards have in common.
#pragma once

#include "query_sources.hpp"

namespace loopcheck {

/// The document that a query was found in.
struct query_document {
  std::string file;
  object_id object;
  int first_line = 0;  ///< of a document inside another one: added to its lines
  std::string prefix;  ///< of field paths: "spec."
};

void add_rules(value const &groups, query_document const &in, query_sources &to);
bool is_dashboard(value const &root) noexcept;
void add_dashboard(value const &root, query_document const &in, query_sources &to);

}  // namespace loopcheck
