// SPDX-License-Identifier: Apache-2.0
// `GET /metrics`: a registry as an endpoint.
#pragma once

#include <string>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/route.hpp>

namespace loopmeter::server {

/// Serves the registry in text 0.0.4. The registry must outlive the server.
route scrape_route(metrics::registry const &registry, std::string path);

}  // namespace loopmeter::server
