// SPDX-License-Identifier: Apache-2.0
// The library's face: a table of routes becomes a service.
//
//   metrics::registry registry;
//   server::lifecycle life;
//   std::vector<server::route> routes = server::probe_routes(life);
//   for (auto &row : server::scrape_routes(registry)) routes.push_back(std::move(row));
//   routes.push_back({http::method::get, "/hello", [](server::exchange &) {
//                       return http::text("hello\n"); }});
//   server::server service({.service = "demo"}, std::move(routes), registry, life);
//   service.listen();
//   service.run();                       // until SIGTERM or SIGINT, then drains
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/limits.hpp>
#include <loopmeter/server/listener.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/web_access.hpp>
#include <loopmeter/server/worker.hpp>

namespace loopmeter::server {

/// How connections come to the workers.
enum class accept_mode : std::uint8_t {
  per_worker,  ///< each listens (SO_REUSEPORT), and the kernel deals by the client's address
  shared,      ///< one accepts for all and deals in turn: even, at the price of a post each
};

struct options {
  /// Prefix of the request families: `<service>_http_requests_total` and so on.
  std::string service = "app";
  std::vector<listen_address> listen = {{"", 8080}};
  /// An address of their own for the internal routes (probes, scrapes), with a thread of its own:
  /// it answers when all workers are busy or stalled. The other addresses then serve the other
  /// routes.
  std::optional<listen_address> admin_listen{};
  unsigned workers = 1;
  accept_mode accept = accept_mode::per_worker;
  /// Another process may listen on the same addresses, if it says so too.
  bool reuse_port = false;
  server::limits limits;
  /// After SIGTERM: how long to go on accepting, not ready, until no balancer sends us anything.
  std::chrono::milliseconds shutdown_delay{10'000};
  /// Then: how long to wait, still accepting, until a scrape has seen the final counts; only where
  /// somebody scrapes again and again. See scrape_options::life.
  std::chrono::milliseconds shutdown_last_scrape{0};
  /// Then: how long requests under way may take before they are cut.
  std::chrono::milliseconds shutdown_timeout{15'000};
  /// TLS, logins, headers and the rate limit, in the format of Prometheus' exporters
  /// (docs/web-config.md), on all addresses; empty: plain HTTP for everybody. Read again when it or
  /// what it names changes.
  std::string web_config_file{};
  /// End run() on SIGTERM and SIGINT by a drain; a second signal ends the process at once. SIGHUP
  /// reads the web configuration again and calls `on_hangup`, SIGUSR1 logs what the server is
  /// doing.
  bool handle_signals = true;
  std::function<void()> on_hangup{};
};

/// One server in a process or several; each with its registry entries.
class server {
 public:
  /// Throws std::invalid_argument (routes), metrics::registration_error, web::config_error, or
  /// boost::system::system_error (no descriptors).
  server(options chosen, std::vector<route> routes, metrics::registry &registry, lifecycle &life);
  ~server();
  server(server const &) = delete;
  server &operator=(server const &) = delete;

  /// Binds all addresses. Throws boost::system::system_error that names the address.
  void listen();
  /// "127.0.0.1:8080", with the port that the kernel chose where 0 was asked for; the admin address
  /// last.
  std::vector<std::string> const &addresses() const noexcept { return addresses_; }
  /// As they are in force: what was left to be computed is.
  limits const &bounds() const noexcept { return options_.limits; }

  /// Whether it speaks HTTPS.
  bool tls() const noexcept { return web_ != nullptr && web_->tls(); }

  /// Serves until asked to stop, drains, and returns when every connection is closed.
  void run();

  /// Begins the drain; from any thread, any number of times.
  void request_stop();

  /// Reads the web configuration again, if there is one; from any thread. What cannot be read is
  /// logged, and changes nothing.
  void reload();

 private:
  void add_workers();
  std::vector<unique_fd> open(listen_address const &address, unsigned count);
  void wait_for_signal();
  void on_signal(int number);
  void log_state();
  void watch_web_config();
  void reload_web_config();
  void drain();
  void wait_for_last_scrape();
  void check_last_scrape();
  void close_gates();
  void finish();
  void cut();
  void abandon();
  void after(std::chrono::milliseconds pause, void (server::*step)());
  void worker_finished();
  void ask_workers(std::function<void(std::vector<worker_report> const &)> told);
  void stop_companions() noexcept;

  options options_;
  route_table routes_;
  request_metrics requests_;
  connection_metrics connections_;
  admission admission_;
  loop_metrics loops_;
  lifecycle &life_;
  std::unique_ptr<web_access> web_;  // null without a web configuration
  shared shared_;
  std::vector<std::string> addresses_;

  asio::io_context control_{1};         // runs on the thread that calls run()
  asio::steady_timer timer_{control_};  // the drain's, from one step to the next
  asio::steady_timer web_timer_{control_};
  asio::signal_set signals_{control_};
  std::size_t running_ = 0;
  bool waiting_for_scrape_ = false;
  std::vector<std::unique_ptr<worker>> workers_;  // unique_ptr: a worker does not move
};

}  // namespace loopmeter::server
