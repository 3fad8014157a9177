// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/go_regex.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

namespace {

std::string expanded(char const *pattern, char const *text, char const *to) {
  auto const regex = go_regex::anchored(pattern);
  auto const found = regex.find(text);
  return found ? regex.expand(to, *found) : "no match";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_go_regex)

BOOST_AUTO_TEST_CASE(anchored_as_prometheus_anchors) {
  BOOST_TEST(go_regex::anchored("a|b").matches("a"));
  BOOST_TEST(!go_regex::anchored("a|b").matches("ab"));
  BOOST_TEST(go_regex::anchored("a.b").matches("a\nb"));
  BOOST_TEST(!go_regex::anchored("a").matches("a\n"));
  // Who closes the group leaves the anchors.
  BOOST_TEST(go_regex::anchored("a)|(?:b").matches("ax"));
}

BOOST_AUTO_TEST_CASE(the_dialect_of_go) {
  for (char const *good : {"(?<year>\\d+)", "(?P<year>\\d+)", "[[:alpha:]]", "\\pL", "a{1000}",
                           "\\Qa(b\\E", "[](?<x>]", "(?i)a", "[^]a]"}) {
    BOOST_TEST(go_regex::anchored(good).error() == "", good);
  }
  for (char const *bad : {"me(trics", "a{1001}", "(?=a)", "\\C", "a**", "(a)\\1", "[b-a]"}) {
    BOOST_TEST(go_regex::anchored(bad).error() != "", bad);
  }
}

BOOST_AUTO_TEST_CASE(templates) {
  BOOST_TEST(expanded("(.*)-(.*)", "a-b", "$2/$1") == "b/a");
  BOOST_TEST(expanded("(.*)", "a", "${1}x") == "ax");
  BOOST_TEST(expanded("(.*)", "a", "$1x") == "");  // a group of that name
  BOOST_TEST(expanded("(.*)", "a", "$$1") == "$1");
  BOOST_TEST(expanded("(.*)", "a", "$") == "$");
  BOOST_TEST(expanded("(.*)", "a", "${1") == "${1");
  BOOST_TEST(expanded("(.*)", "a", "$-x") == "$-x");
  BOOST_TEST(expanded("(.*)", "a", "$9") == "");
  BOOST_TEST(expanded("(.*)", "a", "$01") == "");
  BOOST_TEST(expanded("(?<n>.*)", "a", "<$n>") == "<a>");
  BOOST_TEST(expanded("a|(b)", "a", "[$1]") == "[]");
  BOOST_TEST(expanded("(.*)", "a", "$1é") == "");  // a letter
  BOOST_TEST(go_regex::anchored("__meta_(.+)").replace_all("__meta_x", "k_$1") == "k_x");
}

BOOST_AUTO_TEST_CASE(case_by_character) {
  BOOST_TEST(upper_case("grün-é1") == "GRÜN-É1");
  BOOST_TEST(lower_case("GRÜN-Ж") == "grün-ж");
  BOOST_TEST(lower_case("a\xff"
                        "B") ==
             "a\xef\xbf\xbd"
             "b");
}

BOOST_AUTO_TEST_SUITE_END()
