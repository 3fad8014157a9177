// SPDX-License-Identifier: Apache-2.0
// A program that counts with prometheus-cpp already, and gets its endpoint here.
#include <loopmeter/collectors/prometheus_cpp.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char **argv) {
  auto const theirs = std::make_shared<prometheus::Registry>();
  auto &letters = prometheus::BuildCounter()
                      .Name("post_letters_total")
                      .Help("Letters taken in.")
                      .Register(*theirs)
                      .Add({{"office", "\"Old\" Town"}});
  letters.Increment(42);

  loopmeter::metrics::registry registry;
  loopmeter::collectors::bridge(registry, theirs);

  namespace server = loopmeter::server;
  server::lifecycle life;
  auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
  server::server service({.service = "post", .listen = {{"127.0.0.1", port}}},
                         server::scrape_routes(registry), registry, life);
  service.listen();
  std::cout << "listening on " << service.addresses().front() << std::endl;
  service.run();
}
