// SPDX-License-Identifier: Apache-2.0
// Families and series that go, names beyond ASCII, and units.
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "probe.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace loopmeter::metrics {
namespace {

enum class side { left, right };

label_domain sides() {
  return {"side", {"left", "right"}};
}

BOOST_AUTO_TEST_SUITE(removal)

BOOST_AUTO_TEST_CASE(a_removed_family_is_gone_and_its_name_is_free) {
  registry families;
  auto const old = families.add_counter({.name = "e_total"}).value();
  old.inc(5);
  BOOST_TEST(families.remove_family("e_total"));
  BOOST_TEST(!families.remove_family("e_total"));
  old.inc();
  BOOST_TEST(test::find_family(gather(families), "e_total") == nullptr);
  auto const made = families.add_histogram({.name = "e_total", .bounds = {1}}).value();
  made.observe(2);
  old.inc();
  auto const now = gather(families);
  BOOST_TEST(test::number_of(now, "e_total", 0, 0) == 0U);
  BOOST_TEST(test::number_of(now, "e_total", 0, 1) == 1U);
}

BOOST_AUTO_TEST_CASE(removal_frees_the_names_of_series) {
  registry families;
  families.add_histogram({.name = "h"}).value();
  BOOST_TEST(!families.add_counter({.name = "h_count"}));
  BOOST_TEST(families.remove_family("h"));
  BOOST_TEST(families.add_counter({.name = "h_count"}).has_value());
}

BOOST_AUTO_TEST_CASE(a_closed_series_can_go) {
  registry families;
  auto const made = families.add_counter<side>({.name = "e_total"}, sides()).value();
  made.expect_all();
  BOOST_TEST(families.remove_series("e_total", {{"side", "left"}}));
  BOOST_TEST(!families.remove_series("e_total", {{"side", "left"}}));
  BOOST_TEST(!families.remove_series("e_total", {{"side", "up"}}));
  BOOST_TEST(!families.remove_series("e_total", {{"hand", "left"}}));
  BOOST_TEST(!families.remove_series("e_total", {}));
  BOOST_TEST(!families.remove_series("other_total", {{"side", "left"}}));
  made.at(side::left).inc();
  made.at(side::right).inc(2);
  auto const now = gather(families);
  BOOST_TEST(test::find_family(now, "e_total")->series.size() == 1U);
  BOOST_TEST(test::number_of(now, "e_total", 1) == 2U);
}

BOOST_AUTO_TEST_CASE(an_open_series_can_go_by_its_labels) {
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"a", "b"}).value();
  made.with("1", "2").inc();
  made.with("2", "1").inc();
  BOOST_TEST(families.remove_series("e_total", {{"b", "2"}, {"a", "1"}}));
  auto const now = gather(families);
  BOOST_TEST_REQUIRE(test::find_family(now, "e_total")->series.size() == 1U);
  BOOST_TEST(test::find_family(now, "e_total")->series[0].open->values[0] == "2");
}

BOOST_AUTO_TEST_CASE(counters_can_be_reset) {
  registry families;
  auto const whole = families.add_counter<side>({.name = "n_total"}, sides()).value();
  auto const real = families.add_float_counter({.name = "s_total"}).value();
  auto const gauge = families.add_gauge({.name = "g"}).value();
  whole.at(side::left).inc(5);
  real.inc(0.5);
  gauge.set(1);
  BOOST_TEST(families.reset_family("n_total"));
  BOOST_TEST(families.reset_family("s_total"));
  BOOST_TEST(!families.reset_family("g"));
  BOOST_TEST(!families.reset_family("none"));
  whole.at(side::left).inc(2);
  whole.at(side::right).inc(3);  // it begins after the reset
  real.inc(0.25);
  auto now = gather(families);
  BOOST_TEST(test::number_of(now, "n_total", 0) == 2U);
  BOOST_TEST(test::number_of(now, "n_total", 1) == 3U);
  BOOST_TEST(test::double_of(now, "s_total").value() == 0.25);
  BOOST_TEST(families.reset_family("n_total"));
  whole.at(side::right).inc();
  now = gather(families);
  BOOST_TEST(test::number_of(now, "n_total", 0) == 0U);
  BOOST_TEST(test::number_of(now, "n_total", 1) == 1U);
}

BOOST_AUTO_TEST_CASE(series_know_when_they_began) {
  registry families;
  families.add_counter({.name = "a_total"}).value();
  auto const open = families.add_counter({.name = "b_total"}, open_labels{"k"}).value();
  open.with("x").inc();
  auto const now = gather(families);
  for (auto const *name : {"a_total", "b_total"}) {
    auto const *family = test::find_family(now, name);
    BOOST_TEST(detail::start_ms(*family, family->series[0]) > 1'700'000'000'000);
  }
}

BOOST_AUTO_TEST_CASE(other_names_must_be_asked_for) {
  registry families;
  BOOST_TEST(
      (families.add_counter({.name = "a.b_total"}).error() == registration_errc::bad_metric_name));
  BOOST_TEST(families.add_counter({.name = "a.b_total", .allow_utf8_names = true}).has_value());
  BOOST_TEST(families.add_gauge({.name = "grün", .allow_utf8_names = true}).has_value());
  BOOST_TEST((families.add_gauge({.name = "\xff", .allow_utf8_names = true}).error() ==
              registration_errc::bad_metric_name));
  // Two names that an older scraper could not tell apart.
  BOOST_TEST(
      (families.add_counter({.name = "a_b_total"}).error() == registration_errc::name_clash));
  BOOST_TEST((families.add_gauge({.name = "gr_n"}).error() == registration_errc::name_clash));
  BOOST_TEST((families.add_gauge({.name = "l", .allow_utf8_names = true}, open_labels{"a.b", "a_b"})
                  .error() == registration_errc::duplicate_label));
  BOOST_TEST(legacy_metric_name("1a:b-ü") == "_a:b__");
  BOOST_TEST(legacy_label_name("a:b") == "a_b");
}

BOOST_AUTO_TEST_CASE(a_unit_ends_the_name) {
  registry families;
  BOOST_TEST(families.add_counter({.name = "x_seconds_total", .unit = "seconds"}).has_value());
  BOOST_TEST(families.add_gauge({.name = "x_bytes", .unit = "bytes"}).has_value());
  for (auto const *name : {"bytes", "xbytes", "x_bytes_more", "x_byte"}) {
    BOOST_TEST((families.add_gauge({.name = name, .unit = "bytes"}).error() ==
                registration_errc::bad_unit));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
