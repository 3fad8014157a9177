// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/sources/url.hpp>

#include <boost/test/unit_test.hpp>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(sources_url)

BOOST_AUTO_TEST_CASE(parts) {
  auto const whole = parse_url("https://me:s%40crt@prom.example:9443/a/b//");
  BOOST_TEST(whole.tls);
  BOOST_TEST(whole.user == "me");
  BOOST_TEST(whole.password == "s@crt");
  BOOST_TEST(whole.host == "prom.example");
  BOOST_TEST(whole.port == "9443");
  BOOST_TEST(whole.path == "/a/b");
  BOOST_TEST(whole.text() == "https://prom.example:9443/a/b");  // without the password
  auto const short_one = parse_url("http://a");
  BOOST_TEST(short_one.port == "80");
  BOOST_TEST(short_one.path == "");
  BOOST_TEST(parse_url("https://a/").port == "443");
  auto const six = parse_url("http://[::1]:9090");
  BOOST_TEST(six.host == "::1");
  BOOST_TEST(six.text() == "http://[::1]:9090");
}

BOOST_AUTO_TEST_CASE(refused) {
  for (char const *text :
       {"", "prom:9090", "ftp://a", "http://", "http://:80", "http://a:", "http://a:0",
        "http://a:65536", "http://a:9090x", "http://[::1", "http://[::1]x", "http://a/?q=1",
        "http://a/#f", "http://a b", "http://a\n", "http://%@a", "http://x%4@a", "http://x%4g@a"}) {
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_THROW(parse_url(text), input_error);
  }
  try {
    parse_url("http://me:secret@a:x");
    BOOST_ERROR("no error");
  } catch (input_error const &error) {
    BOOST_TEST(std::string_view(error.what()).find("secret") == std::string_view::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
