// SPDX-License-Identifier: Apache-2.0
// Rules of roles: which one allows a request, or how near it comes.
#pragma once

#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "rbac.hpp"

namespace loopcheck {

/// From far to near.
enum class nearness { none, resource, api_group, names, verb, allowed };

struct rule_match {
  nearness how = nearness::none;
  std::size_t index = 0;
  object_id role;  ///< that the rule stands in: with aggregation another one
  std::string why;
};

/// The nearest rule of a Role or ClusterRole, with those that it aggregates.
rule_match best_rule(inventory const &all, object const &role, access_request const &what);

}  // namespace loopcheck
