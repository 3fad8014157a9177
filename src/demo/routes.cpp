// SPDX-License-Identifier: Apache-2.0
#include "routes.hpp"

#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>

#include "hello.hpp"
#include "pages.hpp"
#include "streams.hpp"
#include "workbench.hpp"

namespace demo {

namespace server = loopmeter::server;

std::vector<server::route> routes(loopmeter::metrics::registry &registry, server::lifecycle &life,
                                  options const &chosen) {
  using server::plain_handler;
  using server::streaming_handler;
  using server::waiting_handler;
  auto const get = loopmeter::http::method::get;
  auto const post = loopmeter::http::method::post;

  std::vector<server::route> table{
      {get, "/", plain_handler(index)},
      {get, "/bytes/{n}", plain_handler(bytes)},
      {get, "/delay/{ms}", waiting_handler(delay)},
      {post, "/echo", streaming_handler(echo)},
      {get, "/hello", waiting_handler(hello)},
      {get, "/status/{code}", plain_handler(status)},
      {get, "/stream", streaming_handler(stream)},
      {get, "/version", plain_handler(version)},
  };
  for (auto &probe : server::probe_routes(life))
    table.push_back(std::move(probe));
  server::scrape_options scrapes;
  scrapes.path = chosen.telemetry_path;
  scrapes.concurrent_max = chosen.scrapes_max;
  scrapes.life = &life;
  for (auto const &row : table) {
    if (row.pattern != scrapes.path && scrapes.log_path != scrapes.path) continue;
    throw usage_error("--web.telemetry-path: bad value \"" + scrapes.path +
                      "\"; allowed is a path that is not served already");
  }
  for (auto &row : server::scrape_routes(registry, scrapes))
    table.push_back(std::move(row));
  return table;
}

}  // namespace demo
