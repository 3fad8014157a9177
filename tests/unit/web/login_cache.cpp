// SPDX-License-Identifier: Apache-2.0
// The cache, and the digests that it is asked by.
#include <loopmeter/web/login_cache.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace loopmeter::web;

BOOST_AUTO_TEST_SUITE(web_login_cache)

BOOST_AUTO_TEST_CASE(digests_tell_logins_apart) {
  login_digester one;
  login_digester other;
  auto const digest = one.of("user", "hash", "password");
  BOOST_TEST((one.of("user", "hash", "password") == digest));
  BOOST_TEST(
      (other.of("user", "hash", "password") == digest));  // of the process, not of the object
  BOOST_TEST((one.of("userh", "ash", "password") != digest));
  BOOST_TEST((one.of("user", "hashp", "assword") != digest));
  BOOST_TEST((one.of("user", "hash2", "password") != digest));
  BOOST_TEST((one.of("user", "hash", "Password") != digest));
}

BOOST_AUTO_TEST_CASE(remembers_both_verdicts) {
  login_digester digester;
  login_cache cache;
  auto const right = digester.of("a", "h", "right");
  auto const wrong = digester.of("a", "h", "wrong");
  BOOST_TEST(!cache.find(right).has_value());
  cache.learn(right, true);
  cache.learn(wrong, false);
  BOOST_TEST(cache.find(right).value());
  BOOST_TEST(!cache.find(wrong).value());
}

BOOST_AUTO_TEST_CASE(guesses_do_not_drive_out_who_is_right) {
  login_digester digester;
  login_cache cache;
  auto const right = digester.of("a", "h", "right");
  auto const first = digester.of("a", "h", "0");
  cache.learn(right, true);
  for (int i = 0; i < 1000; ++i)
    cache.learn(digester.of("a", "h", std::to_string(i)), false);
  BOOST_TEST(cache.find(right).value());
  BOOST_TEST(!cache.find(first).has_value());  // it is bounded
  BOOST_TEST(!cache.find(digester.of("a", "h", "999")).value());
}

BOOST_AUTO_TEST_SUITE_END()
