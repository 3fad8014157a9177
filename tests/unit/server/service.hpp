// SPDX-License-Identifier: Apache-2.0
// A whole server in this process, on a port of the kernel's choice, with a registry of its own.
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/server/server.hpp>

#include "sockets.hpp"
#include "wait_until.hpp"

namespace test {

namespace http = loopmeter::http;
namespace server = loopmeter::server;

inline server::options default_options() {
  server::options chosen;
  chosen.service = "test";
  chosen.listen = {{"127.0.0.1", 0}};
  chosen.shutdown_delay = std::chrono::milliseconds(0);
  chosen.shutdown_timeout = std::chrono::seconds(5);
  chosen.handle_signals = false;
  return chosen;
}

/// Begins at once; ends by a drain, at the latest when destroyed.
class service {
 public:
  explicit service(std::vector<server::route> routes,
                   server::options const &chosen = default_options())
      : server_(chosen, std::move(routes), registry_, life_) {
    begin();
  }
  /// With routes that ask registry and lifecycle of this very service.
  using route_maker = std::function<std::vector<server::route>(loopmeter::metrics::registry &,
                                                               server::lifecycle &)>;
  service(route_maker const &make, server::options const &chosen,
          std::chrono::milliseconds stalled_after = std::chrono::seconds(10))
      : life_(stalled_after), server_(chosen, make(registry_, life_), registry_, life_) {
    begin();
  }
  ~service() { stop(); }
  service(service const &) = delete;
  service &operator=(service const &) = delete;

  void begin_stop() { server_.request_stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    server_.request_stop();
    thread_.join();
  }

  std::uint16_t port() const noexcept { return port_of(0); }
  /// Of the admin address, where there is one.
  std::uint16_t admin_port() const noexcept { return port_of(1); }
  server::lifecycle const &life() const noexcept { return life_; }
  loopmeter::metrics::registry const &registry() const noexcept { return registry_; }

  /// The value of a series by its whole name, labels included; -1 if it is not exposed.
  std::int64_t value(std::string_view series) const {
    std::string text;
    loopmeter::exposition::encode_text(loopmeter::metrics::gather(registry_), text);
    auto const line = '\n' + std::string(series) + ' ';
    auto const at = text.find(line);
    std::int64_t number = -1;
    if (at != std::string::npos) {
      std::from_chars(text.data() + at + line.size(), text.data() + text.size(), number);
    }
    return number;
  }
  std::int64_t requests(std::string_view path, std::string_view method, int code) const {
    return value("test_http_requests_total{path=\"" + std::string(path) + "\",method=\"" +
                 std::string(method) + "\",code=\"" + std::to_string(code) + "\"}");
  }
  void wait_for(std::string const &series, std::int64_t wanted) const {
    wait_until([&] { return value(series) == wanted; }, series + " = " + std::to_string(wanted));
  }
  void wait_for_connections(std::int64_t wanted) const {
    wait_for("loopmeter_http_open_connections", wanted);
  }

 private:
  void begin() {
    server_.listen();
    thread_ = std::thread([this] { server_.run(); });
    wait_until([this] { return life_.ready(); }, "ready");
  }
  std::uint16_t port_of(std::size_t index) const noexcept {
    auto const &address = server_.addresses()[index];
    auto const colon = address.rfind(':');
    std::uint16_t port = 0;
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    return port;
  }

  loopmeter::metrics::registry registry_;
  server::lifecycle life_;
  server::server server_;
  std::thread thread_;
};

}  // namespace test
