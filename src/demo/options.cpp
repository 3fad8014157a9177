// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <boost/program_options.hpp>

#include <array>
#include <sstream>

#include <loopmeter/base/cpu.hpp>
#include <loopmeter/base/setting.hpp>
#include <loopmeter/server/limit_table.hpp>

namespace demo {

namespace {

namespace po = boost::program_options;
namespace log = loopmeter::log;
using loopmeter::make_setting;
using loopmeter::setting;
using loopmeter::unit;

constexpr char const *stray = " stray argument";  // the blank keeps it from being typed as a flag

// The numbers of demo-cpp itself; those of its server are the rows of limit_table().
constexpr std::array numbers{
    make_setting<options>("server.workers",
                          {.unit = unit::count, .min = 1, .max = 1024, .zero_word = "auto"},
                          "Threads that serve; auto: one per usable CPU, quotas counted",
                          [](auto &o) -> auto & { return o.workers; }),
    make_setting<options>("shutdown.delay",
                          {.unit = unit::milliseconds, .min = 0, .max = 3'600'000},
                          "After SIGTERM: how long to go on accepting while not ready",
                          [](auto &o) -> auto & { return o.shutdown_delay; }),
    make_setting<options>("shutdown.last-scrape",
                          {.unit = unit::milliseconds, .min = 0, .max = 3'600'000},
                          "Then: how long to wait until a scrape has seen the final counts, if "
                          "somebody scrapes",
                          [](auto &o) -> auto & { return o.shutdown_last_scrape; }),
    make_setting<options>("shutdown.timeout",
                          {.unit = unit::milliseconds, .min = 0, .max = 3'600'000},
                          "Then: how long requests under way may take before they are cut",
                          [](auto &o) -> auto & { return o.shutdown_timeout; }),
    make_setting<options>("web.max-requests", {.unit = unit::count, .min = 1, .max = 1000},
                          "Scrapes at once; 503 beyond",
                          [](auto &o) -> auto & { return o.scrapes_max; }),
};

char const *metavar_of(unit u) noexcept {
  return u == unit::bytes ? "SIZE" : u == unit::milliseconds ? "TIME" : "N";
}

po::typed_value<std::string> *text(char const *metavar, std::string value) {
  return po::value<std::string>()->value_name(metavar)->default_value(std::move(value));
}

template <class Of>
void add_number(po::options_description &to, setting<Of> const &number, Of const &defaults) {
  to.add_options()(
      std::string(number.flag).c_str(),
      text(metavar_of(number.what.unit), quantity_text(number.what, number.get(defaults))),
      (std::string(number.help) + '.').c_str());
}

// Every value is a string here and judged below: so that each message says what is allowed.
po::options_description description() {
  po::options_description flags("Flags");
  flags.add_options()                   //
      ("help,h", "Show this help.")     //
      ("version", "Show the version.")  //
      ("web.listen-address",
       po::value<std::vector<std::string>>()->value_name("ADDRESS")->default_value({":8080"},
                                                                                   ":8080"),
       "Address to serve on, HOST:PORT or :PORT; may be given several times.")  //
      ("web.admin-listen-address", text("ADDRESS", ""),
       "Address of its own, with a thread of its own, for metrics and probes; the others then "
       "serve the rest.")                                                       //
      ("web.telemetry-path", text("PATH", "/metrics"), "Path of the metrics.")  //
      ("web.config.file", text("FILE", ""),
       "TLS, basic authentication, headers and rate limit, in the format of Prometheus' "
       "exporters.")  //
      ("web.reuse-port", po::bool_switch(),
       "Let another process that says so too listen on the same addresses.")  //
      ("server.accept", text("MODE", "per-worker"),
       "per-worker: each listens, the kernel deals; shared: one accepts and deals in turn.")  //
      ("log.level", text("LEVEL", "info"), "debug, info, warn or error.");
  options const defaults;
  for (auto const &number : numbers)
    add_number(flags, number, defaults);
  po::options_description limits("Limits (docs/limits.md)");
  for (auto const &row : loopmeter::server::limit_table())
    add_number(limits, row.number, defaults.limits);
  flags.add(limits);
  return flags;
}

[[noreturn]] void refuse(std::string const &flag, std::string const &value,
                         std::string const &allowed) {
  throw usage_error("--" + flag + ": bad value \"" + value + "\"; allowed is " + allowed);
}

po::variables_map parse(std::vector<std::string> const &arguments) {
  namespace style = po::command_line_style;
  // No guessing: a flag that is added later must not change what a shortened one means.
  constexpr int strict = style::unix_style & ~style::allow_guessing & ~style::allow_sticky;
  po::variables_map values;
  try {
    auto flags = description();
    // Words that are no flags are let in under a name that help does not show, to be refused by it.
    flags.add_options()(stray, po::value<std::vector<std::string>>());
    po::store(po::command_line_parser(arguments)
                  .options(flags)
                  .positional(po::positional_options_description().add(stray, -1))
                  .style(strict)
                  .run(),
              values);
    po::notify(values);
  } catch (po::error const &e) {
    throw usage_error(std::string(e.what()) + " (see --help)");
  }
  if (values.count(stray) > 0) {
    auto const &first = values[stray].as<std::vector<std::string>>().front();
    throw usage_error("unexpected argument \"" + first + "\"; only flags are allowed (see --help)");
  }
  return values;
}

loopmeter::server::listen_address parse_address(std::string const &flag, std::string const &text) {
  try {
    return loopmeter::server::parse_listen_address(text);
  } catch (std::invalid_argument const &e) {
    throw usage_error("--" + flag + ": bad value " + e.what());
  }
}

template <class Of>
void set_number(setting<Of> const &number, po::variables_map const &values, Of &to) {
  std::string const flag(number.flag);
  auto const &given = values[flag].as<std::string>();
  auto const value = parse_quantity(number.what, given);
  if (!value) refuse(flag, given, allowed_text(number.what));
  number.set(to, *value);
}

loopmeter::server::accept_mode parse_accept_mode(std::string const &text) {
  using loopmeter::server::accept_mode;
  if (text == "shared") return accept_mode::shared;
  if (text != "per-worker") refuse("server.accept", text, "per-worker or shared");
  return accept_mode::per_worker;
}

std::string parse_path(std::string const &path) {
  // The same characters as in a route pattern without parameters.
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  if (!path.starts_with('/') || path.size() < 2 || path.size() > 256 ||
      path.find_first_not_of(allowed) != std::string::npos) {
    refuse("web.telemetry-path", path, "a path like /metrics: letters, digits and -._~/");
  }
  return path;
}

}  // namespace

options parse_options(std::vector<std::string> const &arguments) {
  auto const values = parse(arguments);
  options parsed;
  parsed.help = values.count("help") > 0;
  parsed.version = values.count("version") > 0;
  if (parsed.help || parsed.version) return parsed;

  auto const given = [&values](char const *flag) { return values[flag].as<std::string>(); };
  for (auto const &address : values["web.listen-address"].as<std::vector<std::string>>())
    parsed.listen.push_back(parse_address("web.listen-address", address));
  if (auto const address = given("web.admin-listen-address"); !address.empty()) {
    parsed.admin_listen = parse_address("web.admin-listen-address", address);
  }
  parsed.telemetry_path = parse_path(given("web.telemetry-path"));
  parsed.web_config_file = given("web.config.file");
  parsed.reuse_port = values["web.reuse-port"].as<bool>();
  parsed.accept = parse_accept_mode(given("server.accept"));
  auto const level = log::level_of(given("log.level"));
  if (!level) refuse("log.level", given("log.level"), "debug, info, warn or error");
  parsed.log_level = *level;
  for (auto const &number : numbers)
    set_number(number, values, parsed);
  for (auto const &row : loopmeter::server::limit_table())
    set_number(row.number, values, parsed.limits);
  if (parsed.workers == 0) parsed.workers = loopmeter::usable_cpus();
  return parsed;
}

std::string help_text() {
  std::ostringstream out;
  out << "demo-cpp: an HTTP service that shows its metrics, the C++ counterpart of the Go demo.\n\n"
         "Usage: demo-cpp [FLAG...]\n\n"
      << description()
      << "\nExit status: 0 after a drain, 1 when it cannot serve, 2 for bad flags.\n";
  return out.str();
}

}  // namespace demo
