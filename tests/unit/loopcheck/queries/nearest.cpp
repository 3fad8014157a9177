// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/nearest.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_nearest)

BOOST_AUTO_TEST_CASE(letters_that_are_wrong) {
  BOOST_TEST(edit_distance("rate", "rate", 3) == 0u);
  BOOST_TEST(edit_distance("rate", "irate", 3) == 1u);
  BOOST_TEST(edit_distance("rate", "raet", 3) == 1u);
  BOOST_TEST(edit_distance("", "abc", 3) == 3u);
  BOOST_TEST(edit_distance("kitten", "sitting", 3) == 3u);
  BOOST_TEST(edit_distance("kitten", "sitting", 2) == 3u);
}

BOOST_AUTO_TEST_CASE(the_nearest_name) {
  std::vector<std::string> const names{"http_requests_total", "http_request_seconds", "up"};
  BOOST_TEST(nearest("http_request_total", names) == "http_requests_total");
  BOOST_TEST(nearest("http_requests", names) == "http_requests_total");
  BOOST_TEST(nearest("requests_total", names) == "http_requests_total");
  BOOST_TEST(nearest("node_load1", names).empty());
  BOOST_TEST(nearest("up", names).empty());
}

BOOST_AUTO_TEST_SUITE_END()
