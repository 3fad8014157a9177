// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/heartbeats.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using steady = std::chrono::steady_clock;
using loopmeter::server::heartbeats;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() { hearts.expect(3); }

  /// Those loops beat in each interval of that time.
  template <class... Loops>
  void pass(steady::duration time, Loops... loops) {
    for (auto const end = now + time; now < end; now += heartbeats::interval)
      (hearts.beat(static_cast<unsigned>(loops), now), ...);
  }

  heartbeats hearts{10s};
  steady::time_point now{1000s};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(server_heartbeats, fixture)

BOOST_AUTO_TEST_CASE(before_the_first_beat_nobody_is_late) {
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_CASE(all_beat) {
  pass(60s, 0, 1, 2);
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_CASE(one_that_stalls_is_named_after_its_time_and_not_before) {
  pass(1s, 0, 1, 2);
  pass(10s, 0, 2);
  BOOST_TEST(!hearts.stalled());
  pass(500ms, 0, 2);
  BOOST_REQUIRE(hearts.stalled());
  BOOST_TEST(*hearts.stalled() == 1U);
  pass(250ms, 0, 1, 2);
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_CASE(one_that_never_began_is_late_too) {
  pass(11s, 0, 1);
  BOOST_REQUIRE(hearts.stalled());
  BOOST_TEST(*hearts.stalled() == 2U);
}

BOOST_AUTO_TEST_CASE(a_pause_of_all_is_nobodys_stall) {
  pass(1s, 0, 1, 2);
  now += 1h;  // SIGSTOP, and SIGCONT
  hearts.beat(0, now);
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_CASE(starved_of_processor_time_they_are_slow_but_alive) {
  for (int i = 0; i < 100; ++i, now += 3s) {
    hearts.beat(0, now);
    hearts.beat(1, now + 1s);
    hearts.beat(2, now + 2s);
    BOOST_TEST(!hearts.stalled());
  }
}

BOOST_AUTO_TEST_CASE(many_beats_within_an_interval_count_once) {
  pass(1s, 0, 1, 2);
  for (int i = 0; i < 1000; ++i)
    hearts.beat(0, now);
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_CASE(one_that_ended_is_not_waited_for) {
  pass(1s, 0, 1, 2);
  hearts.retire(1);
  pass(60s, 0, 2);
  BOOST_TEST(!hearts.stalled());
}

BOOST_AUTO_TEST_SUITE_END()
