// SPDX-License-Identifier: Apache-2.0
#include <demo/options.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <loopmeter/base/cpu.hpp>

using demo::parse_options;
using demo::usage_error;
using namespace std::chrono_literals;

namespace {

std::string error_of(std::vector<std::string> const &arguments) {
  try {
    parse_options(arguments);
  } catch (usage_error const &e) {
    return e.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demo_options)

BOOST_AUTO_TEST_CASE(defaults) {
  auto const chosen = parse_options({});
  BOOST_REQUIRE(chosen.listen.size() == 1U);
  BOOST_TEST(chosen.listen[0].text() == ":8080");
  BOOST_TEST(chosen.telemetry_path == "/metrics");
  BOOST_TEST(chosen.workers == loopmeter::usable_cpus());
  BOOST_TEST((chosen.log_level == loopmeter::log::level::info));
  BOOST_TEST((chosen.shutdown_delay == 10s));
  BOOST_TEST((chosen.shutdown_last_scrape == 15s));
  BOOST_TEST((chosen.shutdown_timeout == 15s));
  BOOST_TEST(!chosen.admin_listen);
  BOOST_TEST(!chosen.reuse_port);
  BOOST_TEST((chosen.accept == loopmeter::server::accept_mode::per_worker));
  BOOST_TEST(!chosen.help);
  BOOST_TEST(!chosen.version);
}

BOOST_AUTO_TEST_CASE(all_flags) {
  auto const chosen = parse_options(
      {"--web.listen-address=127.0.0.1:0", "--web.listen-address", ":9", "--web.telemetry-path=/m",
       "--server.workers=3", "--log.level", "debug", "--shutdown.delay=0s", "--shutdown.timeout",
       "250ms", "--web.reuse-port", "--server.accept=shared", "--shutdown.last-scrape=1m",
       "--web.admin-listen-address=[::1]:0"});
  BOOST_REQUIRE(chosen.listen.size() == 2U);
  BOOST_TEST(chosen.listen[0].text() == "127.0.0.1:0");
  BOOST_TEST(chosen.listen[1].text() == ":9");
  BOOST_TEST(chosen.telemetry_path == "/m");
  BOOST_TEST(chosen.workers == 3U);
  BOOST_TEST((chosen.log_level == loopmeter::log::level::debug));
  BOOST_TEST((chosen.shutdown_delay == 0s));
  BOOST_TEST((chosen.shutdown_timeout == 250ms));
  BOOST_TEST((chosen.shutdown_last_scrape == 1min));
  BOOST_TEST(chosen.reuse_port);
  BOOST_TEST((chosen.accept == loopmeter::server::accept_mode::shared));
  BOOST_REQUIRE(chosen.admin_listen);
  BOOST_TEST(chosen.admin_listen->text() == "[::1]:0");
}

BOOST_AUTO_TEST_CASE(help_and_version_come_first) {
  BOOST_TEST(parse_options({"--help", "--server.workers=none"}).help);
  BOOST_TEST(parse_options({"-h"}).help);
  BOOST_TEST(parse_options({"--version"}).version);
  for (auto const *flag : {"--web.listen-address", "--web.telemetry-path", "--server.workers",
                           "--log.level", "--shutdown.delay", "--shutdown.last-scrape",
                           "--shutdown.timeout", "--web.admin-listen-address"}) {
    BOOST_TEST(demo::help_text().find(flag) != std::string::npos);
  }
}

// Each message names the flag and what is allowed.
BOOST_AUTO_TEST_CASE(bad_values) {
  struct row {
    std::vector<std::string> arguments;
    char const *says;
  };
  row const table[] = {
      {{"--server.workers=0"}, "--server.workers: bad value \"0\"; allowed is auto or 1 to 1024"},
      {{"--server.workers=1025"}, "--server.workers"},
      {{"--server.workers=2x"}, "--server.workers"},
      {{"--server.workers=-1"}, "--server.workers"},
      {{"--server.workers="}, "server.workers"},
      {{"--log.level=loud"},
       "--log.level: bad value \"loud\"; allowed is debug, info, warn or error"},
      {{"--web.listen-address=8080"}, "--web.listen-address: bad value \"8080\""},
      {{"--server.accept=both"},
       "--server.accept: bad value \"both\"; allowed is per-worker or shared"},
      {{"--web.reuse-port=yes"}, "web.reuse-port"},
      {{"--web.admin-listen-address=8081"}, "--web.admin-listen-address: bad value \"8081\""},
      {{"--web.telemetry-path=metrics"}, "--web.telemetry-path"},
      {{"--web.telemetry-path=/"}, "--web.telemetry-path"},
      {{"--web.telemetry-path=/a{b}"}, "--web.telemetry-path"},
      {{"--shutdown.delay=10"}, "--shutdown.delay"},
      {{"--shutdown.delay=-1s"}, "--shutdown.delay"},
      {{"--shutdown.timeout=61m"}, "--shutdown.timeout: bad value \"61m\"; allowed is a time like"},
      {{"--no.such=1"}, "no.such"},
      {{"--web.listen=:1"}, "web.listen"},
      {{"--log.level"}, "log.level"},
      {{"--log.level=info", "--log.level=warn"}, "log.level"},
      {{"stray"}, "unexpected argument"},
  };
  for (auto const &r : table) {
    BOOST_TEST_CONTEXT(r.arguments.front()) {
      auto const message = error_of(r.arguments);
      BOOST_TEST(message.find(r.says) != std::string::npos, message);
      BOOST_TEST(message.find('\n') == std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(durations) {
  struct row {
    char const *text;
    std::chrono::milliseconds value;
  };
  row const table[] = {{"0ms", 0ms},   {"250ms", 250ms}, {"10s", 10s},     {"2m", 2min},
                       {"60m", 60min}, {"3600s", 1h},    {"3600000ms", 1h}};
  for (auto const &r : table)
    BOOST_TEST((demo::parse_duration("f", r.text) == r.value), r.text);
  for (auto const *text : {"", "s", "1", "1.5s", "1 s", "1h", "1S", "+1s", "3601s", "3600001ms",
                           "9223372036854775807m", "99999999999999999999s"}) {
    BOOST_CHECK_THROW(demo::parse_duration("f", text), usage_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
