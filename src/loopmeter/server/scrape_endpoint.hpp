// SPDX-License-Identifier: Apache-2.0
// `GET /metrics`: a registry as an endpoint, and `GET /-/scrapes`: who asked for it last.
#pragma once

#include <vector>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/scraper.hpp>

namespace loopmeter::server {

/// Serves the registry in the format that the scraper prefers, gzip where it takes it, and of some
/// families only where it says so (`?name[]=a&name[]=b`). Registers the families of
/// scrape_metrics. The registry must outlive the server. Throws metrics::registration_error.
std::vector<route> scrape_routes(metrics::registry &registry, scrape_options options = {});

}  // namespace loopmeter::server
