// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/duration.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_duration)

BOOST_AUTO_TEST_CASE(printed_in_the_biggest_units) {
  struct row {
    char const *read;
    char const *printed;
  };
  for (auto const &[read, printed] : {row{"60s", "1m"}, row{"90s", "1m30s"}, row{"0", "0s"},
                                      row{"1500ms", "1s500ms"}, row{"7d", "1w"}, row{"90d", "90d"},
                                      row{"365d", "1y"}, row{"1h30m", "1h30m"}, row{"24h", "1d"}}) {
    auto const parsed = parse_duration(read);
    BOOST_REQUIRE(parsed);
    BOOST_TEST(duration_text(*parsed) == printed, read);
  }
}

BOOST_AUTO_TEST_CASE(what_is_none) {
  for (char const *bad : {"", "10", "s", "1m1h", "1m1m", "1x", "-1s", "1.5s", " 1s", "1s ", "293y",
                          "99999999999999999999s"}) {
    BOOST_TEST(!parse_duration(bad), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
