// SPDX-License-Identifier: Apache-2.0
// The flags of demo-cpp, in the words of the Prometheus exporters.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <loopmeter/base/log.hpp>
#include <loopmeter/server/listener.hpp>
#include <loopmeter/server/server.hpp>

namespace demo {

struct options {
  std::vector<loopmeter::server::listen_address> listen;
  std::optional<loopmeter::server::listen_address> admin_listen;
  std::string telemetry_path;
  std::string web_config_file;  ///< empty: plain HTTP
  unsigned workers = 0;         ///< 0: auto, as it was asked for; parsed options have the number
  unsigned scrapes_max = 4;     ///< at once
  loopmeter::server::accept_mode accept = loopmeter::server::accept_mode::per_worker;
  bool reuse_port = false;
  loopmeter::log::level log_level = loopmeter::log::level::info;
  std::chrono::milliseconds shutdown_delay{10'000};
  std::chrono::milliseconds shutdown_last_scrape{15'000};
  std::chrono::milliseconds shutdown_timeout{15'000};
  loopmeter::server::limits limits;
  bool help = false;
  bool version = false;
};

/// Bad input on the command line. The message is one line that names the flag, the value and what
/// is allowed.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws usage_error. With --help or --version the rest is not looked at.
options parse_options(std::vector<std::string> const &arguments);

/// What --help prints.
std::string help_text();

}  // namespace demo
