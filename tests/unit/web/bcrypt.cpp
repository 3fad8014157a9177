// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/bcrypt.hpp>

#include <boost/test/unit_test.hpp>

#include <crypt.h>

#include <string>

using namespace loopmeter::web;

namespace {

// At cost 4: cheap enough for sanitizer builds.
std::string hash_of(std::string const &password) {
  static crypt_data data{};
  return ::crypt_rn(password.c_str(), "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(web_bcrypt)

BOOST_AUTO_TEST_CASE(forms) {
  std::string const good = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";
  BOOST_TEST(is_bcrypt_hash(good));
  BOOST_TEST(bcrypt_cost(good) == 10U);
  for (char minor : {'a', 'b', 'x', 'y'}) {
    auto other = good;
    other[2] = minor;
    BOOST_TEST(is_bcrypt_hash(other));
  }
  for (auto const &bad :
       {std::string(), std::string("password"), good + '.', good.substr(1), "$1" + good.substr(2),
        "$2z" + good.substr(3), "$2y$03" + good.substr(6), "$2y$17" + good.substr(6),
        "$2y$1x" + good.substr(6), good.substr(0, 59) + '*'}) {
    BOOST_TEST(!is_bcrypt_hash(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(right_and_wrong_passwords) {
  auto const hash = hash_of("secret");
  BOOST_REQUIRE(is_bcrypt_hash(hash));
  BOOST_TEST(bcrypt_matches("secret", hash));
  BOOST_TEST(bcrypt_matches("secret", "$2y" + hash.substr(3)));  // as htpasswd writes it
  BOOST_TEST(bcrypt_matches("secret", "$2a" + hash.substr(3)));
  BOOST_TEST(!bcrypt_matches("Secret", hash));
  BOOST_TEST(!bcrypt_matches("", hash));
  BOOST_TEST(bcrypt_matches("", hash_of("")));
}

BOOST_AUTO_TEST_CASE(a_nul_matches_nothing) {
  using namespace std::literals;
  BOOST_TEST(!bcrypt_matches("secret\0x"sv, hash_of("secret")));
  BOOST_TEST(!bcrypt_matches("\0"sv, hash_of("")));
}

BOOST_AUTO_TEST_CASE(seventy_two_octets_count) {
  std::string const longest(72, 'p');
  auto const hash = hash_of(longest);
  BOOST_TEST(bcrypt_matches(longest, hash));
  BOOST_TEST(bcrypt_matches(longest + "q", hash));
  BOOST_TEST(bcrypt_matches(longest + std::string(1000, 'q'), hash));
  BOOST_TEST(!bcrypt_matches(longest.substr(1), hash));
}

BOOST_AUTO_TEST_CASE(the_stand_in_is_a_hash) {
  for (unsigned cost : {bcrypt_cost_min, 10U, bcrypt_cost_max}) {
    auto const hash = bcrypt_stand_in(cost);
    BOOST_TEST(is_bcrypt_hash(hash), hash);
    BOOST_TEST(bcrypt_cost(hash) == cost);
  }
  BOOST_TEST(!bcrypt_matches("secret", bcrypt_stand_in(4)));
}

BOOST_AUTO_TEST_SUITE_END()
