// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include <loopmeter/http/ascii.hpp>
#include <loopmeter/http/uri.hpp>

#include "reader.hpp"

using namespace std::literals;
using namespace loopmeter::http;

BOOST_AUTO_TEST_SUITE(http_uri)

BOOST_AUTO_TEST_CASE(accepts_valid_hosts) {
  for (auto const host : {
           "a"sv,
           "localhost"sv,
           "LOCALHOST"sv,
           "a.b-c.example"sv,
           "a.b."sv,
           "127.0.0.1"sv,
           "a:80"sv,
           "a:"sv,
           "a:0080"sv,
           "a_b"sv,
           "~a"sv,
           "a%20b"sv,
           "%e4%BD%a0:1"sv,
           "a!$&'()*+,;=b"sv,
           "999.1.1.1"sv,
           "[::1]"sv,
           "[::1]:8080"sv,
           "[::1]:"sv,
           "[::]"sv,
           "[2001:db8::1:2]"sv,
           "[1:2:3:4:5:6:7:8]"sv,
           "[::ffff:192.0.2.1]:80"sv,
           "[FE80::A]"sv,
           "[v1.a]"sv,
           "[VF.a:b~]:1"sv,
           "[1:2:3:4:5:6:7::]"sv,
       }) {
    BOOST_TEST_CONTEXT(host) {
      BOOST_TEST(is_host_field(host));
    }
  }
}

BOOST_AUTO_TEST_CASE(refuses_invalid_hosts) {
  for (auto const host : {
           ""sv,
           ":80"sv,
           ":"sv,
           "a b"sv,
           " a"sv,
           "a "sv,
           "a/b"sv,
           "a?b"sv,
           "a#b"sv,
           "a@b"sv,
           "u:p@a"sv,
           "a:b"sv,
           "a:-1"sv,
           "a:+1"sv,
           "a:8 0"sv,
           "a:80:90"sv,
           "a:8%30"sv,
           "a\\"sv,
           "a\"b"sv,
           "a<b"sv,
           "a|b"sv,
           "a^b"sv,
           "a`b"sv,
           "a{b}"sv,
           "a%"sv,
           "a%4"sv,
           "a%zz"sv,
           "a%4g"sv,
           "%"sv,
           "%4"sv,
           "a\x01"sv,
           "a\0b"sv,
           "a\x7f"sv,
           "a\xe9"sv,
           "a\tb"sv,
           "http://a"sv,
           "["sv,
           "]"sv,
           "[]"sv,
           "[::1"sv,
           "::1"sv,
           "[::1]x"sv,
           "x[::1]"sv,
           "[::1]]"sv,
           "[[::1]]"sv,
           "[::1]:x"sv,
           "[::1]::80"sv,
           "[::1]80"sv,
           "[a]"sv,
           "[127.0.0.1]"sv,
           "[:::1]"sv,
           "[1::2::3]"sv,
           "[12345::]"sv,
           "[1:2:3:4:5:6:7]"sv,
           "[1:2:3:4:5:6:7:8:9]"sv,
           "[::1\0]"sv,
           "[::1\0x]"sv,
           "[::1%25eth0]"sv,
           "[::g]"sv,
           "[ ::1]"sv,
           "[::ffff:999.0.2.1]"sv,
           "[v.a]"sv,
           "[v1.]"sv,
           "[v1a]"sv,
           "[vg.a]"sv,
           "[x1.a]"sv,
           "[v1.a/b]"sv,
           "[v1.a%20]"sv,
           "[v]"sv,
           "[.a]"sv,
           "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"sv,
       }) {
    BOOST_TEST_CONTEXT(test::escaped(host)) {
      BOOST_TEST(!is_host_field(host));
    }
  }
}

// Each octet alone, against the grammar as it is written in RFC 3986.
BOOST_AUTO_TEST_CASE(classifies_every_octet) {
  constexpr auto alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"sv;
  auto const host = std::string(alphanumeric) + "-._~!$&'()*+,;=";
  auto const path = host + ":@/";
  auto const token = std::string(alphanumeric) + "!#$%&'*+-.^_`|~";
  for (unsigned octet = 0; octet < 256; ++octet) {
    auto const c = static_cast<char>(octet);
    std::string const two{'a', c};
    target_parts parts;
    BOOST_TEST_CONTEXT("octet " << octet) {
      BOOST_TEST(is_token(two) == (token.find(c) != std::string::npos));
      BOOST_TEST(is_host_field(two) == (c == ':' || host.find(c) != std::string::npos));
      bool const in_path = c == '?' || path.find(c) != std::string::npos;
      BOOST_TEST(split_target("/" + two, parts) == in_path);
      bool const in_query = octet > 0x20 && octet < 0x7f && c != '#' && c != '%';
      BOOST_TEST(split_target("/?" + two, parts) == in_query);
    }
  }
  BOOST_TEST(!is_token(""));
}

BOOST_AUTO_TEST_CASE(wants_a_port_for_connect) {
  for (auto const good : {"a:80"sv, "[::1]:80"sv, "127.0.0.1:1"sv}) {
    BOOST_TEST_CONTEXT(good) {
      BOOST_TEST(is_authority_with_port(good));
    }
  }
  for (auto const bad : {""sv, "a"sv, "a:"sv, ":80"sv, "[::1]"sv, "[::1]:"sv, "a:b"sv, "/"sv, "*"sv,
                         "a:80/"sv, "http://a:80"sv, "u@a:80"sv}) {
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(!is_authority_with_port(bad));
    }
  }
}

BOOST_AUTO_TEST_CASE(splits_targets) {
  struct {
    std::string_view target;
    std::string_view path;
    std::string_view query;
  } const table[] = {
      {"/", "/", ""},
      {"/a/b", "/a/b", ""},
      {"/a?", "/a", ""},
      {"/a?b=c&d", "/a", "b=c&d"},
      {"/a?b?c/d", "/a", "b?c/d"},
      {"/%00%fF", "/%00%fF", ""},
      {"/?%41", "/", "%41"},
      {"//", "//", ""},
      {"//a:b@c", "//a:b@c", ""},
      {"*", "*", ""},
      {"http://a", "/", ""},
      {"http://a/", "/", ""},
      {"http://a?", "/", ""},
      {"http://a?b/c", "/", "b/c"},
      {"http://a:80/b?c", "/b", "c"},
      {"hTTpS://[::1]/b", "/b", ""},
      {"http://a//b", "//b", ""},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(row.target) {
      target_parts parts;
      BOOST_TEST(split_target(row.target, parts));
      BOOST_TEST(parts.path == row.path);
      BOOST_TEST(parts.query == row.query);
      auto const is_inside = [&](std::string_view part) {  // so that an offset can be made of it
        return part.data() >= row.target.data() &&
               part.data() + part.size() <= row.target.data() + row.target.size();
      };
      BOOST_TEST(is_inside(parts.path));
      BOOST_TEST(is_inside(parts.query));
    }
  }
}

BOOST_AUTO_TEST_CASE(refuses_other_targets) {
  for (auto const target : {
           ""sv,
           "a"sv,
           "a/b"sv,
           "?a"sv,
           "**"sv,
           "*/"sv,
           "/a#"sv,
           "/#a"sv,
           "/a?b#c"sv,
           "/%"sv,
           "/%a"sv,
           "/%ag"sv,
           "/?%"sv,
           "/?%1"sv,
           "/a b"sv,
           "/\\a"sv,
           "/a\x80"sv,
           "/a\0"sv,
           "http:"sv,
           "http:/"sv,
           "http:/a"sv,
           "http://"sv,
           "http:///a"sv,
           "http://?a"sv,
           "http://:80/"sv,
           "http://u@a/"sv,
           "http://u:p@a/"sv,
           "http://a b/"sv,
           "http://a#b"sv,
           "http://a:x/"sv,
           "http://[::1/"sv,
           "http://a/#b"sv,
           "http://a/%"sv,
           "http://a?%"sv,
           "ftp://a/"sv,
           "httpx://a/"sv,
           "://a/"sv,
           " http://a/"sv,
           "ws://a/"sv,
           "http://a\\b/"sv,
       }) {
    target_parts parts;
    BOOST_TEST_CONTEXT(test::escaped(target)) {
      BOOST_TEST(!split_target(target, parts));
    }
  }
}

BOOST_AUTO_TEST_CASE(folds_ascii_only) {
  BOOST_TEST(iequals("", ""));
  BOOST_TEST(iequals("Chunked", "cHUNKED"));
  BOOST_TEST(!iequals("a", "b"));
  BOOST_TEST(!iequals("a", "ab"));
  BOOST_TEST(!iequals("@", "`"));        // 0x40 and 0x60
  BOOST_TEST(!iequals("[", "{"));        // 0x5b and 0x7b
  BOOST_TEST(!iequals("\xc4", "\xe4"));  // Latin-1 umlauts
  BOOST_TEST(trim(" \t a b\t ") == "a b");
  BOOST_TEST(trim(" \t ") == "");
  BOOST_TEST(trim("\r\n\v") == "\r\n\v");
}

BOOST_AUTO_TEST_SUITE_END()
