// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <loopmeter/http/method.hpp>

using namespace loopmeter::http;

BOOST_AUTO_TEST_SUITE(http_method)

BOOST_AUTO_TEST_CASE(names_and_methods_are_one_to_one) {
  BOOST_TEST(name_of(method::get) == "GET");
  BOOST_TEST(name_of(method::delete_) == "DELETE");
  BOOST_TEST(name_of(method::connect) == "CONNECT");
  BOOST_TEST(name_of(method::other) == "other");
  for (std::size_t i = 0; i < method_names.size(); ++i) {
    BOOST_TEST((method_of(method_names[i]) == static_cast<method>(i)));
  }
}

BOOST_AUTO_TEST_CASE(everything_else_is_other) {
  for (auto const *token : {"", "get", "Get", "GE", "GETT", "GET ", " GET", "FOOBAR", "delete_"}) {
    BOOST_TEST_CONTEXT(token) {
      BOOST_TEST((method_of(token) == method::other));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
