// SPDX-License-Identifier: Apache-2.0
// Patches that mend a monitor. They are JSON merge patches, as kubectl patches custom resources
// with: a list is replaced as a whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/findings/finding.hpp>

#include "chain.hpp"

namespace loopcheck {

/// {spec: {key: held}}
value at_spec(std::string key, value held);

/// The monitor's endpoints with this one instead.
patch endpoint_patch(chain const &of, std::size_t index, value changed);

/// With one field of it set; null removes it.
patch endpoint_field_patch(chain const &of, std::size_t index, std::string key, value held);

/// Without the relabelling rule at "spec.endpoints[0].relabelings[1]"; nothing where it is not one
/// of an endpoint.
std::optional<patch> without_rule(chain const &of, std::string_view field);

/// Labels that meet these requirements, as a patch: those that must not be there are null.
value labels_that_meet(std::vector<selector::requirement> const &unmet);

}  // namespace loopcheck
