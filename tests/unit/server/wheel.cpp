// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/wheel.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <loopmeter/server/task.hpp>

#include "counted_new.hpp"
#include "wait_until.hpp"

namespace asio = boost::asio;
using namespace loopmeter::server;
using namespace std::chrono_literals;

namespace {

struct wheel_on_a_loop {
  asio::io_context context;
  loop_clock time;
  wheel sleeps{context, time};

  void run_until(auto condition) { test::run_until(context, condition, "condition"); }
};

struct count_destroyed {
  explicit count_destroyed(int &c) : count(&c) {}
  count_destroyed(count_destroyed const &) = delete;
  ~count_destroyed() { ++*count; }
  int *count;
};

task<void> sleep_long(wheel::sleeper &s, int &destroyed) {
  count_destroyed const guard(destroyed);
  co_await s.async_sleep(1h, use_task);
}

struct alarm_clock {
  alarm_clock(wheel &owner, loop_clock const &t)
      : time(t),
        when(
            owner, [](void *self) { static_cast<alarm_clock *>(self)->ring(); }, this) {}
  void set(clock::duration timeout) {
    due = time.now() + timeout;
    when.set(timeout);
  }
  void ring() { rung_at = clock::now(); }

  loop_clock const &time;
  clock::time_point due;
  std::optional<clock::time_point> rung_at;
  wheel::deadline when;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_wheel)

BOOST_FIXTURE_TEST_CASE(sleeps_end_in_order_and_not_early, wheel_on_a_loop) {
  std::mt19937 random(1);
  std::deque<wheel::sleeper> sleepers;
  std::vector<clock::time_point> due;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 200; ++i) {
    auto const pause = std::chrono::microseconds(random() % 60'000);
    due.push_back(clock::now() + pause);
    sleepers.emplace_back(sleeps).async_sleep(pause, [&, i](error_code ec) {
      BOOST_TEST(!ec);
      BOOST_TEST((clock::now() >= due[i]));
      order.push_back(i);
    });
  }
  run_until([&] { return order.size() == 200; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    BOOST_TEST((due[order[i]] + 2ms > due[order[i - 1]]));
  }
}

BOOST_FIXTURE_TEST_CASE(a_sleep_counts_from_now_and_not_from_the_last_wake_up, wheel_on_a_loop) {
  auto const stale = time.now();
  while (clock::now() < stale + 30ms) {
  }
  wheel::sleeper s(sleeps);
  auto const due = clock::now() + 20ms;
  bool done = false;
  s.async_sleep(20ms, [&](error_code) { done = true; });
  run_until([&] { return done; });
  BOOST_TEST((clock::now() >= due));
}

BOOST_FIXTURE_TEST_CASE(cancel_aborts_later_and_the_next_sleep_is_whole, wheel_on_a_loop) {
  wheel::sleeper s(sleeps);
  s.cancel();
  error_code got;
  s.async_sleep(1h, [&](error_code ec) { got = ec; });
  BOOST_TEST(s.sleeping());
  s.cancel();
  BOOST_TEST(!s.sleeping());
  BOOST_TEST(!got);
  run_until([&] { return got == asio::error::operation_aborted; });

  bool done = false;
  auto const due = clock::now() + 5ms;
  s.async_sleep(5ms, [&](error_code ec) { done = !ec; });
  run_until([&] { return done; });
  BOOST_TEST((clock::now() >= due));
}

BOOST_FIXTURE_TEST_CASE(closed_sleeper_never_sleeps_again, wheel_on_a_loop) {
  wheel::sleeper s(sleeps);
  int aborted = 0;
  auto const count = [&](error_code ec) { aborted += ec == asio::error::operation_aborted; };
  s.async_sleep(1h, count);
  s.close();
  run_until([&] { return aborted == 1; });
  s.async_sleep(1h, count);
  BOOST_TEST(aborted == 1);
  run_until([&] { return aborted == 2; });
}

// The slot ends the wait behind the wheel's back: the entry that stays behind must neither end the
// next sleep nor be linked twice.
BOOST_FIXTURE_TEST_CASE(cancellation_slot_leaves_the_next_sleep_alone, wheel_on_a_loop) {
  wheel::sleeper s(sleeps);
  asio::cancellation_signal signal;
  error_code got;
  s.async_sleep(10ms,
                asio::bind_cancellation_slot(signal.slot(), [&](error_code ec) { got = ec; }));
  signal.emit(asio::cancellation_type::total);
  run_until([&] { return got == asio::error::operation_aborted; });

  auto const due = clock::now() + 30ms;
  bool done = false;
  s.async_sleep(30ms, [&](error_code ec) { done = !ec; });
  run_until([&] { return done; });
  BOOST_TEST((clock::now() >= due));
}

BOOST_FIXTURE_TEST_CASE(an_expired_sleep_may_destroy_others_of_its_tick, wheel_on_a_loop) {
  std::vector<std::unique_ptr<wheel::sleeper>> sleepers;
  int ended = 0;
  for (int i = 0; i < 10; ++i)
    sleepers.push_back(std::make_unique<wheel::sleeper>(sleeps));
  for (auto &s : sleepers) {
    s->async_sleep(1ms, [&](error_code) {
      ++ended;
      sleepers.clear();
    });
  }
  run_until([&] { return ended > 0; });
  BOOST_TEST(ended == 1);
}

BOOST_AUTO_TEST_CASE(destroyed_with_sleepers_leaks_nothing) {
  int destroyed = 0;
  int called = 0;
  auto const held = std::make_shared<int>(0);
  loop_clock time;
  std::deque<wheel::sleeper> sleepers;
  {
    asio::io_context context;
    wheel sleeps(context, time);
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(context, sleep_long(sleepers.emplace_back(sleeps), destroyed), asio::detached);
    }
    sleepers.emplace_back(sleeps).async_sleep(1h, [&called, held](error_code) { ++called; });
    context.poll();
    BOOST_TEST(destroyed == 0);
  }
  BOOST_TEST(destroyed == 3);
  BOOST_TEST(called == 0);
  BOOST_TEST(held.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(deadline_moves_later_and_nearer, wheel_on_a_loop) {
  alarm_clock later(sleeps, time);
  alarm_clock nearer(sleeps, time);
  alarm_clock cleared(sleeps, time);
  later.set(5ms);
  later.set(60ms);
  nearer.set(1h);
  nearer.set(10ms);
  cleared.set(5ms);
  cleared.when.clear();
  run_until([&] { return later.rung_at && nearer.rung_at; });
  BOOST_TEST((*later.rung_at >= later.due));
  BOOST_TEST((*nearer.rung_at >= nearer.due));
  BOOST_TEST(!cleared.rung_at.has_value());

  nearer.rung_at.reset();
  nearer.set(-5ms);
  run_until([&] { return nearer.rung_at.has_value(); });
}

BOOST_FIXTURE_TEST_CASE(moving_a_deadline_allocates_nothing, wheel_on_a_loop) {
  alarm_clock one(sleeps, time);
  one.set(75s);
  auto const before = test::allocations();
  for (int i = 0; i < 1000; ++i)
    one.when.set(75s);
  BOOST_TEST(test::allocations() == before);
}

// The shortest timeout with the slack of 75 s, so that it can be waited for: all that was said of
// the 75 s holds for these, only sooner.
BOOST_FIXTURE_TEST_CASE(ten_thousand_deadlines_share_wake_ups, wheel_on_a_loop) {
  std::deque<alarm_clock> idle;
  std::mt19937 random(1);
  auto const begin = clock::now();
  for (int i = 0; i < 10'000; ++i) {
    idle.emplace_back(sleeps, time).set(2048ms + std::chrono::microseconds(random() % 1'000'000));
  }
  auto const latest =
      std::max_element(idle.begin(), idle.end(), [](alarm_clock const &a, alarm_clock const &b) {
        return a.due < b.due;
      })->due;
  std::size_t wake_ups = 0;
  auto const all_rung = [&] {
    return std::all_of(idle.begin(), idle.end(),
                       [](alarm_clock const &a) { return a.rung_at.has_value(); });
  };
  while (clock::now() < latest + 300ms || !all_rung()) {
    BOOST_REQUIRE((clock::now() < begin + test::patience));
    wake_ups += context.run_one_for(50ms);
  }
  std::chrono::duration<double> const took = clock::now() - begin;
  BOOST_TEST(static_cast<double>(wake_ups) < 5 * took.count());
  for (auto const &a : idle)
    BOOST_REQUIRE((*a.rung_at >= a.due));
}

BOOST_AUTO_TEST_SUITE_END()
