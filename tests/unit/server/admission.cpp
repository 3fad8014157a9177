// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/admission.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace loopmeter::server;

namespace {

limits two_and_one() {
  limits bounds;
  bounds.connections_max = 2;
  bounds.connections_reserved = 1;
  return bounds;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_admission)

BOOST_AUTO_TEST_CASE(first_the_regular_then_the_reserve_then_nobody) {
  admission all(two_and_one(), 1);
  door entrance(all);
  auto one = entrance.enter();
  auto two = entrance.enter();
  BOOST_TEST((one && !one.reserved() && two && !two.reserved()));
  BOOST_TEST(!all.full());
  auto three = entrance.enter();
  BOOST_TEST((three && three.reserved() && !three.last()));
  BOOST_TEST(all.full());
  BOOST_TEST(!entrance.enter());
  BOOST_TEST(!entrance.enter());  // who was refused is not counted
}

BOOST_AUTO_TEST_CASE(a_place_comes_back) {
  admission all(two_and_one(), 1);
  door entrance(all);
  std::optional<door::place> one(entrance.enter());
  auto const two = entrance.enter();
  auto three = entrance.enter();
  one.reset();
  BOOST_TEST(!three.reserved());  // there is room now
  auto four = entrance.enter();
  BOOST_TEST(four.reserved());
  BOOST_TEST(!three.reserved());  // and what it is it stays
}

BOOST_AUTO_TEST_CASE(the_last_descriptor_stays_reserved) {
  admission all(two_and_one(), 1);
  door entrance(all);
  auto place = entrance.enter_last();
  BOOST_TEST((place && place.reserved() && place.last()));
}

BOOST_AUTO_TEST_CASE(a_moved_place_is_given_back_once) {
  admission all(two_and_one(), 1);
  door entrance(all);
  {
    auto one = entrance.enter();
    auto const moved = std::move(one);
    auto const two = entrance.enter();
    BOOST_TEST(!all.full());
  }
  auto const one = entrance.enter();
  auto two = entrance.enter();
  BOOST_TEST(!two.reserved());
  door::place nowhere;
  BOOST_TEST((nowhere && !nowhere.reserved() && !nowhere.last()));
}

BOOST_AUTO_TEST_CASE(threads_never_hold_more_than_there_are) {
  limits bounds;
  bounds.connections_max = 3;
  bounds.connections_reserved = 0;
  admission all(bounds, 4);
  std::atomic<int> inside{0};
  std::atomic<bool> too_many{false};
  auto const run = [&] {
    door entrance(all);
    for (int i = 0; i < 20'000; ++i) {
      auto const place = entrance.enter();
      if (!place) continue;
      if (++inside > 3) too_many = true;
      --inside;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(run);
  for (auto &t : threads)
    t.join();
  BOOST_TEST(!too_many);
  door entrance(all);
  auto const one = entrance.enter();
  auto const two = entrance.enter();
  auto const three = entrance.enter();
  BOOST_TEST((one && two && three));
  BOOST_TEST(!entrance.enter());
}

BOOST_AUTO_TEST_CASE(each_worker_has_its_part_of_the_reserve) {
  limits bounds;
  bounds.connections_max = 1;
  bounds.connections_reserved = 3;
  admission all(bounds, 2);
  BOOST_TEST(all.reserve() == 2U);
  door one(all);
  door other(all);
  auto const regular = one.enter();
  auto first = one.enter();
  auto const second = one.enter();
  BOOST_TEST((first.reserved() && second));
  BOOST_TEST(!one.enter());
  auto const elsewhere = other.enter();
  BOOST_TEST(static_cast<bool>(elsewhere));
  { auto const moved = std::move(first); }
  BOOST_TEST(static_cast<bool>(one.enter()));
  BOOST_TEST(static_cast<bool>(one.enter()));
}

BOOST_AUTO_TEST_CASE(descriptors_leave_room_for_the_rest) {
  limits bounds;
  auto const small = connections_within(1024, 2, 1, bounds);
  BOOST_TEST(small > 800U);
  BOOST_TEST(small + bounds.connections_reserved < 1024U);
  BOOST_TEST(connections_within(1024, 2, 2, bounds) < small);
  BOOST_TEST(connections_within(1024, 3, 1, bounds) < small);
  bounds.connections_reserved = 132;
  BOOST_TEST(connections_within(1024, 2, 1, bounds) == small - 100);
  BOOST_TEST(connections_within(10, 2, 1, bounds) == 1U);
  BOOST_TEST(connections_within(SIZE_MAX, 2, 1, bounds) == 10'000'000U);
  BOOST_TEST(descriptor_limit() > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
