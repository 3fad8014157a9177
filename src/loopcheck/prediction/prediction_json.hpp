// SPDX-License-Identifier: Apache-2.0
// A prediction as JSON: what `loopcheck predict -o json` prints.
#pragma once

#include <loopcheck/objects/value.hpp>

#include "targets.hpp"

namespace loopcheck {

/// pools (name, prometheus, config), rejected, not_selected (monitor, prometheus, why), unloadable
/// (pool, prometheus, why), invalid (prometheus, why), targets (pool, prometheus, labels,
/// discovered, url, interval, timeout), dropped and failed (pool, prometheus, discovered, why).
value predict_json(prediction const &of, inventory const &all);

}  // namespace loopcheck
