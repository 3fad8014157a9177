// SPDX-License-Identifier: Apache-2.0
// demo-cpp: flags, registry, table of routes, server. Read on in routes.cpp.
#include <boost/system/system_error.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include <loopmeter/base/log.hpp>
#include <loopmeter/server/server.hpp>

#include "metrics.hpp"
#include "options.hpp"
#include "pages.hpp"
#include "routes.hpp"

namespace {

namespace log = loopmeter::log;
namespace server = loopmeter::server;

constexpr int exit_cannot_serve = 1;
constexpr int exit_bad_usage = 2;

void serve(demo::options const &chosen) {
  log::set_level(chosen.log_level);
  loopmeter::metrics::registry registry;
  demo::metrics const metrics(registry);
  server::lifecycle life;
  server::options settings;
  settings.service = "demo";
  settings.listen = chosen.listen;
  settings.workers = chosen.workers;
  settings.shutdown_delay = chosen.shutdown_delay;
  settings.shutdown_timeout = chosen.shutdown_timeout;

  server::server service(settings, demo::routes(registry, life, chosen.telemetry_path), registry,
                         life);
  service.listen();
  for (auto const &address : service.addresses()) {
    log::info("listening", {{"address", address}, {"workers", chosen.workers}});
  }
  service.run();
  log::info("stopped");
}

}  // namespace

int main(int argc, char **argv) {
  try {
    auto const chosen = demo::parse_options({argv + 1, argv + argc});
    if (chosen.help || chosen.version) {
      auto const text = chosen.help ? demo::help_text() : demo::version_text();
      bool const written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
      return written ? 0 : exit_cannot_serve;
    }
    serve(chosen);
    return 0;
  } catch (demo::usage_error const &e) {
    std::fprintf(stderr, "demo-cpp: %s\n", e.what());
    return exit_bad_usage;
  } catch (std::exception const &e) {
    std::fprintf(stderr, "demo-cpp: %s\n", e.what());
    return exit_cannot_serve;
  }
}
