// SPDX-License-Identifier: Apache-2.0
// A program that has an Asio of its own (asio.cpp), and uses it beside the server.
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "ticking.hpp"

namespace metrics = loopmeter::metrics;
namespace server = loopmeter::server;

int main(int argc, char **argv) {
  metrics::registry registry;
  auto const ticks =
      registry.add_counter({.name = "clock_ticks_total", .help = "Ticks so far."}).value();
  std::jthread const clock{tick, ticks};

  server::lifecycle life;
  auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
  server::server service({.service = "clock", .listen = {{"127.0.0.1", port}}},
                         server::scrape_routes(registry), registry, life);
  service.listen();
  std::cout << "listening on " << service.addresses().front() << std::endl;
  service.run();
}
