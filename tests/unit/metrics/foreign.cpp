// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/foreign.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

namespace loopmeter::metrics {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Not by designated initialisers: GCC 12 sees the variant destroyed as what it never was.
foreign_series make_series(std::vector<label> labels, double value) {
  foreign_series series;
  series.labels = std::move(labels);
  series.value = value;
  return series;
}

// Whether a family with this one series keeps it.
bool is_kept(metric_type type, foreign_series series) {
  foreign_family family{.name = "f", .help = "", .type = type, .series = {}};
  family.series.push_back(std::move(series));
  std::size_t const removed = detail::remove_invalid(family);
  BOOST_TEST(removed + family.series.size() == 1U);
  return removed == 0;
}

bool keeps_labels(metric_type type, std::vector<label> labels) {
  foreign_series series = make_series(std::move(labels), 1);
  if (type == metric_type::histogram) series.value = foreign_histogram{};
  if (type == metric_type::summary) series.value = foreign_summary{};
  return is_kept(type, std::move(series));
}

bool keeps_buckets(std::vector<foreign_bucket> buckets, std::uint64_t count) {
  return is_kept(metric_type::histogram,
                 {.labels = {}, .value = foreign_histogram{std::move(buckets), 0, count}});
}

bool keeps_quantiles(std::vector<foreign_quantile> quantiles) {
  return is_kept(metric_type::summary,
                 {.labels = {}, .value = foreign_summary{std::move(quantiles), 0, 1}});
}

template <class Number>
bool keeps_value(metric_type type, Number value) {
  return is_kept(type, foreign_series{.labels = {}, .value = value});
}

BOOST_AUTO_TEST_SUITE(foreign)

BOOST_AUTO_TEST_CASE(labels) {
  using type = metric_type;
  BOOST_TEST(keeps_labels(type::gauge, {{"a", "1"}, {"b", "1"}, {"le", "x"}}));
  BOOST_TEST(keeps_labels(type::gauge, {{"pod", "x"}}));  // whoever labels so means it
  BOOST_TEST(!keeps_labels(type::gauge, {{"a", "1"}, {"a", "2"}}));
  BOOST_TEST(!keeps_labels(type::gauge, {{"a:b", "1"}}));
  BOOST_TEST(!keeps_labels(type::gauge, {{"__name__", "g"}}));
  BOOST_TEST(!keeps_labels(type::gauge, {{"a", "\xed\xa0\x80"}}));
  BOOST_TEST(!keeps_labels(type::histogram, {{"le", "1"}}));
  BOOST_TEST(!keeps_labels(type::summary, {{"quantile", "1"}}));
}

BOOST_AUTO_TEST_CASE(values) {
  using type = metric_type;
  BOOST_TEST(keeps_value(type::counter, 0.0));
  BOOST_TEST(keeps_value(type::counter, infinity));
  BOOST_TEST(!keeps_value(type::counter, -1.0));
  BOOST_TEST(!keeps_value(type::counter, nan));
  BOOST_TEST(!keeps_value(type::counter, std::int64_t{-1}));
  BOOST_TEST(keeps_value(type::counter, ~std::uint64_t{0}));
  BOOST_TEST(keeps_value(type::gauge, nan));
  BOOST_TEST(keeps_value(type::untyped, std::int64_t{-1}));
  BOOST_TEST(!keeps_value(type::histogram, 1.0));
  BOOST_TEST(!keeps_value(type::gauge, foreign_summary{}));
}

BOOST_AUTO_TEST_CASE(buckets) {
  BOOST_TEST(keeps_buckets({}, 5));
  BOOST_TEST(keeps_buckets({{1, 2}, {2, 2}, {infinity, 5}}, 5));
  BOOST_TEST(keeps_buckets({{1, 2}, {2, 5}}, 5));
  BOOST_TEST(!keeps_buckets({{1, 2}, {2, 1}, {infinity, 5}}, 5));
  BOOST_TEST(!keeps_buckets({{2, 1}, {1, 2}, {infinity, 5}}, 5));
  BOOST_TEST(!keeps_buckets({{1, 1}, {1, 2}}, 5));
  BOOST_TEST(!keeps_buckets({{1, 2}, {infinity, 4}}, 5));
  BOOST_TEST(!keeps_buckets({{1, 6}}, 5));
  BOOST_TEST(!keeps_buckets({{nan, 1}}, 5));
}

BOOST_AUTO_TEST_CASE(quantiles) {
  BOOST_TEST(keeps_quantiles({{0, 1}, {0.5, nan}, {1, 3}}));
  BOOST_TEST(!keeps_quantiles({{0.5, 1}, {0.5, 1}}));
  BOOST_TEST(!keeps_quantiles({{1.5, 1}}));
  BOOST_TEST(!keeps_quantiles({{nan, 1}}));
}

BOOST_AUTO_TEST_CASE(a_series_occurs_once_whatever_the_order_of_its_labels) {
  foreign_family family{
      .name = "f",
      .help = "",
      .type = metric_type::gauge,
      .series = {make_series({{"a", "1"}, {"b", "2"}}, 1), make_series({{"b", "2"}, {"a", "1"}}, 2),
                 make_series({{"a", "12"}, {"b", ""}}, 3), make_series({{"a", "1"}}, 4)}};
  BOOST_TEST(detail::remove_invalid(family) == 1U);
  BOOST_TEST(family.series.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_family_without_a_usable_name_has_no_series) {
  foreign_family family{.name = "f-g", .help = "", .series = {make_series({}, 1)}};
  BOOST_TEST(detail::remove_invalid(family) == 1U);
  BOOST_TEST(family.series.empty());
  family = {.name = "f", .help = "\xff", .series = {make_series({}, 1)}};
  BOOST_TEST(detail::remove_invalid(family) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
