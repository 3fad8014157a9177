// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/ready_set.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <loopmeter/server/task.hpp>

#include "counted_new.hpp"
#include "sockets.hpp"
#include "wait_until.hpp"

namespace asio = boost::asio;
using namespace loopmeter::server;
using readiness = ready_set::readiness;
using loopmeter::unique_fd;

namespace {

struct set_on_a_loop {
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  loop_clock time;
  ready_set ready{context, time};

  void run_until(auto condition) { test::run_until(context, condition, "condition"); }
};

struct watched {
  explicit watched(ready_set &set, ready_set::source::broken_callback on_broken = nullptr,
                   void *broken_context = nullptr)
      : sockets(test::connected_pair()), source(on_broken, broken_context) {
    BOOST_REQUIRE(!set.add(source, sockets.ours.get()));
  }
  void peer_sends(std::string_view octets) const {
    BOOST_REQUIRE(::send(sockets.peer.get(), octets.data(), octets.size(), MSG_NOSIGNAL) > 0);
  }
  ssize_t read_some(std::size_t size = 4096) const {
    std::vector<char> buffer(size);
    return ::recv(sockets.ours.get(), buffer.data(), size, 0);
  }

  test::socket_pair sockets;
  ready_set::source source;
};

struct answer {
  int calls = 0;
  error_code ec;
  auto handler() {
    return [this](error_code e) {
      ++calls;
      ec = e;
    };
  }
};

task<void> read_as_coroutine(ready_set::source &s, int &steps) {
  co_await s.async_wait(readiness::readable, use_task);
  ++steps;
  s.clear_readable();
  auto const [ec] = co_await s.async_wait(readiness::readable, asio::as_tuple(use_task));
  if (ec == asio::error::operation_aborted) ++steps;
}

struct count_destroyed {
  explicit count_destroyed(int &c) : count(&c) {}
  count_destroyed(count_destroyed const &) = delete;
  ~count_destroyed() { ++*count; }
  int *count;
};

task<void> wait_for_ever(ready_set::source &s, int &destroyed) {
  count_destroyed const guard(destroyed);
  co_await s.async_wait(readiness::readable, use_task);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_ready_set)

BOOST_FIXTURE_TEST_CASE(an_edge_that_nobody_waited_for_is_remembered, set_on_a_loop) {
  watched w(ready);
  w.peer_sends("x");
  run_until([&] { return w.source.readable(); });
  answer got;
  w.source.async_wait(readiness::readable, got.handler());
  BOOST_TEST(got.calls == 0);  // never from the initiating function
  run_until([&] { return got.calls == 1; });
  BOOST_TEST(!got.ec);
}

BOOST_FIXTURE_TEST_CASE(after_a_short_read_only_a_new_edge_ends_the_wait, set_on_a_loop) {
  watched w(ready);
  w.peer_sends("x");
  run_until([&] { return w.source.readable(); });
  BOOST_TEST(w.read_some() == 1);
  w.source.clear_readable();
  answer got;
  w.source.async_wait(readiness::readable, got.handler());
  context.poll();
  BOOST_TEST(got.calls == 0);
  w.peer_sends("y");
  run_until([&] { return got.calls == 1; });
}

BOOST_FIXTURE_TEST_CASE(writable_again_when_the_peer_reads, set_on_a_loop) {
  watched w(ready);
  run_until([&] { return w.source.writable(); });
  std::vector<char> const block(65536, 'x');
  while (::send(w.sockets.ours.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  w.source.clear_writable();
  answer got;
  w.source.async_wait(readiness::writable, got.handler());
  context.poll();
  BOOST_TEST(got.calls == 0);
  run_until([&] {
    std::vector<char> sink(65536);
    ::recv(w.sockets.peer.get(), sink.data(), sink.size(), MSG_DONTWAIT);
    return got.calls == 1;
  });
}

BOOST_FIXTURE_TEST_CASE(a_fin_is_seen_while_nobody_waits, set_on_a_loop) {
  watched w(ready);
  w.peer_sends("request");
  ::shutdown(w.sockets.peer.get(), SHUT_WR);
  run_until([&] { return w.source.peer_closed(); });
  BOOST_TEST(!w.source.broken());
  BOOST_TEST(w.source.readable());
}

BOOST_FIXTURE_TEST_CASE(a_reset_is_told_to_whoever_does_not_wait, set_on_a_loop) {
  int broken = 0;
  auto const count = [](void *count_of) { ++*static_cast<int *>(count_of); };
  watched w(ready, count, &broken);
  run_until([&] { return w.source.writable(); });
  test::reset(w.sockets.peer);
  run_until([&] { return broken == 1; });
  BOOST_TEST(w.source.broken());

  watched waiting(ready, count, &broken);
  answer got;
  waiting.source.async_wait(readiness::readable, got.handler());
  test::reset(waiting.sockets.peer);
  run_until([&] { return got.calls == 1; });
  BOOST_TEST(broken == 1);
}

BOOST_FIXTURE_TEST_CASE(data_from_before_the_watch_is_an_edge, set_on_a_loop) {
  auto sockets = test::connected_pair();
  BOOST_TEST(::send(sockets.peer.get(), "x", 1, 0) == 1);
  ready_set::source source;
  BOOST_TEST(!ready.add(source, sockets.ours.get()));
  answer got;
  source.async_wait(readiness::readable, got.handler());
  run_until([&] { return got.calls == 1; });
}

BOOST_FIXTURE_TEST_CASE(a_bad_descriptor_is_an_error, set_on_a_loop) {
  ready_set::source source;
  BOOST_TEST((ready.add(source, 1 << 20) == boost::system::errc::bad_file_descriptor));
}

// All become ready in one batch; the first to be called destroys the others.
BOOST_FIXTURE_TEST_CASE(a_handler_may_destroy_sources_later_in_the_batch, set_on_a_loop) {
  std::vector<std::unique_ptr<watched>> many;
  for (int i = 0; i < 20; ++i)
    many.push_back(std::make_unique<watched>(ready));
  run_until([&] {
    return std::all_of(many.begin(), many.end(), [](auto &w) { return w->source.writable(); });
  });
  int calls = 0;
  for (auto &w : many) {
    w->source.async_wait(readiness::readable, [&](error_code) {
      ++calls;
      many.clear();
    });
  }
  for (auto &w : many)
    w->peer_sends("x");
  run_until([&] { return calls > 0; });
  context.poll();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(a_whole_batch_is_served, set_on_a_loop) {
  std::vector<std::unique_ptr<watched>> many;
  int calls = 0;
  for (int i = 0; i < 400; ++i) {
    many.push_back(std::make_unique<watched>(ready));
    many.back()->source.async_wait(readiness::readable, [&](error_code) { ++calls; });
  }
  for (auto &w : many)
    w->peer_sends("x");
  run_until([&] { return calls == 400; });
}

BOOST_FIXTURE_TEST_CASE(removed_before_its_descriptor_is_used_again, set_on_a_loop) {
  watched first(ready);
  run_until([&] { return first.source.writable(); });
  auto const number = first.sockets.ours.get();
  ready.remove(first.source);
  BOOST_TEST(!first.source.waiting());
  auto second = test::connected_pair();
  BOOST_TEST(::dup2(second.ours.get(), number) == number);  // closes the first
  first.source.clear_readable();
  BOOST_TEST(::send(second.peer.get(), "x", 1, 0) == 1);
  ready_set::source source;
  BOOST_TEST(!ready.add(source, number));
  run_until([&] { return source.readable(); });
  BOOST_TEST(!first.source.readable());
}

BOOST_FIXTURE_TEST_CASE(cancel_and_slot_abort_later, set_on_a_loop) {
  watched w(ready);
  answer got;
  w.source.cancel();
  w.source.async_wait(readiness::readable, got.handler());
  w.source.cancel();
  BOOST_TEST(got.calls == 0);
  BOOST_TEST(!w.source.waiting());
  run_until([&] { return got.calls == 1; });
  BOOST_TEST((got.ec == asio::error::operation_aborted));

  asio::cancellation_signal signal;
  answer by_slot;
  w.source.async_wait(readiness::readable,
                      asio::bind_cancellation_slot(signal.slot(), by_slot.handler()));
  signal.emit(asio::cancellation_type::terminal);
  run_until([&] { return by_slot.calls == 1; });
  BOOST_TEST((by_slot.ec == asio::error::operation_aborted));
  w.peer_sends("x");
  run_until([&] { return w.source.readable(); });
}

BOOST_FIXTURE_TEST_CASE(coroutines_wait_and_are_cancelled_by_their_slot, set_on_a_loop) {
  watched w(ready);
  int steps = 0;
  asio::cancellation_signal signal;
  asio::co_spawn(context, read_as_coroutine(w.source, steps),
                 asio::bind_cancellation_slot(signal.slot(), asio::detached));
  context.poll();
  BOOST_TEST(steps == 0);
  w.peer_sends("x");
  run_until([&] { return steps == 1; });
  BOOST_TEST(w.read_some() == 1);
  w.source.clear_readable();
  signal.emit(asio::cancellation_type::terminal);
  run_until([&] { return steps == 2; });
}

BOOST_AUTO_TEST_CASE(destroyed_with_waiters_leaks_nothing) {
  int destroyed = 0;
  auto const held = std::make_shared<int>(0);
  loop_clock time;
  std::vector<std::unique_ptr<watched>> many;
  {
    asio::io_context context;
    ready_set ready(context, time);
    for (int i = 0; i < 3; ++i)
      many.push_back(std::make_unique<watched>(ready));
    asio::co_spawn(context, wait_for_ever(many[0]->source, destroyed), asio::detached);
    asio::co_spawn(context, wait_for_ever(many[1]->source, destroyed), asio::detached);
    many[2]->source.async_wait(readiness::readable, [held](error_code) {});
    context.poll();
    BOOST_TEST(destroyed == 0);
  }
  BOOST_TEST(destroyed == 2);
  BOOST_TEST(held.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(waiting_allocates_nothing, set_on_a_loop) {
  watched w(ready);
  int calls = 0;
  auto const once = [&] {
    w.source.async_wait(readiness::readable, [&calls](error_code) { ++calls; });
    auto const wanted = calls + 1;
    BOOST_REQUIRE(::send(w.sockets.peer.get(), "x", 1, 0) == 1);
    while (calls < wanted)
      context.run_one();
    std::array<char, 16> sink;
    BOOST_REQUIRE(::recv(w.sockets.ours.get(), sink.data(), sink.size(), 0) == 1);
    w.source.clear_readable();
  };
  once();
  auto const before = test::allocations();
  for (int i = 0; i < 100; ++i)
    once();
  auto const made = test::allocations() - before;
  BOOST_TEST(made <= 100U);  // one of Asio's for each run_one() outside of run(), none of ours
}

BOOST_AUTO_TEST_SUITE_END()
