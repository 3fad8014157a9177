// SPDX-License-Identifier: Apache-2.0
// The monitor that is missing.
#pragma once

#include "links.hpp"

namespace loopcheck {

/// One that would take the Service, or else the Pods, of a chain without a monitor, with labels by
/// which a Prometheus that is known selects it.
patch proposal(chain const &of, context const &known);

}  // namespace loopcheck
