// SPDX-License-Identifier: Apache-2.0
// The rules of a head, one table a rule (RFC 9110, RFC 9112).
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include <loopmeter/http/head.hpp>

#include "reader.hpp"

using namespace std::literals;
using namespace loopmeter::http;
using test::parsed;

namespace {

parsed get_with(std::string_view fields) {
  return parsed("GET / HTTP/1.1\r\nHost: a\r\n"s + std::string(fields) + "\r\n");
}
parsed request_line(std::string_view line) {
  return parsed(std::string(line) + "\r\nHost: a\r\n\r\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_head)

BOOST_AUTO_TEST_CASE(gives_the_pieces_of_a_request) {
  parsed const p("POST /a/b?x=1&y HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
  BOOST_TEST(p.status == 0);
  BOOST_TEST((p.head.method == method::post));
  BOOST_TEST(p.head.http_1_1);
  BOOST_TEST(p.head.keep_alive);
  BOOST_TEST(!p.head.expects_continue);
  BOOST_TEST((p.head.framing == body_framing::length));
  BOOST_TEST(p.head.content_length == 12U);
  BOOST_TEST(p.in(p.head.target) == "/a/b?x=1&y");
  BOOST_TEST(p.in(p.head.path) == "/a/b");
  BOOST_TEST(p.in(p.head.query) == "x=1&y");
  BOOST_TEST(p.in(p.head.fields) == "Host: a\r\nContent-Length: 12\r\n");
}

BOOST_AUTO_TEST_CASE(knows_the_methods) {
  for (auto const name : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
    auto const p = request_line(std::string(name) + " / HTTP/1.1");
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(p.status == 0);
      BOOST_TEST(name_of(p.head.method) == name);
    }
  }
  for (auto const name : {"FOOBAR", "get", "Get", "GETS", "GE", "other", "M-SEARCH", "!#$%&'*+"}) {
    auto const p = request_line(std::string(name) + " / HTTP/1.1");
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(p.status == 501);
      BOOST_TEST((p.head.method == method::other));
    }
  }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_request_lines) {
  for (auto const line : {
           "GET /"sv,
           "GET  / HTTP/1.1"sv,
           "GET /  HTTP/1.1"sv,
           " GET / HTTP/1.1"sv,
           "GET\t/ HTTP/1.1"sv,
           "GET /\tHTTP/1.1"sv,
           "GET / HTTP/1.1 "sv,
           "GET /a b HTTP/1.1"sv,
           "GET /a b HTTP/2.0"sv,
           "GET /a\0b HTTP/1.1"sv,
           "GET /a\x01 HTTP/1.1"sv,
           "GET /a\x7f HTTP/1.1"sv,
           "GET / http/1.1"sv,
           "GET / HTTP/1"sv,
           "GET / HTTP/1.10"sv,
           "GET / HTTP/01.1"sv,
           "GET / HTTP/ 1.1"sv,
           "GET / HTTP/1,1"sv,
           "GET / HTTP/a.1"sv,
           "GET / HTTP/2.x"sv,
           "GET / HTTPS/2.0"sv,
           "GET / HTTP/2"sv,
           "GET / HTTP/2.0x"sv,
           "GET / HTTP/11"sv,
           "G=\":<>(e) / HTTP/1.1"sv,
           "G(T / HTTP/1.1"sv,
           "GET"sv,
           "/"sv,
           "GET HTTP/1.1"sv,
           "\x16\x03\x01\x02"sv,
           "HTTP/1.1 200 OK"sv,
           "GET / HTTP/1.5x"sv,
       }) {
    BOOST_TEST_CONTEXT(test::escaped(line)) {
      BOOST_TEST(request_line(line).status == 400);
    }
  }
}

BOOST_AUTO_TEST_CASE(tells_versions_apart) {
  for (auto const line : {"GET / HTTP/2.0", "GET / HTTP/9.9", "GET / HTTP/0.9", "GET / HTTP/3.1",
                          "PRI * HTTP/2.0", "FOO bar HTTP/2.0"}) {
    BOOST_TEST_CONTEXT(line) {
      BOOST_TEST(request_line(line).status == 505);
    }
  }
  BOOST_TEST(!request_line("GET / HTTP/1.0").head.http_1_1);
  BOOST_TEST(request_line("GET / HTTP/1.1").head.http_1_1);
  // A method that could be read is known although the request is refused.
  BOOST_TEST((request_line("PUT / HTTP/2.0").head.method == method::put));
  BOOST_TEST((request_line("PUT / FTP/1.1").head.method == method::put));
}

BOOST_AUTO_TEST_CASE(reads_higher_minor_versions_as_1_1) {
  for (char minor = '2'; minor <= '9'; ++minor) {
    BOOST_TEST_CONTEXT("HTTP/1." << minor) {
      auto const version = " HTTP/1."s + minor + "\r\n";
      parsed const p("POST /p?q" + version + "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      BOOST_TEST(p.status == 0);
      BOOST_TEST((p.head.method == method::post));
      BOOST_TEST(p.head.http_1_1);
      BOOST_TEST(p.head.keep_alive);
      BOOST_TEST((p.head.framing == body_framing::chunked));
      BOOST_TEST(p.in(p.head.target) == "/p?q");
      BOOST_TEST(p.in(p.head.path) == "/p");
      BOOST_TEST(p.in(p.head.query) == "q");
      BOOST_TEST(p.in(p.head.fields) == "Host: a\r\nTransfer-Encoding: chunked\r\n");
      // The rules are the same.
      BOOST_TEST(parsed("GET /" + version + "\r\n").status == 400);
      BOOST_TEST(parsed("GET x" + version + "Host: a\r\n\r\n").status == 400);
      BOOST_TEST(parsed("FOO /" + version + "Host: a\r\n\r\n").status == 501);
      BOOST_TEST(parsed("GET /" + version + "Host: a\r\nX : y\r\n\r\n").status == 400);
    }
  }
}

BOOST_AUTO_TEST_CASE(checks_the_target) {
  struct {
    std::string_view line;
    std::uint16_t status;
    std::string_view path;
    std::string_view query;
  } const table[] = {
      {"GET / HTTP/1.1", 0, "/", ""},
      {"GET /? HTTP/1.1", 0, "/", ""},
      {"GET /a?b?c HTTP/1.1", 0, "/a", "b?c"},
      {"GET //a HTTP/1.1", 0, "//a", ""},
      {"GET /%41%2f HTTP/1.1", 0, "/%41%2f", ""},
      {"GET /metrics?name[]=x HTTP/1.1", 0, "/metrics", "name[]=x"},
      {"GET http://a HTTP/1.1", 0, "/", ""},
      {"GET http://a?q HTTP/1.1", 0, "/", "q"},
      {"GET http://a/b?q HTTP/1.1", 0, "/b", "q"},
      {"GET HTTP://a:80/b HTTP/1.1", 0, "/b", ""},
      {"GET https://[::1]:8080/b HTTP/1.1", 0, "/b", ""},
      {"OPTIONS * HTTP/1.1", 0, "*", ""},
      {"GET * HTTP/1.1", 400, "", ""},
      {"HEAD * HTTP/1.1", 400, "", ""},
      {"FOO * HTTP/1.1", 400, "", ""},
      {"OPTIONS *x HTTP/1.1", 400, "", ""},
      {"OPTIONS *?x HTTP/1.1", 400, "", ""},
      {"GET foo HTTP/1.1", 400, "", ""},
      {"GET ! HTTP/1.1", 400, "", ""},
      {"GET ?a HTTP/1.1", 400, "", ""},
      {"GET a:80 HTTP/1.1", 400, "", ""},
      {"GET /a#b HTTP/1.1", 400, "", ""},
      {"GET /a?b#c HTTP/1.1", 400, "", ""},
      {"GET /a%zz HTTP/1.1", 400, "", ""},
      {"GET /a% HTTP/1.1", 400, "", ""},
      {"GET /a%4 HTTP/1.1", 400, "", ""},
      {"GET /?a%4 HTTP/1.1", 400, "", ""},
      {"GET /\x80 HTTP/1.1", 400, "", ""},
      {"GET /?\xe9 HTTP/1.1", 400, "", ""},
      {"GET /a\"b HTTP/1.1", 400, "", ""},
      {"GET http:///x HTTP/1.1", 400, "", ""},
      {"GET http:// HTTP/1.1", 400, "", ""},
      {"GET http://:80/ HTTP/1.1", 400, "", ""},
      {"GET http://u:p@a/ HTTP/1.1", 400, "", ""},
      {"GET http://u@a/ HTTP/1.1", 400, "", ""},
      {"GET http://a:b/ HTTP/1.1", 400, "", ""},
      {"GET http://a#b HTTP/1.1", 400, "", ""},
      {"GET ftp://a/ HTTP/1.1", 400, "", ""},
      {"GET urn:a HTTP/1.1", 400, "", ""},
      {"CONNECT a:80 HTTP/1.1", 501, "", ""},
      {"CONNECT a: HTTP/1.1", 400, "", ""},
      {"CONNECT a HTTP/1.1", 400, "", ""},
      {"CONNECT / HTTP/1.1", 400, "", ""},
      {"CONNECT http://a:80 HTTP/1.1", 400, "", ""},
  };
  for (auto const &row : table) {
    auto const p = request_line(row.line);
    BOOST_TEST_CONTEXT(test::escaped(row.line)) {
      BOOST_TEST(p.status == row.status);
      if (row.status == 0) {
        BOOST_TEST(p.in(p.head.path) == row.path);
        BOOST_TEST(p.in(p.head.query) == row.query);
        BOOST_TEST(p.head.query.offset <= p.size);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(wants_exactly_one_valid_host) {
  struct {
    std::string_view head;
    std::uint16_t status;
  } const table[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nhOsT:\t a:80 \t\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n", 400},
      {"GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 0},
      {"OPTIONS * HTTP/1.1\r\n\r\n", 400},
      {"FOO / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0},
      {"GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(test::escaped(row.head)) {
      BOOST_TEST(parsed(row.head).status == row.status);
    }
  }
}

BOOST_AUTO_TEST_CASE(checks_the_grammar_of_fields) {
  for (auto const good : {"X-Empty:\r\n"sv, "X: \r\n"sv, "X_Y: 1\r\n"sv,
                          "!#$%&'*+-.^_`|~1a: v\r\n"sv, "X: a\tb c\r\n"sv, "X: \x80\xff\r\n"sv,
                          "X::\r\n"sv, "Connection:\r\n"sv, "Connection: , a ,,b\r\n"sv}) {
    BOOST_TEST_CONTEXT(test::escaped(good)) {
      BOOST_TEST(get_with(good).status == 0);
    }
  }
  for (auto const bad : {"X : v\r\n"sv, ": v\r\n"sv, "NoColon\r\n"sv, "B[d]: v\r\n"sv,
                         "B d: v\r\n"sv, "X\x01: v\r\n"sv, "X\x80: v\r\n"sv, "X: a\0b\r\n"sv,
                         "X: a\x07\r\n"sv, "X: a\x7f\r\n"sv, "X: \x0b\r\n"sv, "X\rY: v\r\n"sv,
                         "X: a\rb\r\n"sv, "X: a\nY: b\r\n"sv, "Content\rLength: 5\r\n"sv}) {
    BOOST_TEST_CONTEXT(test::escaped(bad)) {
      BOOST_TEST(get_with(bad).status == 400);
    }
  }
}

// Bytes that the scanner would not let through: no crash, and no success beyond the bytes.
BOOST_AUTO_TEST_CASE(survives_what_the_scanner_would_refuse) {
  for (auto const bytes :
       {""sv, "G"sv, "GET / HTTP/1.1"sv, "GET / HTTP/1.1\r\n"sv, "\r\n\r\n"sv,
        "GET / HTTP/1.1\r\nHost: a\r\n"sv, "GET / HTTP/1.5"sv, "GET / HTTP/1.5\r\n"sv,
        "GET / HTTP/1.5\r\r\r"sv, "GET / HTTP/1.1\rXHost: a\r\n\r\n"sv, "GET / HTTP/1.1\r"sv,
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nmore"sv, "GET / HTTP/1.5\r\nHost: a\r\n\r\nmore"sv}) {
    BOOST_TEST_CONTEXT(test::escaped(bytes)) {
      BOOST_TEST(parsed(bytes).status == 400);
    }
  }
  // Folded values lie in a buffer that is gone: nothing may point there.
  parsed const folded("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n");
  BOOST_TEST(folded.status == 400);
}

BOOST_AUTO_TEST_SUITE_END()
