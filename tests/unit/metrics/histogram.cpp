// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/histogram.hpp>

#include "probe.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <latch>
#include <limits>

namespace loopmeter::metrics {
namespace {

using test::double_of;
using test::number_of;

constexpr double infinity = std::numeric_limits<double>::infinity();

BOOST_AUTO_TEST_SUITE(histograms)

BOOST_AUTO_TEST_CASE(counts_are_cumulated_and_the_sum_is_theirs) {
  registry families;
  auto const sizes = families.add_histogram({.name = "sizes", .bounds = {1, 2, 4}}).value();
  for (double const value : {0.5, 1.0, 1.5, 3.0, 100.0, -2.0})
    sizes.observe(value);
  auto const now = gather(families);
  std::array<std::uint64_t, 4> const expected{3, 4, 5, 6};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(number_of(now, "sizes", 0, i) == expected[i]);
  }
  BOOST_TEST(double_of(now, "sizes", 0, 4).value() == 104.0);
  BOOST_TEST(number_of(now, "sizes", 0, 5) == 6U);
}

BOOST_AUTO_TEST_CASE(only_finite_values_are_recorded) {
  registry families;
  auto const sizes = families.add_histogram({.name = "sizes", .bounds = {1}}).value();
  auto const before = number_of(gather(families), "loopmeter_refused_observations_total");
  sizes.observe(std::numeric_limits<double>::quiet_NaN());
  sizes.observe(infinity);
  sizes.observe(-infinity);
  sizes.observe(5e-324);
  auto const now = gather(families);
  BOOST_TEST(number_of(now, "sizes", 0, 3) == 1U);
  BOOST_TEST(double_of(now, "sizes", 0, 2).value() == 5e-324);
  BOOST_TEST(number_of(now, "loopmeter_refused_observations_total") - before == 3U);
}

// Values that tell from the buckets alone what the sum must be: bucket i counts values i + 1.
struct tally {
  std::uint64_t count = 0;
  double sum = 0;
  bool consistent = true;
};

constexpr std::size_t tally_bounds = 12;

tally read_tally(snapshot const &snapshot, std::string_view name) {
  tally read;
  double expected_sum = 0;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i <= tally_bounds; ++i) {
    std::uint64_t const upto = number_of(snapshot, name, 0, i);
    if (upto < before) read.consistent = false;
    expected_sum += static_cast<double>(upto - before) * static_cast<double>(i + 1);
    before = upto;
  }
  read.sum = double_of(snapshot, name, 0, tally_bounds + 1).value();
  read.count = number_of(snapshot, name, 0, tally_bounds + 2);
  if (read.sum != expected_sum || read.count != before) read.consistent = false;
  return read;
}

BOOST_AUTO_TEST_CASE(a_writer_stopped_between_any_two_stores_is_read_rightly) {
  registry families;
  auto const bounds = linear_bounds(1, 1, tally_bounds);
  auto const made = families.add_histogram({.name = "values", .bounds = bounds}).value();
  made.observe(1);
  auto const now = gather(families);
  auto const &definition = *test::find_family(now, "values")->definition;
  BOOST_TEST_REQUIRE(prepare_thread());
  detail::cell *const sets = detail::thread_cells + definition.place.first;

  std::uint64_t written = 1;
  std::uint64_t seen = 1;
  for (int i = 0; i < 60; ++i) {
    // Both sides, each also while it is the one that the epoch points at.
    detail::cell *const set =
        sets + static_cast<std::size_t>(i / 3 % 2) * definition.place.shape->cells_per_set;
    std::size_t const bucket = static_cast<std::size_t>(i) * 5 % (tally_bounds + 1);
    int stores = 0;
    auto const look = [&](std::uint64_t least, std::uint64_t most) {
      auto const read = read_tally(gather(families), "values");
      BOOST_TEST(read.consistent, "observation " << i << " after store " << stores);
      BOOST_TEST(read.count >= std::max(least, seen));
      BOOST_TEST(read.count <= most);
      seen = read.count;
    };
    detail::write_observation(set, *definition.place.shape, static_cast<double>(bucket + 1), [&] {
      ++stores;
      look(written, written + 1);
    });
    ++written;
    look(written, written);
  }
  BOOST_TEST(statistics().torn == 0U);
}

BOOST_AUTO_TEST_CASE(a_gather_does_not_wait_for_a_thread_that_stopped) {
  registry families;
  auto const bounds = linear_bounds(1, 1, tally_bounds);
  auto const made = families.add_histogram({.name = "values", .bounds = bounds}).value();
  auto const first = gather(families);
  auto const &place = test::find_family(first, "values")->definition->place;
  for (int stop_after = 1; stop_after <= 2; ++stop_after) {
    std::latch stopped{1};
    std::latch go_on{1};
    std::jthread const writer{[&] {
      made.observe(2);
      int stores = 0;
      detail::write_observation(detail::thread_cells + place.first, *place.shape, 4, [&] {
        if (++stores != stop_after) return;
        stopped.count_down();
        go_on.wait();
      });
    }};
    stopped.wait();
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(read_tally(gather(families), "values").consistent);
    go_on.count_down();
  }
  BOOST_TEST(read_tally(gather(families), "values").count == 4U);
}

BOOST_AUTO_TEST_CASE(sum_and_buckets_agree_under_full_load) {
  constexpr std::uint64_t observations = test::is_sanitized ? 1'000'000 : 10'000'000;
  constexpr std::size_t writers = 2;
  registry families;
  auto const bounds = linear_bounds(1, 1, tally_bounds);
  auto const values = families.add_histogram({.name = "values", .bounds = bounds}).value();
  auto const before = statistics();
  std::atomic<std::size_t> left{writers};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < writers; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t k = 0; k < observations; ++k) {
        values.observe(static_cast<double>((k * 7 + i) % (tally_bounds + 1) + 1));
      }
      --left;
    });
  }
  std::uint64_t torn = 0;
  std::uint64_t falls = 0;
  std::uint64_t gathers = 0;
  tally last;
  while (left > 0) {
    tally const now = read_tally(gather(families), "values");
    torn += now.consistent ? 0U : 1U;
    falls += now.count < last.count || now.sum < last.sum ? 1U : 0U;
    last = now;
    ++gathers;
  }
  threads.clear();
  auto const after = statistics();
  BOOST_TEST_MESSAGE(gathers << " gathers, " << after.retries - before.retries << " retries in "
                             << after.reads - before.reads << " reads, at most "
                             << after.attempts_max << " attempts");
  BOOST_TEST(torn == 0U);
  BOOST_TEST(falls == 0U);
  BOOST_TEST(gathers > 10U);
  BOOST_TEST(after.torn == before.torn);
  BOOST_TEST(after.attempts_max <= detail::read_attempts_max / 2);
  tally const end = read_tally(gather(families), "values");
  BOOST_TEST(end.consistent);
  BOOST_TEST(end.count == writers * observations);
}

// What keeps retries few: each set is read while the epoch points at the other.
BOOST_AUTO_TEST_CASE(a_gather_sends_writers_to_either_set_in_turn) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "events_total"}).value();
  auto const before = detail::epoch.value.load();
  gather(families);  // only another generation of exemplars: nobody writes to another set
  BOOST_TEST(detail::epoch.value.load() == before + 2);
  families.add_histogram({.name = "values"}).value();
  gather(families);
  BOOST_TEST(detail::epoch.value.load() == before + 4);
}

BOOST_AUTO_TEST_CASE(bounds_can_be_made) {
  BOOST_TEST(exponential_bounds(1, 2, 4) == (std::vector<double>{1, 2, 4, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(linear_bounds(-1, 0.5, 3) == (std::vector<double>{-1, -0.5, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
