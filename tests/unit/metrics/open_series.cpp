// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/open_series.hpp>

#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "counted_new.hpp"
#include "probe.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <thread>
#include <vector>

namespace loopmeter::metrics {
namespace {

// The series of a family: the values of their labels, joined, and their first value.
std::map<std::string, std::uint64_t> series_of(snapshot const &now, std::string_view name) {
  std::map<std::string, std::uint64_t> series;
  auto const *family = test::find_family(now, name);
  if (family == nullptr) return series;
  std::size_t const count = family->definition->values_per_series();
  for (std::size_t i = 0; i < family->series.size(); ++i) {
    std::string key;
    for (auto const &[label, value] : detail::labels_of(*family, family->series[i]))
      key.append(value).append("|");
    bool const added = series.emplace(key, now.values[family->first_value + i * count]).second;
    BOOST_TEST(added, "twice: " << key);
  }
  return series;
}

using expected = std::map<std::string, std::uint64_t>;

std::uint64_t overflows(registry const &families) {
  return test::number_of(gather(families), "loopmeter_series_overflows_total");
}

BOOST_AUTO_TEST_SUITE(open_families)

BOOST_AUTO_TEST_CASE(values_make_series) {
  registry families;
  auto const made =
      families.add_counter({.name = "events_total"}, open_labels{"tenant", "zone"}).value();
  made.with("acme", "eu").inc(2);
  made.with(std::string{"acme"}, "us").inc(3);
  made.with("", "a\nb\"").inc();
  made.with("ab", "c").inc(5);
  made.with("a", "bc").inc(7);
  made.with("acme", "eu").inc();
  made.with("none yet", "");  // exposed with 0 from here
  BOOST_TEST((series_of(gather(families), "events_total") == expected{{"acme|eu|", 3},
                                                                      {"acme|us|", 3},
                                                                      {"|a\nb\"|", 1},
                                                                      {"ab|c|", 5},
                                                                      {"a|bc|", 7},
                                                                      {"none yet||", 0}}));
}

BOOST_AUTO_TEST_CASE(every_instrument_has_them) {
  registry families;
  open_labels const labels{"k"};
  families.add_float_counter({.name = "f_total"}, labels).value().with("x").inc(1.5);
  families.add_gauge({.name = "g"}, labels).value().with("x").set(-2);
  families.add_level({.name = "l"}, labels).value().with("x").inc(4);
  auto const histograms = families.add_histogram({.name = "h", .bounds = {1}}, labels).value();
  histograms.with("x").observe(3);
  histograms.with("y").observe(0.5);
  auto const now = gather(families);
  BOOST_TEST(test::double_of(now, "f_total").value() == 1.5);
  BOOST_TEST(test::double_of(now, "g").value() == -2.0);
  BOOST_TEST((series_of(now, "l") == expected{{"x|", 4}}));
  BOOST_TEST((series_of(now, "h") == expected{{"x|", 0}, {"y|", 1}}));
}

BOOST_AUTO_TEST_CASE(beyond_the_limit_there_is_one_series_for_all) {
  registry families;
  auto const made =
      families.add_counter({.name = "e_total", .series_limit = 3}, open_labels{"k"}).value();
  auto const before = overflows(families);
  for (int i = 0; i < 1000; ++i)
    made.with(test::numbered("v", static_cast<std::size_t>(i), "")).inc();
  made.with("v1").inc();
  made.with("v999").inc();
  BOOST_TEST((series_of(gather(families), "e_total") ==
              expected{{"v0|", 1}, {"v1|", 2}, {"v2|", 1}, {"_other|", 998}}));
  BOOST_TEST(overflows(families) == before + 998);
  made.with("_other").inc();
  BOOST_TEST(series_of(gather(families), "e_total")["_other|"] == 999U);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_utf8_overflows) {
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"k"}).value();
  made.with("_other").inc(5);  // of the same name by chance: one series all the same
  made.with("\xff\xfe").inc();
  BOOST_TEST((series_of(gather(families), "e_total") == expected{{"_other|", 6}}));
}

BOOST_AUTO_TEST_CASE(a_removed_series_begins_anew) {
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"k"}).value();
  counter const old = made.with("a");
  old.inc(7);
  made.with("b").inc(1);
  BOOST_TEST(made.remove("a"));
  BOOST_TEST(!made.remove("a"));
  BOOST_TEST(!made.remove("c"));
  old.inc();  // dropped
  BOOST_TEST((series_of(gather(families), "e_total") == expected{{"b|", 1}}));
  made.with("a").inc(2);
  old.inc();
  BOOST_TEST((series_of(gather(families), "e_total") == expected{{"b|", 1}, {"a|", 2}}));
}

BOOST_AUTO_TEST_CASE(removal_makes_room) {
  registry families;
  auto const made =
      families.add_counter({.name = "e_total", .series_limit = 2}, open_labels{"k"}).value();
  made.with("a").inc();
  made.with("b").inc();
  made.with("c").inc();
  BOOST_TEST(made.remove("_other"));
  BOOST_TEST(made.remove("a"));
  made.with("c").inc(4);
  BOOST_TEST((series_of(gather(families), "e_total") == expected{{"b|", 1}, {"c|", 4}}));
}

BOOST_AUTO_TEST_CASE(threads_agree_on_a_series) {
  constexpr std::size_t threads_count = 8;
  constexpr std::size_t rounds = test::is_sanitized ? 2'000 : 20'000;
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"k"}).value();
  test::on_threads(threads_count, [&](std::size_t) {
    for (std::size_t i = 0; i < rounds; ++i)
      made.with(test::numbered("v", i % 100, "")).inc();
  });
  auto const series = series_of(gather(families), "e_total");
  BOOST_TEST(series.size() == 100U);
  for (auto const &[key, value] : series)
    BOOST_TEST(value == threads_count * rounds / 100);
}

BOOST_AUTO_TEST_CASE(removal_and_use_may_overlap) {
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"k"}).value();
  std::atomic<bool> stop{false};
  std::jthread const user{[&] {
    while (!stop)
      made.with("a").inc();
  }};
  for (int i = 0; i < 300; ++i) {
    made.remove("a");
    auto const series = series_of(gather(families), "e_total");
    BOOST_TEST(series.size() <= 1U);
  }
  stop = true;
}

BOOST_AUTO_TEST_CASE(a_known_series_costs_no_allocation,
                     *boost::unit_test::enable_if<!test::is_sanitized>()) {
  registry families;
  auto const made = families.add_counter({.name = "e_total"}, open_labels{"a", "b"}).value();
  made.with("x", "y").inc();
  auto const before = ::test::allocations();
  for (int i = 0; i < 100; ++i)
    made.with("x", "y").inc();
  BOOST_TEST(::test::allocations() == before);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
  registry families;
  auto const code = [](auto const &made) { return made.error(); };
  BOOST_TEST((code(families.add_counter({.name = "a_total"}, open_labels{"job"})) ==
              registration_errc::reserved_label));
  BOOST_TEST((code(families.add_counter({.name = "a_total"}, open_labels{"k", "k"})) ==
              registration_errc::duplicate_label));
  BOOST_TEST((code(families.add_counter({.name = "a_total"}, open_labels{"1"})) ==
              registration_errc::bad_label_name));
  families.add_counter({.name = "a_total"}, open_labels{"k"}).value().with("x").inc();
  auto const again = families.add_counter({.name = "a_total"}, open_labels{"k"}).value();
  again.with("x").inc();
  BOOST_TEST((series_of(gather(families), "a_total") == expected{{"x|", 2}}));
  BOOST_TEST((code(families.add_counter({.name = "a_total"}, open_labels{"other"})) ==
              registration_errc::shape_conflict));
  BOOST_TEST(
      (code(families.add_counter({.name = "a_total"})) == registration_errc::shape_conflict));
}

BOOST_AUTO_TEST_CASE(a_default_family_drops_what_it_is_told) {
  open_counter_family<2> const nothing;
  nothing.with("a", "b").inc();
  BOOST_TEST(!nothing.remove("a", "b"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
