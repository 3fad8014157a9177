// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/family_names.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

namespace loopmeter::exposition::detail {
namespace {

using enum metrics::metric_type;

std::vector<family_name> named(std::vector<family_name> families) {
  name_for_openmetrics(families);
  return families;
}

BOOST_AUTO_TEST_SUITE(names_of_families)

BOOST_AUTO_TEST_CASE(counters_and_infos_lose_their_suffix) {
  auto const names = named({{"a_total", counter}, {"b_info", info}, {"c", gauge}});
  BOOST_TEST((names == std::vector<family_name>{
                           {"a", counter, "_total"}, {"b", info, "_info"}, {"c", gauge, ""}}));
  BOOST_TEST(names[0].series() == "a_total");
  BOOST_TEST(names[2].series() == "c");
}

BOOST_AUTO_TEST_CASE(without_a_suffix_the_type_gives_way) {
  BOOST_TEST((named({{"a", counter}, {"b", info}, {"_total", counter}, {"_info", info}}) ==
              std::vector<family_name>{
                  {"a", untyped}, {"b", gauge}, {"_total", untyped}, {"_info", gauge}}));
}

BOOST_AUTO_TEST_CASE(a_name_that_another_has_is_not_taken) {
  for (family_name const &other : std::vector<family_name>{
           {"a", gauge}, {"a", histogram}, {"a", summary}, {"a_created", gauge}, {"a", untyped}}) {
    auto const names = named({other, {"a_total", counter}});
    BOOST_TEST((names == std::vector<family_name>{other, {"a_total", untyped}}), other.name);
  }
  auto const buckets = named({{"h", histogram}, {"h_bucket_total", counter}, {"h_sum_info", info}});
  BOOST_TEST(
      (buckets == std::vector<family_name>{
                      {"h", histogram}, {"h_bucket_total", untyped}, {"h_sum_info", gauge}}));
}

BOOST_AUTO_TEST_CASE(of_a_counter_and_an_info_the_counter_has_the_name) {
  auto const names = named({{"a_info", info}, {"a_total", counter}});
  BOOST_TEST((names == std::vector<family_name>{{"a_info", gauge}, {"a", counter, "_total"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition::detail
