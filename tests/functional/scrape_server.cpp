// SPDX-License-Identifier: Apache-2.0
// A server for the tests of scrapes: many series with values that are hard to write down, a source
// that answers only while it may, and two pages that do what a server should not, to show that the
// tests would notice.
//
// usage: scrape-server SERIES
//
//   /metrics, /-/scrapes   as in any service
//   /gate/shut, /gate/open what the source waits for; open at first
//   /whole                 the exposition as one body in memory
//   /grow/{name}           one more series for each name
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/base/log.hpp>
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

namespace {

namespace http = loopmeter::http;
namespace log = loopmeter::log;
namespace metrics = loopmeter::metrics;
namespace server = loopmeter::server;

// large_exposition_test.py has the same two lists.
constexpr std::array<std::string_view, 12> texts{"",
                                                 " ",
                                                 "\"",
                                                 "\\",
                                                 "\n",
                                                 "\\n",
                                                 "a=\"b\"} 1\nx 2\n",
                                                 "größe €",
                                                 "\x01",
                                                 "\r",
                                                 "# EOF\n",
                                                 "\xf0\x9f\x98\x80"};
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::array<double, 9> numbers{std::numeric_limits<double>::quiet_NaN(),
                                        infinity,
                                        -infinity,
                                        5e-324,
                                        1.7976931348623157e308,
                                        -0.0,
                                        0.1,
                                        1e21,
                                        -123456789.125};

// Series number i: a text of the list, and i.
std::string value_of(std::size_t i) {
  std::string made{texts[i % texts.size()]};
  return made += std::to_string(i);
}

void record(metrics::registry &registry, std::size_t series) {
  auto const counts = registry
                          .add_counter({.name = "large_total",
                                        .help = "Slash \\, \"quotes\",\nline; größe.",
                                        .exemplars = true,
                                        .series_limit = series},
                                       metrics::open_labels{"v"})
                          .value();
  metrics::trace_context const trace{.trace_id = {1}, .span_id = {2}, .sampled = true};
  for (std::size_t i = 0; i < series; ++i) {
    auto const one = counts.with(value_of(i));
    i % 1000 == 0 ? one.inc(i * 7919 + 1, trace) : one.inc(i * 7919 + 1);
  }
  auto const values =
      registry
          .add_gauge({.name = "large_values", .series_limit = series}, metrics::open_labels{"v"})
          .value();
  for (std::size_t i = 0; i < series / 10; ++i)
    values.with(value_of(i)).set(numbers[i % numbers.size()]);
  auto const seconds = registry
                           .add_histogram({.name = "large_seconds",
                                           .unit = "seconds",
                                           .bounds = {0.25, 1, 4},
                                           .native = metrics::native_options{},
                                           .series_limit = series},
                                          metrics::open_labels{"v"})
                           .value();
  for (std::size_t i = 0; i < series / 1000; ++i) {
    auto const one = seconds.with(value_of(i));
    for (std::size_t n = 0; n <= i % 8; ++n)
      one.observe(static_cast<double>(std::size_t{1} << n) / 8);
  }
}

/// What the source waits at.
class gate {
 public:
  void set(bool open) {
    {
      std::scoped_lock const lock(mutex_);
      open_ = open;
    }
    changed_.notify_all();
  }

  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
};

std::vector<metrics::foreign_family> behind(gate &of) {
  of.pass();
  metrics::foreign_family family;
  family.name = "behind_the_gate";
  family.type = metrics::metric_type::gauge;
  family.series.emplace_back().value = 1.0;
  return {family};
}

std::vector<server::route> pages(metrics::registry &registry, gate &at) {
  auto const grown = registry
                         .add_counter({.name = "grown_total",
                                       .series_limit = std::numeric_limits<std::size_t>::max()},
                                      metrics::open_labels{"name"})
                         .value();
  auto const get = http::method::get;
  return {
      {get, "/gate/shut",
       [&at](server::exchange &) {
         at.set(false);
         return http::text("shut\n");
       }},
      {get, "/gate/open",
       [&at](server::exchange &) {
         at.set(true);
         return http::text("open\n");
       }},
      {get, "/whole",
       [&registry](server::exchange &) {
         std::string body;
         loopmeter::exposition::encode_text(metrics::gather(registry), body);
         return http::text_owned(std::move(body));
       }},
      {get, "/grow/{name}",
       [grown](server::exchange &x) {
         grown.with(x.parameter(0)).inc();
         return http::text("grown\n");
       }},
  };
}

void serve(std::size_t series) {
  gate source;
  metrics::registry registry;
  record(registry, series);
  registry.add_source([&source] { return behind(source); });
  server::lifecycle life;
  auto routes = server::probe_routes(life);
  using namespace std::chrono_literals;
  // Long enough for any machine: the tests ask for less where they want less.
  for (auto &row : server::scrape_routes(registry, {.timeout = 120s, .collect_timeout = 60s}))
    routes.push_back(std::move(row));
  for (auto &row : pages(registry, source))
    routes.push_back(std::move(row));

  server::options settings;
  settings.service = "scrape_server";
  settings.listen = {{"127.0.0.1", 0}};
  settings.shutdown_delay = {};
  server::server service(settings, std::move(routes), registry, life);
  service.listen();
  log::info("listening", {{"address", service.addresses().front()}});
  service.run();
  source.set(true);  // or the registry would wait for it
}

}  // namespace

int main(int argc, char **argv) {
  constexpr std::size_t series_max = 1'000'000;
  std::string_view const text = argc == 2 ? argv[1] : "";
  std::size_t series = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), series);
  if (error != std::errc{} || end != text.data() + text.size() || series > series_max) {
    std::fputs("usage: scrape-server SERIES\n", stderr);
    return 2;
  }
  try {
    serve(series);
    return 0;
  } catch (std::exception const &e) {
    std::fprintf(stderr, "scrape-server: %s\n", e.what());
    return 1;
  }
}
