// SPDX-License-Identifier: Apache-2.0
// demo-cpp: flags, registry, table of routes, server. Read on in routes.cpp.
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
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
  settings.accept = chosen.accept;
  settings.reuse_port = chosen.reuse_port;
  settings.admin_listen = chosen.admin_listen;
  settings.limits = chosen.limits;
  settings.web_config_file = chosen.web_config_file;
  settings.shutdown_delay = chosen.shutdown_delay;
  settings.shutdown_last_scrape = chosen.shutdown_last_scrape;
  settings.shutdown_timeout = chosen.shutdown_timeout;

  server::server service(settings, demo::routes(registry, life, chosen), registry, life);
  service.listen();
  for (auto const &address : service.addresses()) {
    log::info("listening", {{"address", address},
                            {"scheme", service.tls() ? "https" : "http"},
                            {"workers", chosen.workers},
                            {"connections_max", service.bounds().connections_max}});
  }
  service.run();
  log::info("stopped");
}

int print(std::string const &text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  throw std::system_error(errno, std::system_category(), "cannot write to standard output");
}

// One line, whatever was typed: a terminal must not obey what an argument contains.
int complain(char const *what, int exit_status) {
  std::fprintf(stderr, "demo-cpp: %s\n", log::printable(what).c_str());
  return exit_status;
}

}  // namespace

int main(int argc, char **argv) {
  try {
    auto const chosen = demo::parse_options({argv + 1, argv + argc});
    if (chosen.help) return print(demo::help_text());
    if (chosen.version) return print(demo::version_text());
    serve(chosen);
    return 0;
  } catch (demo::usage_error const &e) {
    return complain(e.what(), exit_bad_usage);
  } catch (std::exception const &e) {
    return complain(e.what(), exit_cannot_serve);
  }
}
