// SPDX-License-Identifier: Apache-2.0
#include <demo/options.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <loopmeter/base/cpu.hpp>
#include <loopmeter/base/setting.hpp>
#include <loopmeter/server/limit_table.hpp>
#include <loopmeter/server/scraper.hpp>

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
  BOOST_TEST(chosen.web_config_file.empty());
  BOOST_TEST(chosen.workers == loopmeter::usable_cpus());
  BOOST_TEST((chosen.log_level == loopmeter::log::level::info));
  BOOST_TEST((chosen.shutdown_delay == 10s));
  BOOST_TEST((chosen.shutdown_last_scrape == 15s));
  BOOST_TEST((chosen.shutdown_timeout == 15s));
  BOOST_TEST(!chosen.admin_listen);
  BOOST_TEST(!chosen.reuse_port);
  BOOST_TEST((chosen.accept == loopmeter::server::accept_mode::per_worker));
  BOOST_TEST(chosen.scrapes_max == loopmeter::server::scrape_options{}.concurrent_max);
  BOOST_TEST(!chosen.help);
  BOOST_TEST(!chosen.version);
}

BOOST_AUTO_TEST_CASE(all_flags) {
  auto const chosen = parse_options(
      {"--web.listen-address=127.0.0.1:0", "--web.listen-address", ":9", "--web.telemetry-path=/m",
       "--server.workers=3", "--log.level", "debug", "--shutdown.delay=0s", "--shutdown.timeout",
       "250ms", "--web.reuse-port", "--server.accept=shared", "--shutdown.last-scrape=1m",
       "--web.admin-listen-address=[::1]:0", "--web.max-requests=9", "--web.config.file=w.yml"});
  BOOST_REQUIRE(chosen.listen.size() == 2U);
  BOOST_TEST(chosen.listen[0].text() == "127.0.0.1:0");
  BOOST_TEST(chosen.listen[1].text() == ":9");
  BOOST_TEST(chosen.telemetry_path == "/m");
  BOOST_TEST(chosen.web_config_file == "w.yml");
  BOOST_TEST(chosen.workers == 3U);
  BOOST_TEST((chosen.log_level == loopmeter::log::level::debug));
  BOOST_TEST((chosen.shutdown_delay == 0s));
  BOOST_TEST((chosen.shutdown_timeout == 250ms));
  BOOST_TEST((chosen.shutdown_last_scrape == 1min));
  BOOST_TEST(chosen.reuse_port);
  BOOST_TEST((chosen.accept == loopmeter::server::accept_mode::shared));
  BOOST_REQUIRE(chosen.admin_listen);
  BOOST_TEST(chosen.admin_listen->text() == "[::1]:0");
  BOOST_TEST(chosen.scrapes_max == 9U);
}

BOOST_AUTO_TEST_CASE(help_and_version_come_first) {
  BOOST_TEST(parse_options({"--help", "--server.workers=none"}).help);
  BOOST_TEST(parse_options({"-h"}).help);
  BOOST_TEST(parse_options({"--version"}).version);
  for (auto const *flag :
       {"--web.listen-address", "--web.telemetry-path", "--server.workers", "--log.level",
        "--shutdown.delay", "--shutdown.last-scrape", "--shutdown.timeout",
        "--web.admin-listen-address", "--web.max-requests", "--web.config.file"}) {
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
      {{"--server.workers=0"},
       "--server.workers: bad value \"0\"; allowed is auto or a number from 1 to 1024"},
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
      {{"--web.max-requests=0"}, "--web.max-requests"},
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

// Every number, by its row: the default, both edges and what lies behind them, and no other form.
template <class Of>
void check_number(loopmeter::setting<Of> const &number, auto of) {
  std::string const flag = "--" + std::string(number.flag);
  auto const parsed = [&](std::uint64_t value) {
    return number.get(of(parse_options({flag + '=' + quantity_text(number.what, value)})));
  };
  BOOST_TEST_CONTEXT(flag) {
    BOOST_TEST(parsed(number.what.min) == number.what.min);
    BOOST_TEST(parsed(number.what.max) == number.what.max);
    auto const says = flag + ": bad value \"";
    auto const check_refused = [&](std::string const &text) {
      auto const message = error_of({flag + '=' + text});
      BOOST_TEST(message.starts_with(says + text + "\"; allowed is "), message);
      BOOST_TEST(message.ends_with(allowed_text(number.what)), message);
    };
    auto const unbounded = loopmeter::quantity{number.what.unit, 0, UINT64_MAX};
    check_refused(quantity_text(unbounded, number.what.max + 1));
    if (number.what.min > 0) check_refused(quantity_text(unbounded, number.what.min - 1));
    for (auto const *text : {"x", "-1", "+1", " 1", "1.5", "0x10", "18446744073709551616"})
      check_refused(text);
    if (number.what.zero_word.empty()) {
      check_refused("auto");
    } else {
      auto const word = std::string(number.what.zero_word);
      BOOST_CHECK_NO_THROW(parse_options({flag + '=' + word}));
    }
    BOOST_TEST(error_of({flag}).find(number.flag.substr(2)) != std::string::npos);
    auto const help = demo::help_text();
    BOOST_TEST(help.find(flag + ' ') != std::string::npos);
    BOOST_TEST(help.find("(=" + quantity_text(number.what, number.get({})) + ')') !=
               std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(every_limit) {
  loopmeter::server::limits const defaults;
  auto const untouched = parse_options({}).limits;
  for (auto const &row : loopmeter::server::limit_table()) {
    BOOST_TEST(row.number.get(untouched) == row.number.get(defaults), row.number.flag);
    check_number(row.number, [](demo::options const &o) { return o.limits; });
  }
}

BOOST_AUTO_TEST_CASE(a_limit_reaches_its_own_field) {
  auto const limits = parse_options({"--limit.head-bytes=2KB", "--limit.body-rate=off",
                                     "--limit.idle-timeout=3s", "--web.max-connections=77"})
                          .limits;
  BOOST_TEST(limits.head.head_bytes_max == 2048U);
  BOOST_TEST(limits.body_bytes_per_second_min == 0U);
  BOOST_TEST((limits.idle_timeout == 3s));
  BOOST_TEST(limits.connections_max == 77U);
  BOOST_TEST((limits.head_timeout == 10s));
}

BOOST_AUTO_TEST_SUITE_END()
