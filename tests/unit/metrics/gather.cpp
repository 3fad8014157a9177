// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/gather.hpp>

#include "probe.hpp"

#include <atomic>
#include <stdexcept>

namespace loopmeter::metrics {
namespace {

using test::number_of;

enum class method { get, head };

std::uint64_t errors(snapshot const &now, collect_error cause) {
  return number_of(now, "loopmeter_collect_errors_total", static_cast<std::uint32_t>(cause));
}

foreign_family make_foreign(std::string name, double value = 1,
                            metric_type type = metric_type::gauge) {
  return {.name = std::move(name),
          .help = "From elsewhere.",
          .type = type,
          .series = {{.labels = {}, .value = value}}};
}

BOOST_AUTO_TEST_SUITE(gathering)

BOOST_AUTO_TEST_CASE(families_come_by_name_and_series_by_number) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "b_total"}).value().inc(2);
  families.add_gauge({.name = "c"}).value().set(3);
  auto const a =
      families.add_counter<method>({.name = "a_total"}, label_domain{"m", {"x", "y"}}).value();
  a.at(method::head).inc(7);
  a.at(method::get).inc(5);
  auto const now = gather(families);
  BOOST_TEST(now.layout->value_count == 4U);
  BOOST_TEST(now.values == (std::vector<std::uint64_t>{5, 7, 2, detail::to_bits(3)}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_layout_stays_until_a_series_joins) {
  registry families;
  auto const a =
      families.add_counter<method>({.name = "a_total"}, label_domain{"m", {"x", "y"}}).value();
  a.at(method::get).inc();
  auto const first = gather(families);
  a.at(method::get).inc();
  // Another thread's first event of a known series moves the generation, but not the layout.
  test::on_threads(1, [&](std::size_t) { a.at(method::get).inc(); });
  auto const second = gather(families);
  BOOST_TEST((first.layout == second.layout));
  a.at(method::head).inc();
  auto const third = gather(families);
  BOOST_TEST((first.layout != third.layout));
  BOOST_TEST(number_of(third, "a_total", 1) == 1U);
  families.add_counter({.name = "b_total"}).value();
  BOOST_TEST((gather(families).layout != third.layout));
  BOOST_TEST(number_of(first, "a_total", 0) == 1U);  // an old snapshot stays as it was
}

BOOST_AUTO_TEST_CASE(another_registry_does_not_disturb_the_layout) {
  registry families;
  families.add_counter({.name = "a_total"}).value();
  auto const first = gather(families);
  registry others;
  others.add_counter({.name = "b_total"}).value().inc();
  BOOST_TEST((gather(families).layout == first.layout));
}

BOOST_AUTO_TEST_CASE(a_snapshot_can_be_used_again) {
  registry families{{.self_metrics = false}};
  auto const a = families.add_counter({.name = "a_total"}).value();
  families.add_source([] { return std::vector{make_foreign("f")}; });
  snapshot reused;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    a.inc();
    gather(families, reused);
    BOOST_TEST(number_of(reused, "a_total") == i);
    BOOST_TEST(reused.foreign.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(sources_join_by_name) {
  registry families;
  families.add_source([] { return std::vector{make_foreign("z"), make_foreign("b")}; });
  auto const id = families.add_source([] { return std::vector{make_foreign("m")}; });
  auto const now = gather(families);
  BOOST_TEST_REQUIRE(now.foreign.size() == 3U);
  BOOST_TEST(now.foreign[0].name == "b");
  BOOST_TEST(now.foreign[1].name == "m");
  BOOST_TEST(now.foreign[2].name == "z");
  families.remove_source(id);
  BOOST_TEST(gather(families).foreign.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_source_that_throws_loses_nothing_else) {
  registry families;
  auto const a = families.add_counter({.name = "a_total"}).value();
  a.inc();
  families.add_source([] { return std::vector{make_foreign("f")}; });
  families.add_source([]() -> std::vector<foreign_family> { throw std::runtime_error{"down"}; });
  families.add_source([]() -> std::vector<foreign_family> { throw 7; });
  families.add_source([] { return std::vector{make_foreign("g")}; });
  auto const before = errors(gather(families), collect_error::exception);
  auto const now = gather(families);
  BOOST_TEST(errors(now, collect_error::exception) == before + 2);
  BOOST_TEST(now.foreign.size() == 2U);
  BOOST_TEST(number_of(now, "a_total") == 1U);
}

BOOST_AUTO_TEST_CASE(a_family_is_never_repeated) {
  registry families;
  families.add_counter({.name = "own_total"}).value();
  families.add_histogram({.name = "sizes"}).value();
  families.add_source([] {
    return std::vector{make_foreign("own_total"), make_foreign("sizes_count"), make_foreign("f", 1),
                       make_foreign("f", 2), make_foreign("g")};
  });
  auto const before = errors(gather(families), collect_error::duplicate);
  auto const now = gather(families);
  BOOST_TEST(errors(now, collect_error::duplicate) == before + 3);
  BOOST_TEST_REQUIRE(now.foreign.size() == 2U);
  BOOST_TEST(now.foreign[0].name == "f");
  BOOST_TEST(std::get<double>(now.foreign[0].series[0].value) == 1.0);
  BOOST_TEST(now.foreign[1].name == "g");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_left_out_and_counted) {
  registry families;
  families.add_source([] {
    auto bad = make_foreign("bad");
    bad.series[0].labels = {{.name = "a", .value = "\xff"}};
    auto half = make_foreign("half", 1);
    half.series.push_back(half.series[0]);
    return std::vector{make_foreign("bad name"), std::move(bad), std::move(half),
                       make_foreign("falling_total", -1, metric_type::counter)};
  });
  auto const before = errors(gather(families), collect_error::invalid);
  auto const now = gather(families);
  BOOST_TEST(errors(now, collect_error::invalid) == before + 4);
  BOOST_TEST_REQUIRE(now.foreign.size() == 1U);
  BOOST_TEST(now.foreign[0].name == "half");
  BOOST_TEST(now.foreign[0].series.size() == 1U);
}

BOOST_AUTO_TEST_CASE(gathers_may_overlap_with_registration_and_each_other) {
  constexpr int rounds = test::is_sanitized ? 30 : 300;
  registry families;
  auto const sizes = families.add_histogram({.name = "sizes", .bounds = {1, 2}}).value();
  std::atomic<std::size_t> counter_number{0};
  std::atomic<std::size_t> missed{0};
  test::on_threads(4, [&](std::size_t) {
    for (int i = 0; i < rounds; ++i) {
      sizes.observe(1.5);
      auto const name = test::numbered("c", counter_number++, "_total");
      families.add_counter({.name = name}).value().inc();
      auto const now = gather(families);
      missed += number_of(now, name) == 1U ? 0U : 1U;
    }
  });
  BOOST_TEST(missed == 0U);
  BOOST_TEST(number_of(gather(families), "sizes", 0, 4) == 4U * rounds);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
