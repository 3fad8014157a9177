// SPDX-License-Identifier: Apache-2.0
// Recording allocates nothing.
#include "counted_new.hpp"
#include "probe.hpp"

namespace loopmeter::metrics {
namespace {

enum class method { get, head };

BOOST_AUTO_TEST_SUITE(allocating, *boost::unit_test::enable_if<!test::is_sanitized>())

BOOST_AUTO_TEST_CASE(no_record_allocates) {
  registry families;
  label_domain const methods{"method", {"GET", "HEAD"}};
  auto const events = families.add_counter<method>({.name = "events_total"}, methods).value();
  auto const seconds = families.add_float_counter({.name = "seconds_total"}).value();
  auto const value = families.add_gauge<method>({.name = "value"}, methods).value();
  auto const open = families.add_level({.name = "open"}).value();
  auto const sizes =
      families.add_histogram<method>({.name = "sizes", .bounds = {1, 2, 3}}, methods).value();
  prepare_thread();
  std::size_t const before = ::test::allocations();
  for (int i = 0; i < 1000; ++i) {  // the first round is each series' first event
    auto const label = i % 2 == 0 ? method::get : method::head;
    events.at(label).inc();
    seconds.inc(0.5);
    value.at(label).set(i);
    value.at(label).add(1);
    open.inc();
    sizes.at(label).observe(i);
    sizes.at(label).observe(-1.0 / 0.0);
    open.dec();
  }
  BOOST_TEST(::test::allocations() == before);
  registry const another;
  BOOST_TEST(::test::allocations() > before);  // it counts
}

BOOST_AUTO_TEST_CASE(a_gather_into_an_old_snapshot_does_not_either) {
  registry families;
  auto const sizes = families.add_histogram({.name = "sizes", .bounds = {1, 2, 3}}).value();
  snapshot reused;
  for (int i = 0; i < 2; ++i) {  // the first events make a new layout, and may be on either side
    sizes.observe(i);
    detail::epoch.value.fetch_add(1);
    gather(families, reused);
  }
  std::size_t const before = ::test::allocations();
  for (int i = 0; i < 10; ++i) {
    sizes.observe(i);
    gather(families, reused);
  }
  BOOST_TEST(::test::allocations() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
