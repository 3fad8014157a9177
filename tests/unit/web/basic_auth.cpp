// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/basic_auth.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using loopmeter::web::basic_credentials;

BOOST_AUTO_TEST_SUITE(web_basic_auth)

BOOST_AUTO_TEST_CASE(what_is_understood) {
  struct row {
    char const *field;
    char const *user;
    char const *password;
  };
  row const table[] = {
      {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},  // RFC 7617 section 2
      {"basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3"},                 // section 2.1
      {"BASIC YTpi", "a", "b"},
      {"Basic   YTpi", "a", "b"},
      {"Basic Og==", "", ""},
      {"Basic YTpiOmM=", "a", "b:c"},
  };
  for (auto const &r : table) {
    basic_credentials login;
    BOOST_TEST(login.parse(r.field), r.field);
    BOOST_TEST(login.user() == r.user);
    BOOST_TEST(login.password() == r.password);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not) {
  basic_credentials login;
  for (auto const &field :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic YQ=="),
        std::string("Bearer YTpi"), std::string("Basic YTp"), std::string("Basic YT=i"),
        std::string("Basic Y=pi"), std::string("Basic YTpi===="), std::string("Basic ===="),
        std::string("Basic YTpi YTpi"), std::string("Basic YTpi\tYTpi"), std::string("BasicYTpi"),
        std::string("Basic YT_i"), std::string("Basic \xff\xff\xff\xff"),
        "Basic " + std::string(1028, 'A')}) {
    BOOST_TEST(!login.parse(field), field);
    BOOST_TEST(login.user().empty());
    BOOST_TEST(login.password().empty());
  }
}

BOOST_AUTO_TEST_CASE(the_longest) {
  // 3 octets "a:b", then 765 of base64's zeros.
  auto const field = "Basic YTpi" + std::string(1020, 'A');
  basic_credentials login;
  BOOST_TEST(login.parse(field));
  BOOST_TEST(login.password().size() == 766U);
  BOOST_TEST(login.parse("Basic YTpi"));
  BOOST_TEST(login.password() == "b");
}

BOOST_AUTO_TEST_SUITE_END()
