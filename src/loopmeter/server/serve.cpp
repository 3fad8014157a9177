// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/serve.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <exception>
#include <utility>

#include <loopmeter/server/connection.hpp>

namespace loopmeter::server {

#if defined(__GNUC__) && !defined(__clang__)
// With sanitizers GCC 12 inlines one of Asio's frame allocation functions and not the other.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace {

// Seldom needed, and therefore in frames of their own: the one below is there for as long as the
// connection is.
task<void> wait_for_login(connection &c) {
  co_await c.async_wait_for_login(no_throw);
}

task<void> run_streaming_handler(connection &c) {
  std::exception_ptr failed;
  try {
    auto handler = c.start_streaming_handler();
    co_await std::move(handler);
  } catch (...) {
    failed = std::current_exception();
  }
  c.end_streaming_handler(failed);
}

}  // namespace

task<void> serve(loop &owner, unique_fd socket, door::place place) {
  connection c(owner, std::move(socket), std::move(place));
  if (!c.open()) {
    owner.common.connections.accept_errors.at(connection_metrics::accept_error::memory).inc();
    co_return;
  }
  try {
    for (;;) {
      auto const next = c.proceed();
      switch (next) {
        case connection::step::wait_readable:
        case connection::step::wait_writable:
        case connection::step::yield:
          co_await c.async_wait(next, no_throw);
          break;
        case connection::step::wait_login:
          co_await wait_for_login(c);
          break;
        case connection::step::run_handler: {
          std::exception_ptr failed;
          try {
            auto handler = c.start_handler();
            c.finish(co_await std::move(handler));
          } catch (...) {
            failed = std::current_exception();
          }
          if (failed) c.fail(failed);
          break;
        }
        case connection::step::run_streaming_handler:
          co_await run_streaming_handler(c);
          break;
        case connection::step::done:
        case connection::step::closed:
          co_return;
      }
    }
  } catch (std::exception const &) {
    c.cut();  // no memory left: the worker and its other connections go on
  }
}

void begin_serving(loop &owner, unique_fd socket, door::place place) {
  asio::co_spawn(owner.context, serve(owner, std::move(socket), std::move(place)), asio::detached);
}

// When the reserve is full, too, the newcomer may be a probe: so it is who has been silent in it
// for the longest that has to go.
void admit(loop &owner, unique_fd socket) {
  auto place = owner.entrance.enter();
  if (place) return begin_serving(owner, std::move(socket), std::move(place));
  owner.common.connections.limit_hits.at(limit::reserved_connections).inc();
  if (owner.silent.empty()) return owner.turned_away.turn_away(std::move(socket), owner.tls());
  auto &oldest = static_cast<connection &>(owner.silent.front());
  begin_serving(owner, std::move(socket), oldest.make_way());
}

}  // namespace loopmeter::server
