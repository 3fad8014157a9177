// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/name_filter.hpp>

#include <boost/test/unit_test.hpp>

namespace loopmeter::exposition {
namespace {

BOOST_AUTO_TEST_SUITE(name_filters)

BOOST_AUTO_TEST_CASE(no_name_takes_all) {
  BOOST_TEST(name_filter{}.takes("x"));
  BOOST_TEST(name_filter{std::vector<std::string>{}}.takes("x"));
}

BOOST_AUTO_TEST_CASE(names_are_taken_as_a_whole) {
  name_filter const filter{{"requests_total", "b", "b"}};
  BOOST_TEST(filter.takes("requests_total"));
  BOOST_TEST(filter.takes("b"));
  BOOST_TEST(!filter.takes("requests"));
  BOOST_TEST(!filter.takes("b_total"));
  BOOST_TEST(!filter.takes(""));
}

BOOST_AUTO_TEST_CASE(an_empty_name_takes_nothing) {
  name_filter const filter{{""}};
  BOOST_TEST(!filter.takes_all());
  BOOST_TEST(!filter.takes("x"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
