// SPDX-License-Identifier: Apache-2.0
// THE table: all that demo-cpp serves.
#pragma once

#include <vector>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/route.hpp>

#include "options.hpp"

namespace demo {

/// `registry` and `life` must outlive the server. Throws usage_error if another row has the
/// telemetry path.
std::vector<loopmeter::server::route> routes(loopmeter::metrics::registry &registry,
                                             loopmeter::server::lifecycle &life,
                                             options const &chosen);

}  // namespace demo
