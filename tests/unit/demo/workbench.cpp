// SPDX-License-Identifier: Apache-2.0
#include <demo/workbench.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>

BOOST_AUTO_TEST_SUITE(demo_workbench)

BOOST_AUTO_TEST_CASE(numbers) {
  using demo::number_in;
  BOOST_TEST((number_in("200", 200, 599) == 200));
  BOOST_TEST((number_in("599", 200, 599) == 599));
  BOOST_TEST((number_in("007", 0, 9) == 7));
  for (auto const *text :
       {"", "199", "600", "-1", "+200", " 200", "200 ", "2e2", "0x1f", "99999999999999999999"}) {
    BOOST_TEST(!number_in(text, 200, 599).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
