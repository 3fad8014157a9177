// SPDX-License-Identifier: Apache-2.0
// What the connections of one worker share: its event loop, its buffers, its clock. One thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <loopmeter/http/date.hpp>
#include <loopmeter/server/admission.hpp>
#include <loopmeter/server/doorman.hpp>
#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/limits.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/loop_metrics.hpp>
#include <loopmeter/server/ready_set.hpp>
#include <loopmeter/server/request_metrics.hpp>
#include <loopmeter/server/request_state.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/shedder.hpp>
#include <loopmeter/server/wheel.hpp>

namespace loopmeter::server {

/// A connection's place in its worker's list.
struct connection_link
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
};

/// Its place among those that have to go when something is scarce, the first one first.
struct expendable_link
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
};

/// What all workers share; immutable while they run, or thread-safe.
struct shared {
  route_table const &routes;
  server::limits const &limits;
  lifecycle &life;
  request_metrics const &requests;
  connection_metrics const &connections;
  server::admission &admission;
  web_access *web = nullptr;  ///< null without a web configuration
};

struct loop {
  explicit loop(shared const &s, loop_handles const &handles = {},
                std::optional<accounting> serves_only = std::nullopt)
      : common(s),
        measured(handles),
        only(serves_only),
        entrance(s.admission),
        doorman(s.web == nullptr ? nullptr : std::make_unique<server::doorman>(*s.web)),
        input(input_bytes),
        ready(context, clock, handles.ready),
        sleeps(context, clock, handles.lag) {}

  bool tls() const noexcept { return doorman != nullptr && doorman->tls(); }

  /// Read at once from a socket.
  static constexpr std::size_t input_bytes = 64 * 1024;

  shared const &common;
  loop_handles const measured;
  std::optional<accounting> const only;  ///< the resources of one kind; else all
  loop_clock clock;
  http::date_cache dates;
  door entrance;
  boost::intrusive::list<connection_link, boost::intrusive::constant_time_size<false>> connections;
  std::function<void()> on_last_closed;      ///< while the worker finishes
  std::unique_ptr<server::doorman> doorman;  ///< null without a web configuration
  bool handshake_this_turn = false;          ///< see wire::takes_turn()

  // What all connections hold together, against the limits for a worker.
  std::size_t waiting_requests = 0;
  std::size_t held_body_bytes = 0;
  std::size_t unsent_bytes = 0;
  // Who goes when something is scarce; a connection stands in one of these at most.
  using expendable =
      boost::intrusive::list<expendable_link, boost::intrusive::constant_time_size<false>>;
  expendable slow_readers;  ///< have unsent output; whose reader took something last is at the back
  expendable silent;  ///< hold a place of the reserve and are waited for; the newest is at the back

  // Borrowed by the connection that runs right now: one that waits holds no buffer, unless it has
  // octets that are not used up.
  std::vector<char> input;
  std::string output;
  // With TLS alone: what the peer says, and what is sealed to be sent.
  std::vector<char> opened;
  std::string sealed;

  request_states requests{sleeps};  // which are not used before the wheel is there

  // The order below matters: ready set and wheel go first and drop the handlers that wait; then the
  // io_context unwinds the coroutines, whose connections still find what stands above.
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  ready_set ready;
  wheel sleeps;
  shedder turned_away{sleeps, common.limits.linger_timeout};
};

}  // namespace loopmeter::server
