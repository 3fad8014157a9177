// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/form.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using loopmeter::server::form_value;
using loopmeter::server::form_values;
using values = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(server_form)

BOOST_AUTO_TEST_CASE(values_of_one_name) {
  BOOST_TEST((form_values("name[]=a&b=c&name[]=d", "name[]") == values{"a", "d"}));
  BOOST_TEST((form_values("name%5B%5D=a&name%5b]=b", "name[]") == values{"a", "b"}));
  BOOST_TEST((form_values("a&a=&&=x", "a") == values{"", ""}));
  BOOST_TEST((form_values("a=b=c", "a") == values{"b=c"}));
  BOOST_TEST(form_values("", "a").empty());
  BOOST_TEST(form_values("ab=1", "a").empty());
}

BOOST_AUTO_TEST_CASE(decoding) {
  BOOST_TEST(form_value("a=x%20y+z", "a") == "x y z");
  BOOST_TEST(form_value("a=%c3%A9", "a") == "\xc3\xa9");
  BOOST_TEST(form_value("a=%zz%4", "a") == "%zz%4");
  BOOST_TEST(form_value("b=1", "a", "none") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
