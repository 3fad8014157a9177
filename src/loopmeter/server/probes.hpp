// SPDX-License-Identifier: Apache-2.0
// What a kubelet asks: is the process alive, and may it be sent requests?
#pragma once

#include <vector>

#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/route.hpp>

namespace loopmeter::server {

/// `/livez` and `/healthz`: 200, also while draining, or 503 with the number of a worker whose loop
/// has not turned for lifecycle's `stalled_after`. A worker that stalls answers nothing itself.
/// `/readyz`: 200 when ready, else 503; with `?verbose` the phase as JSON. `life` must outlive the
/// server.
std::vector<route> probe_routes(lifecycle const &life);

}  // namespace loopmeter::server
