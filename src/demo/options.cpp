// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <boost/program_options.hpp>

#include <charconv>
#include <sstream>

#include <loopmeter/base/cpu.hpp>

namespace demo {

namespace {

namespace po = boost::program_options;
namespace log = loopmeter::log;

constexpr unsigned workers_max = 1024;
constexpr char const *stray = " stray argument";  // the blank keeps it from being typed as a flag

// Every value is a string here and judged below: so that each message says what is allowed.
po::options_description description() {
  po::options_description flags("Flags");
  auto const text = [](char const *metavar, std::string value) {
    return po::value<std::string>()->value_name(metavar)->default_value(std::move(value));
  };
  flags.add_options()                   //
      ("help,h", "Show this help.")     //
      ("version", "Show the version.")  //
      ("web.listen-address",
       po::value<std::vector<std::string>>()->value_name("ADDRESS")->default_value({":8080"},
                                                                                   ":8080"),
       "Address to serve on, HOST:PORT or :PORT; may be given several times.")  //
      ("web.admin-listen-address", text("ADDRESS", ""),
       "Address of its own, with a thread of its own, for metrics and probes; the others then "
       "serve "
       "the rest.")                                                             //
      ("web.telemetry-path", text("PATH", "/metrics"), "Path of the metrics.")  //
      ("web.reuse-port", po::bool_switch(),
       "Let another process that says so too listen on the same addresses.")  //
      ("server.workers", text("N", "auto"),
       "Threads that serve, 1 to 1024; auto: one per usable CPU, quotas counted.")  //
      ("server.accept", text("MODE", "per-worker"),
       "per-worker: each listens, the kernel deals; shared: one accepts and deals in turn.")  //
      ("log.level", text("LEVEL", "info"), "debug, info, warn or error.")                     //
      ("shutdown.delay", text("TIME", "10s"),
       "After SIGTERM: how long to go on accepting while not ready.")  //
      ("shutdown.last-scrape", text("TIME", "15s"),
       "Then: how long to wait until a scrape has seen the final counts, if somebody scrapes.")  //
      ("shutdown.timeout", text("TIME", "15s"),
       "Then: how long requests under way may take before they are cut.");
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

unsigned parse_workers(std::string const &text) {
  if (text == "auto") return loopmeter::usable_cpus();
  unsigned workers = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), workers);
  if (error != std::errc{} || end != text.data() + text.size() || workers == 0 ||
      workers > workers_max) {
    refuse("server.workers", text, "auto or 1 to " + std::to_string(workers_max));
  }
  return workers;
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

std::chrono::milliseconds parse_duration(std::string const &flag, std::string const &text) {
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
  std::int64_t scale = 0;
  if (unit == "ms") scale = 1;
  if (unit == "s") scale = 1000;
  if (unit == "m") scale = 60'000;
  if (error != std::errc{} || scale == 0 || number < 0 || number > longest.count() / scale) {
    refuse(flag, text, "a time like 250ms, 10s or 2m, at most 60m");
  }
  return std::chrono::milliseconds(number * scale);
}

options parse_options(std::vector<std::string> const &arguments) {
  auto const values = parse(arguments);
  options parsed;
  parsed.help = values.count("help") > 0;
  parsed.version = values.count("version") > 0;
  if (parsed.help || parsed.version) return parsed;

  auto const text = [&values](char const *flag) { return values[flag].as<std::string>(); };
  for (auto const &address : values["web.listen-address"].as<std::vector<std::string>>())
    parsed.listen.push_back(parse_address("web.listen-address", address));
  if (auto const address = text("web.admin-listen-address"); !address.empty()) {
    parsed.admin_listen = parse_address("web.admin-listen-address", address);
  }
  parsed.telemetry_path = parse_path(text("web.telemetry-path"));
  parsed.reuse_port = values["web.reuse-port"].as<bool>();
  parsed.accept = parse_accept_mode(text("server.accept"));
  parsed.workers = parse_workers(text("server.workers"));
  auto const level = log::level_of(text("log.level"));
  if (!level) refuse("log.level", text("log.level"), "debug, info, warn or error");
  parsed.log_level = *level;
  parsed.shutdown_delay = parse_duration("shutdown.delay", text("shutdown.delay"));
  parsed.shutdown_last_scrape =
      parse_duration("shutdown.last-scrape", text("shutdown.last-scrape"));
  parsed.shutdown_timeout = parse_duration("shutdown.timeout", text("shutdown.timeout"));
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
