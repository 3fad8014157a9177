// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/label_name.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_label_name)

BOOST_AUTO_TEST_CASE(names_of_prometheus_by_scheme) {
  BOOST_TEST(valid_label_name("a_b1", label_scheme::legacy));
  BOOST_TEST(!valid_label_name("1a", label_scheme::legacy));
  BOOST_TEST(!valid_label_name("a.b", label_scheme::legacy));
  BOOST_TEST(valid_label_name("a.b", label_scheme::utf8));
  BOOST_TEST(valid_label_name("grün", label_scheme::utf8));
  BOOST_TEST(!valid_label_name("\xff", label_scheme::utf8));
  BOOST_TEST(!valid_label_name("", label_scheme::utf8));
}

BOOST_AUTO_TEST_CASE(a_character_becomes_one_underscore) {
  BOOST_TEST(sanitized("app.kubernetes.io/name") == "app_kubernetes_io_name");
  BOOST_TEST(sanitized("grün") == "gr_n");
  BOOST_TEST(sanitized("\xff\xfe") == "__");
  BOOST_TEST(sanitized("1a") == "1a");
}

BOOST_AUTO_TEST_CASE(names_of_kubernetes) {
  for (char const *good : {"a", "a-b_c.D", "example.com/a", "a.b-c.d/x"}) {
    BOOST_TEST(why_not_qualified_name(good).empty(), good);
  }
  for (char const *bad : {"", "-a", "a-", "a b", "/a", "a/", "A.b/c", "a/b/c", "a..b/c"}) {
    BOOST_TEST(!why_not_qualified_name(bad).empty(), bad);
  }
  BOOST_TEST(why_not_qualified_name(std::string(63, 'a')).empty());
  BOOST_TEST(!why_not_qualified_name(std::string(64, 'a')).empty());
  BOOST_TEST(why_not_label_value("").empty());
  BOOST_TEST(!why_not_label_value("a b").empty());
}

BOOST_AUTO_TEST_CASE(utf8_as_go_sees_it) {
  BOOST_TEST(valid_utf8("aé€😀"));
  for (char const *bad :
       {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    BOOST_TEST(!valid_utf8(bad));
  }
}

BOOST_AUTO_TEST_SUITE_END()
