// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/policy.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <loopmeter/web/bcrypt.hpp>

using namespace loopmeter::web;

BOOST_AUTO_TEST_SUITE(web_policy)

BOOST_AUTO_TEST_CASE(of_nothing) {
  policy const made(config{}, "demo");
  BOOST_TEST((made.tls() == nullptr));
  BOOST_TEST(made.header_lines().empty());
  BOOST_TEST(!made.asks_for_login());
  BOOST_TEST(made.allow({}));
}

BOOST_AUTO_TEST_CASE(lines_are_ready_to_be_sent) {
  config chosen;
  chosen.headers = {{"X-Frame-Options", "deny"}, {"X-XSS-Protection", "0"}};
  policy const made(chosen, "demo");
  BOOST_TEST(made.header_lines() == "X-Frame-Options: deny\r\nX-XSS-Protection: 0\r\n");
  BOOST_TEST(made.challenge() == "WWW-Authenticate: Basic realm=\"demo\", charset=\"UTF-8\"\r\n");
}

// To check somebody who is not known must take as long as the dearest of those who are.
BOOST_AUTO_TEST_CASE(an_unknown_user_costs_what_a_known_one_does) {
  config chosen;
  chosen.users = {{"a", bcrypt_stand_in(5)}, {"b", bcrypt_stand_in(11)}};
  policy const made(chosen, "demo");
  BOOST_TEST(made.asks_for_login());
  BOOST_TEST(made.find_user("a").known);
  BOOST_TEST(made.find_user("a").hash == bcrypt_stand_in(5));
  BOOST_TEST(!made.find_user("c").known);
  BOOST_TEST(bcrypt_cost(made.find_user("c").hash) == 11U);
}

BOOST_AUTO_TEST_SUITE_END()
