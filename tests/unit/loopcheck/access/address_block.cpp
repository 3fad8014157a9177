// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/access/address_block.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_address_block)

BOOST_AUTO_TEST_CASE(inside_and_outside) {
  BOOST_TEST(within_block("203.0.113.9", "203.0.113.0/24").value());
  BOOST_TEST(!within_block("203.0.114.9", "203.0.113.0/24").value());
  BOOST_TEST(within_block("203.0.113.200", "203.0.113.128/25").value());
  BOOST_TEST(!within_block("203.0.113.127", "203.0.113.128/25").value());
  BOOST_TEST(within_block("1.2.3.4", "0.0.0.0/0").value());
  BOOST_TEST(within_block("1.2.3.4", "1.2.3.4/32").value());
  BOOST_TEST(within_block("2001:db8::1", "2001:db8::/32").value());
  BOOST_TEST(!within_block("2001:db9::1", "2001:db8::/32").value());
  BOOST_TEST(!within_block("2001:db8::1", "0.0.0.0/0").value());
}

BOOST_AUTO_TEST_CASE(what_is_no_block) {
  for (auto const *const each : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                                 "10.0.0/8", "x/8", "::/129", "10.0.0.0/8x"}) {
    BOOST_TEST_CONTEXT(each) {
      BOOST_TEST(!within_block("10.0.0.1", each).has_value());
    }
  }
  BOOST_TEST(!within_block("x", "10.0.0.0/8").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
