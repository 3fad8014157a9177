// SPDX-License-Identifier: Apache-2.0
// A worker's loop without its thread, and one connected socket: for tests that say themselves what
// happens before what.
#pragma once

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loopmeter/server/loop.hpp>

#include "sockets.hpp"
#include "test_routes.hpp"
#include "wait_until.hpp"

namespace test {

/// Until the kernel holds that much, without taking it.
inline void wait_for_octets(int socket, std::size_t count) {
  std::string peek(count, '\0');
  auto const all_there = [&] {
    return ::recv(socket, peek.data(), count, MSG_PEEK | MSG_DONTWAIT) ==
           static_cast<ssize_t>(count);
  };
  wait_until(all_there, "octets");
}

struct worker_parts {
  /// A web configuration, if there is one, is read at once.
  explicit worker_parts(std::vector<loopmeter::server::route> routes = test::routes(),
                        std::string const &web_config_file = {})
      : table(std::move(routes)),
        web(web_config_file.empty() ? nullptr
                                    : std::make_unique<loopmeter::server::web_access>(
                                          web_config_file, "test", registry)) {}

  void run_until(auto condition) { test::run_until(worker.context, condition, "condition"); }
  void peer_sends(std::string_view text) const {
    BOOST_REQUIRE(::send(sockets.peer.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                  static_cast<ssize_t>(text.size()));
  }
  std::string peer_receives() const {
    std::string text(65536, '\0');
    auto const count = ::recv(sockets.peer.get(), text.data(), text.size(), 0);
    BOOST_REQUIRE(count >= 0);
    text.resize(static_cast<std::size_t>(count));
    return text;
  }

  loopmeter::metrics::registry registry;
  loopmeter::server::route_table table;
  loopmeter::server::limits bounds;
  loopmeter::server::lifecycle life;
  loopmeter::server::request_metrics requests{registry, "test", table};
  loopmeter::server::connection_metrics connections{registry};
  loopmeter::server::admission admission{bounds, 1};
  std::unique_ptr<loopmeter::server::web_access> web;
  loopmeter::server::shared common{table,       bounds,    life,     requests,
                                   connections, admission, web.get()};
  loopmeter::server::loop worker{common};
  socket_pair sockets = connected_pair();
  int ours = sockets.ours.get();
};

}  // namespace test
