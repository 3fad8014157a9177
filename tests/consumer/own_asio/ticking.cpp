// SPDX-License-Identifier: Apache-2.0
#include "ticking.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

void tick(std::stop_token stop, loopmeter::metrics::counter ticks) {
  boost::asio::io_context context;
  boost::asio::steady_timer timer{context};
  while (!stop.stop_requested()) {
    timer.expires_after(std::chrono::milliseconds(1));
    timer.async_wait([ticks](boost::system::error_code) { ticks.inc(); });
    context.run();
    context.restart();
  }
}
