// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/instruments.hpp>

#include "probe.hpp"

#include <atomic>
#include <cmath>
#include <limits>

namespace loopmeter::metrics {
namespace {

using test::double_of;
using test::number_of;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

BOOST_AUTO_TEST_SUITE(instruments)

BOOST_AUTO_TEST_CASE(a_counter_is_exact_beyond_2_to_the_53) {
  registry families;
  auto const bytes = families.add_counter({.name = "bytes_total"}).value();
  bytes.inc((std::uint64_t{1} << 53) + 1);
  bytes.inc(2);
  BOOST_TEST(number_of(gather(families), "bytes_total") == 9'007'199'254'740'995U);
  bytes.inc(~std::uint64_t{0} - 9'007'199'254'740'995U);
  BOOST_TEST(number_of(gather(families), "bytes_total") == ~std::uint64_t{0});
}

BOOST_AUTO_TEST_CASE(a_float_counter_refuses_what_would_make_it_fall) {
  registry families;
  auto const seconds = families.add_float_counter({.name = "seconds_total"}).value();
  auto const before = number_of(gather(families), "loopmeter_refused_observations_total");
  seconds.inc(1.25);
  for (double const refused : {-1.0, -infinity, infinity, nan, -5e-324})
    seconds.inc(refused);
  seconds.inc(0);
  seconds.inc(-0.0);
  seconds.inc(5e-324);
  auto const now = gather(families);
  BOOST_TEST(double_of(now, "seconds_total").value() == 1.25);
  BOOST_TEST(number_of(now, "loopmeter_refused_observations_total") - before == 5U);
}

BOOST_AUTO_TEST_CASE(a_gauge_takes_any_double) {
  registry families;
  auto const value = families.add_gauge({.name = "value"}).value();
  for (double const set : {1.5, -infinity, infinity, -0.0, 5e-324}) {
    value.set(set);
    BOOST_TEST(double_of(gather(families), "value").value() == set);
  }
  value.set(nan);
  BOOST_TEST(std::isnan(double_of(gather(families), "value").value()));
}

BOOST_AUTO_TEST_CASE(additions_to_a_gauge_from_many_threads_all_count) {
  constexpr int additions = test::is_sanitized ? 1'000 : 100'000;
  registry families;
  auto const value = families.add_gauge({.name = "value"}).value();
  value.set(0.5);
  test::on_threads(4, [&](std::size_t i) {
    for (int k = 0; k < additions; ++k)
      value.add(i % 2 == 0 ? 3 : -1);
  });
  BOOST_TEST(double_of(gather(families), "value").value() == 0.5 + 4.0 * additions);
}

BOOST_AUTO_TEST_CASE(a_level_is_the_sum_of_ups_and_downs_of_all_threads) {
  registry families;
  auto const open = families.add_level({.name = "open"}).value();
  test::on_threads(1, [&](std::size_t) { open.inc(5); });
  test::on_threads(1, [&](std::size_t) { open.dec(2); });
  open.dec();
  BOOST_TEST(number_of(gather(families), "open") == 2U);
}

// Ups on one thread, the downs that take them back on another.
BOOST_AUTO_TEST_CASE(no_gather_sees_a_negative_level) {
  constexpr std::uint64_t passes = test::is_sanitized ? 50'000 : 2'000'000;
  registry families;
  auto const in_flight = families.add_level({.name = "in_flight"}).value();
  std::atomic<std::uint64_t> handed_over{0};
  std::atomic<bool> done{false};
  std::jthread const up{[&] {
    for (std::uint64_t i = 1; i <= passes; ++i) {
      in_flight.inc();
      handed_over.store(i, std::memory_order_release);
    }
  }};
  std::jthread const down{[&] {
    for (std::uint64_t taken = 0; taken < passes;) {
      if (handed_over.load(std::memory_order_acquire) == taken) continue;
      in_flight.dec();
      ++taken;
    }
    done = true;
  }};
  std::uint64_t negative = 0;
  while (!done) {
    negative += static_cast<std::int64_t>(number_of(gather(families), "in_flight")) < 0 ? 1U : 0U;
  }
  BOOST_TEST(negative == 0U);
  BOOST_TEST(number_of(gather(families), "in_flight") == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_default_handle_records_is_dropped) {
  registry families;
  auto const before = gather(families);
  counter{}.inc(3);
  float_counter{}.inc(3);
  gauge{}.set(3);
  level{}.inc(3);
  auto const after = gather(families);
  BOOST_TEST((before.values == after.values));
  BOOST_TEST((before.layout == after.layout));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
