// SPDX-License-Identifier: Apache-2.0
// The last scrape: which one has seen the final counts, and whether somebody scrapes at all.
#include <loopmeter/server/lifecycle.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using steady = std::chrono::steady_clock;
using loopmeter::server::lifecycle;
using loopmeter::server::phase;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(server_lifecycle)

BOOST_AUTO_TEST_CASE(a_scrape_that_began_in_the_drain_has_seen_it_all) {
  lifecycle life;
  life.enter(phase::ready);
  auto const before = life.mark();
  life.enter(phase::draining);
  life.scraped(before);  // gathered before the end began
  BOOST_TEST(!life.counts_seen());
  life.scraped(life.mark());
  BOOST_TEST(life.counts_seen());
}

BOOST_AUTO_TEST_CASE(a_request_afterwards_needs_another_scrape) {
  lifecycle life;
  life.enter(phase::draining);
  life.scraped(life.mark());
  life.counted();
  BOOST_TEST(!life.counts_seen());
  auto const during = life.mark();
  life.counted();  // ends while that one is sent
  life.scraped(during);
  BOOST_TEST(!life.counts_seen());
  life.scraped(life.mark());
  BOOST_TEST(life.counts_seen());
}

BOOST_AUTO_TEST_CASE(an_older_scrape_that_ends_later_takes_nothing_back) {
  lifecycle life;
  life.enter(phase::draining);
  auto const older = life.mark();
  life.counted();
  life.scraped(life.mark());
  life.scraped(older);
  BOOST_TEST(life.counts_seen());
}

BOOST_AUTO_TEST_CASE(before_the_drain_requests_change_nothing) {
  lifecycle life;
  life.enter(phase::ready);
  auto const mark = life.mark();
  life.counted();
  BOOST_TEST(life.mark() == mark);
}

BOOST_AUTO_TEST_CASE(who_came_twice_comes_again) {
  lifecycle life;
  auto const begin = steady::now();
  BOOST_TEST(!life.scrape_expected(begin, 15s));
  life.scraped(life.mark());
  BOOST_TEST(!life.scrape_expected(begin, 15s));
  life.scraped(life.mark());
  BOOST_TEST(life.scrape_expected(begin, 15s));
  BOOST_TEST(life.scrape_expected(begin + 3min, 15s));
  BOOST_TEST(!life.scrape_expected(steady::now() + 3min, 15s));
}

BOOST_AUTO_TEST_CASE(who_is_young_cannot_know_yet) {
  lifecycle life;
  auto const begin = steady::now();
  life.enter(phase::ready);
  BOOST_TEST(!life.scrape_expected(begin, 15s));  // nothing could be lost
  life.counted();
  BOOST_TEST(life.scrape_expected(begin, 15s));
  BOOST_TEST(life.scrape_expected(begin + 45s, 15s));
  BOOST_TEST(!life.scrape_expected(steady::now() + 45s, 15s));
  BOOST_TEST(life.scrape_expected(begin + 90s, 30s));
}

BOOST_AUTO_TEST_CASE(each_scrape_is_told) {
  lifecycle life;
  int told = 0;
  life.on_scraped([&told] { ++told; });
  life.scraped(life.mark());
  life.scraped(life.mark());
  BOOST_TEST(told == 2);
}

BOOST_AUTO_TEST_SUITE_END()
