// SPDX-License-Identifier: Apache-2.0
// What a kubelet asks: is the process alive, and may it be sent requests?
#pragma once

#include <vector>

#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/route.hpp>

namespace loopmeter::server {

/// `/livez` and `/healthz`: 200 whenever a worker answers, also while draining. `/readyz`: 200 when
/// ready, else 503; with `?verbose` the phase as JSON. `life` must outlive the server.
std::vector<route> probe_routes(lifecycle const &life);

}  // namespace loopmeter::server
