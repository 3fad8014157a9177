// SPDX-License-Identifier: Apache-2.0
// A server with as many series as it is told to have, and one small page: what the benchmarks
// scrape.
//
// usage: series-server PORT SERIES
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/base/log.hpp>
#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

namespace {

namespace metrics = loopmeter::metrics;
namespace server = loopmeter::server;

struct tenant {
  std::size_t index;
};
constexpr std::size_t label_index(tenant value) {
  return value.index;
}

// "tenant-0000042", as the peers write it.
std::vector<std::string> tenants(std::size_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto const digits = std::to_string(i);
    std::string name = "tenant-";
    name.append(7 - digits.size(), '0');
    name += digits;
    names.push_back(std::move(name));
  }
  return names;
}

void record(metrics::registry &registry, std::size_t series) {
  auto const events =
      registry
          .add_counter<tenant>({.name = "bench_events_total", .help = "Events by tenant."},
                               metrics::label_domain{"tenant", tenants(series)})
          .value();
  for (std::size_t i = 0; i < series; ++i)
    events.at({i}).inc(i * 7919 + 1);
}

void serve(std::uint16_t port, std::size_t series) {
  loopmeter::log::set_level(loopmeter::log::level::error);
  metrics::registry registry;
  record(registry, series);
  server::lifecycle life;
  auto routes = server::probe_routes(life);
  for (auto &row : server::scrape_routes(registry))
    routes.push_back(std::move(row));
  routes.push_back({loopmeter::http::method::get, "/status/200",
                    [](server::exchange &) { return loopmeter::http::text("200 OK\n"); }});
  server::options settings;
  settings.service = "bench";
  settings.listen = {{"127.0.0.1", port}};
  settings.shutdown_delay = {};
  server::server service(settings, std::move(routes), registry, life);
  service.listen();
  service.run();
}

template <class Number>
bool read(std::string_view text, Number &into) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char **argv) {
  constexpr std::size_t series_max = 10'000'000;  // seven digits
  std::uint16_t port = 0;
  std::size_t series = 0;
  if (argc != 3 || !read(argv[1], port) || !read(argv[2], series) || series == 0 ||
      series > series_max) {
    std::fputs("usage: series-server PORT SERIES\n", stderr);
    return 2;
  }
  try {
    serve(port, series);
    return 0;
  } catch (std::exception const &error) {
    std::fprintf(stderr, "series-server: %s\n", error.what());
    return 1;
  }
}
