// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/shard.hpp>

#include "probe.hpp"

#include <sys/mman.h>

#include <atomic>
#include <barrier>
#include <latch>

namespace loopmeter::metrics {
namespace {

using test::number_of;

BOOST_AUTO_TEST_SUITE(shard)

BOOST_AUTO_TEST_CASE(no_increment_is_lost_or_doubled) {
  constexpr std::size_t threads = 64;
  constexpr std::uint64_t increments = test::is_sanitized ? 10'000 : 1'000'000;
  registry families;
  auto const events = families.add_counter({.name = "events_total"}).value();
  test::on_threads(threads, [&](std::size_t) {
    for (std::uint64_t i = 0; i < increments; ++i)
      events.inc();
  });
  BOOST_TEST(number_of(gather(families), "events_total") == threads * increments);
}

BOOST_AUTO_TEST_CASE(sums_are_exact_and_monotone_while_threads_come_and_go) {
  constexpr std::size_t generations = test::is_sanitized ? 20 : 200;
  constexpr std::size_t threads = 4;
  constexpr std::uint64_t increments = 1'000;
  registry families;
  auto const events = families.add_counter({.name = "events_total"}).value();
  auto const seconds = families.add_float_counter({.name = "seconds_total"}).value();
  std::atomic<bool> done{false};
  std::uint64_t falls = 0;
  std::atomic<std::uint64_t> gathers{0};
  std::jthread reader{[&] {
    std::uint64_t events_before = 0;
    double seconds_before = 0;
    while (!done) {
      auto const now = gather(families);
      auto const events_now = number_of(now, "events_total");
      auto const seconds_now = test::double_of(now, "seconds_total").value_or(-1);
      falls += events_now < events_before || seconds_now < seconds_before ? 1U : 0U;
      events_before = events_now;
      seconds_before = seconds_now;
      ++gathers;
    }
  }};
  for (std::size_t generation = 0; generation < generations; ++generation) {
    test::on_threads(threads, [&](std::size_t i) {
      for (std::uint64_t k = 0; k < increments; ++k) {
        events.inc();
        seconds.inc(0.1 * static_cast<double>(i + 1));  // rounded, and not the same in each shard
      }
    });
    BOOST_TEST(number_of(gather(families), "events_total") ==
               (generation + 1) * threads * increments);
  }
  while (gathers == 0)
    std::this_thread::yield();
  done = true;
  reader.join();
  BOOST_TEST(falls == 0U);
}

BOOST_AUTO_TEST_CASE(an_ended_thread_hands_its_shard_on) {
  std::atomic<std::size_t> prepared{0};
  test::on_threads(2, [&](std::size_t) { prepared += prepare_thread() ? 1U : 0U; });
  BOOST_TEST(prepared == 2U);
  std::size_t const shards = usage().shards;
  for (int i = 0; i < 50; ++i) {
    test::on_threads(1, [](std::size_t) { prepare_thread(); });
  }
  BOOST_TEST(usage().shards == shards);
}

BOOST_AUTO_TEST_CASE(without_address_space_records_go_to_the_shared_shard) {
  constexpr std::uint64_t increments = test::is_sanitized ? 10'000 : 200'000;
  registry families;
  auto const events = families.add_counter({.name = "events_total"}).value();
  auto const seconds = families.add_float_counter({.name = "seconds_total"}).value();
  auto const busy = families.add_level({.name = "busy"}).value();
  auto const sizes = families.add_histogram({.name = "sizes", .bounds = {1, 2}}).value();
  auto const before = number_of(gather(families), "loopmeter_fallback_records_total");

  // More threads at once than there are shards to hand on, so that some get none.
  std::size_t const threads = usage().shards + 4;
  std::latch all_have_asked{static_cast<std::ptrdiff_t>(threads)};
  detail::set_reserve_function([](std::size_t) noexcept -> void * { return nullptr; });
  std::atomic<std::size_t> refused{0};
  test::on_threads(threads, [&](std::size_t) {
    bool const has_shard = prepare_thread();
    all_have_asked.arrive_and_wait();  // so that none takes the shard that another hands on
    if (has_shard) return;
    ++refused;
    // Apart and long, so that threads meet at the same cell.
    for (std::uint64_t i = 0; i < 10 * increments; ++i)
      events.inc(2);
    for (std::uint64_t i = 0; i < 10 * increments; ++i)
      seconds.inc(0.5);
    for (std::uint64_t i = 0; i < increments; ++i)
      busy.inc();
    for (std::uint64_t i = 0; i < increments; ++i)
      busy.dec();
    for (std::uint64_t i = 0; i < increments; ++i)
      sizes.observe(1.5);
  });
  detail::set_reserve_function(nullptr);

  auto const now = gather(families);
  std::uint64_t const expected = refused * increments;
  BOOST_TEST(refused.load() >= 4U);
  BOOST_TEST(number_of(now, "events_total") == 20 * expected);
  BOOST_TEST(test::double_of(now, "seconds_total").value() == 5.0 * static_cast<double>(expected));
  BOOST_TEST(number_of(now, "busy") == 0U);
  BOOST_TEST(number_of(now, "sizes", 0, 0) == 0U);
  BOOST_TEST(number_of(now, "sizes", 0, 1) == expected);
  BOOST_TEST(test::double_of(now, "sizes", 0, 3).value() == 1.5 * static_cast<double>(expected));
  BOOST_TEST(number_of(now, "loopmeter_fallback_records_total") - before == 23 * expected);
}

counter *recorded_late = nullptr;
histogram *observed_late = nullptr;

// Constructed before the thread's first record, so destroyed after its shard was handed on.
struct late_recorder {
  bool armed = false;
  ~late_recorder() {
    if (!armed) return;
    recorded_late->inc(7);
    observed_late->observe(3);
  }
};
thread_local late_recorder recorder;

BOOST_AUTO_TEST_CASE(a_record_after_the_end_of_the_thread_counts) {
  registry families;
  auto late = families.add_counter({.name = "late_total"}).value();
  auto late_values = families.add_histogram({.name = "late_values"}).value();
  recorded_late = &late;
  observed_late = &late_values;
  auto const before = number_of(gather(families), "loopmeter_fallback_records_total");
  test::on_threads(3, [&](std::size_t) {
    recorder.armed = true;
    late.inc();
  });
  auto const now = gather(families);
  BOOST_TEST(number_of(now, "late_total") == 3U * 8);
  BOOST_TEST(number_of(now, "late_values") == 3U);
  BOOST_TEST(number_of(now, "loopmeter_fallback_records_total") - before == 6U);
}

BOOST_AUTO_TEST_CASE(the_fixed_cells_do_not_overlap) {
  namespace fixed = detail::fixed_cells;
  static_assert(fixed::discard + fixed::discard_count <= fixed::refused_observations);
  static_assert(fixed::refused_observations < fixed::fallback_records);
  static_assert(fixed::fallback_records < fixed::collect_errors);
  static_assert(fixed::collect_errors + fixed::collect_error_count <= fixed::torn_reads);
  static_assert(fixed::torn_reads < fixed::end);
  auto const cells = detail::allocate_cells(1, 1);
  BOOST_TEST_REQUIRE(cells.first.has_value());
  BOOST_TEST(*cells.first >= fixed::end);
}

BOOST_AUTO_TEST_CASE(cells_are_aligned_as_asked) {
  BOOST_TEST_REQUIRE(detail::allocate_cells(1, 1).first.has_value());
  BOOST_TEST(*detail::allocate_cells(8, 8).first % 8 == 0U);
  BOOST_TEST(*detail::allocate_cells(3, 8).first % 8 == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
