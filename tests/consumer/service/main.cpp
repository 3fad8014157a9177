// SPDX-License-Identifier: Apache-2.0
// A café as a service: two drinks, their count, and what every process should say of itself.
#include <loopmeter/collectors/standard.hpp>
#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

namespace http = loopmeter::http;
namespace metrics = loopmeter::metrics;
namespace server = loopmeter::server;

enum class drink { coffee, tea };

int main(int argc, char **argv) {
  metrics::registry registry;
  loopmeter::collectors::add_standard_collectors(registry);
  auto const served =
      registry
          .add_counter<drink>({.name = "cafe_drinks_total", .help = "Drinks served."},
                              metrics::label_domain{"drink", {"coffee", "tea"}})
          .value();
  served.expect_all();  // exposed as 0 before the first guest

  server::lifecycle life;
  auto routes = server::scrape_routes(registry);
  std::ranges::move(server::probe_routes(life), std::back_inserter(routes));
  routes.push_back({http::method::get, "/coffee", [served](server::exchange &) {
                      served.at(drink::coffee).inc();
                      return http::text("here you are\n");
                    }});
  routes.push_back({http::method::get, "/tea", [served](server::exchange &) {
                      served.at(drink::tea).inc();
                      return http::text("it is hot\n");
                    }});

  auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
  server::server service({.service = "cafe", .listen = {{"127.0.0.1", port}}}, std::move(routes),
                         registry, life);
  service.listen();
  std::cout << "listening on " << service.addresses().front() << std::endl;
  service.run();  // until SIGTERM, then drains
}
