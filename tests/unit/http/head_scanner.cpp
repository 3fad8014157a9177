// SPDX-License-Identifier: Apache-2.0
// Where a head ends and what is refused before it is parsed: the same in every cut.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/http/head.hpp>

#include "reader.hpp"

using namespace std::literals;
using loopmeter::http::head_limits;
using loopmeter::http::head_scanner;
using outcome = head_scanner::outcome;

namespace {

struct verdict {
  head_scanner::outcome outcome = head_scanner::outcome::need_more;
  std::uint16_t status = 0;
  std::size_t head_size = 0;
  std::size_t skipped = 0;

  friend bool operator==(verdict const &, verdict const &) = default;
  friend std::ostream &operator<<(std::ostream &out, verdict const &v) {
    return out << "outcome " << static_cast<int>(v.outcome) << " status " << v.status << " size "
               << v.head_size << " skipped " << v.skipped;
  }
};

// Scans prefixes that end at `cuts` and the whole; stops at a verdict, as a connection does.
verdict scan(std::string_view bytes, std::vector<std::size_t> cuts, head_limits const &limits) {
  cuts.push_back(bytes.size());
  head_scanner scanner;
  for (auto const size : cuts) {
    // A copy of exactly that size: reading behind it is an error that a sanitizer sees.
    auto const copy = std::make_unique<char[]>(size);
    bytes.copy(copy.get(), size);
    auto const result = scanner.scan({copy.get(), size}, limits);
    if (result == outcome::complete) {
      return {result, 0, scanner.head_size(), scanner.skipped()};
    }
    if (result == outcome::refused) return {result, scanner.status()};
  }
  return {};
}

void check(std::string_view bytes, verdict const &expected, head_limits const &limits = {}) {
  BOOST_TEST_CONTEXT(test::escaped(bytes)) {
    BOOST_TEST(scan(bytes, {}, limits) == expected);
    BOOST_TEST(scan(bytes, test::every_octet(bytes), limits) == expected);
    if (bytes.size() > 2000) return;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      auto const in_two = scan(bytes, {cut}, limits);
      if (in_two == expected) continue;
      BOOST_TEST_CONTEXT("cut at " << cut) {
        BOOST_TEST(in_two == expected);
      }
      return;
    }
  }
}

verdict complete(std::size_t head_size, std::size_t skipped = 0) {
  return {outcome::complete, 0, head_size, skipped};
}
verdict refused(std::uint16_t status) {
  return {outcome::refused, status};
}
verdict need_more() {
  return {};
}

std::string repeat(std::string_view unit, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += unit;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_head_scanner)

BOOST_AUTO_TEST_CASE(finds_the_end) {
  check("GET / HTTP/1.1\r\n\r\n", complete(18));
  check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", complete(27));
  check("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n\r\n", complete(27));
  check("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n\r\n\r\n", complete(27));
  check("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\r\r", complete(38));
}

BOOST_AUTO_TEST_CASE(waits_for_the_end) {
  auto const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"s;
  for (std::size_t size = 0; size < head.size(); ++size)
    check(head.substr(0, size), need_more());
  check("\r\n", need_more());
  check("\r\n\r\n", need_more());
  check("\r\n\r\nGET", need_more());
}

BOOST_AUTO_TEST_CASE(skips_up_to_two_empty_lines) {
  check("\r\nGET / HTTP/1.1\r\n\r\n", complete(20, 2));
  check("\r\n\r\nGET / HTTP/1.1\r\n\r\n", complete(22, 4));
  check("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", refused(400));
  check(repeat("\r\n", 64), refused(400));
}

BOOST_AUTO_TEST_CASE(refuses_bare_line_ends) {
  for (auto const bytes : {
           "\n"sv,
           "\nGET / HTTP/1.1\r\n\r\n"sv,
           "GET / HTTP/1.1\n\n"sv,
           "GET / HTTP/1.1\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\r\n\n"sv,
           "GET / HTTP/1.1\r\r\n\r\n"sv,
           "GET /\r HTTP/1.1\r\n\r\n"sv,
           "\rGET / HTTP/1.1\r\n\r\n"sv,
           "\r\r\n"sv,
           "GET / HTTP/1.1\r\nX: a\rHost: a\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nX: a\r\r\n\r\n"sv,
           "GET / HTTP/1.1\r\n\r\r\n"sv,
       }) {
    check(bytes, refused(400));
  }
}

BOOST_AUTO_TEST_CASE(refuses_lines_that_begin_with_white_space) {
  check("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", refused(400));
  check("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", refused(400));
  check("GET / HTTP/1.1\r\n Host: a\r\n\r\n", refused(400));
  check("GET / HTTP/1.1\r\n \r\n\r\n", refused(400));
  check("GET / HTTP/1.1\r\nX:\r\n chunked\r\n\r\n", refused(400));
}

BOOST_AUTO_TEST_CASE(limits_the_head) {
  head_limits limits;
  limits.head_bytes_max = 64;
  auto const of_size = [](std::size_t size) {
    auto const rest = "GET / HTTP/1.1\r\nX: \r\n\r\n"sv.size();
    return "GET / HTTP/1.1\r\nX: "s + std::string(size - rest, 'x') + "\r\n\r\n";
  };
  BOOST_TEST(of_size(64).size() == 64U);
  check(of_size(63), complete(63), limits);
  check(of_size(64), complete(64), limits);
  check(of_size(65), refused(431), limits);
  check(of_size(66), refused(431), limits);
  check(of_size(300), refused(431), limits);
  // Skipped octets are not of the head.
  check("\r\n\r\n" + of_size(64), complete(68, 4), limits);
  check("\r\n\r\n" + of_size(65), refused(431), limits);
  // As soon as no end within the limit is possible.
  check(of_size(300).substr(0, 63), need_more(), limits);
  check(of_size(300).substr(0, 64), refused(431), limits);
  // A request line that fills the head is too long itself.
  check("GET /"s + std::string(100, 'x'), refused(414), limits);
  check("GET /"s + std::string(100, 'x') + " HTTP/1.1\r\n\r\n", refused(414), limits);
}

BOOST_AUTO_TEST_CASE(limits_the_request_line) {
  head_limits limits;
  limits.request_line_bytes_max = 40;
  auto const of_size = [](std::size_t size) {
    return "GET /"s + std::string(size - "GET / HTTP/1.1"sv.size(), 'x') + " HTTP/1.1";
  };
  check(of_size(39) + "\r\n\r\n", complete(43), limits);
  check(of_size(40) + "\r\n\r\n", complete(44), limits);
  check(of_size(41) + "\r\n\r\n", refused(414), limits);
  check(of_size(42) + "\r\n\r\n", refused(414), limits);
  check(std::string(41, 'A'), need_more(), limits);  // a CR may still have been the last
  check(std::string(42, 'A'), refused(414), limits);
  check("\r\n" + of_size(40) + "\r\n\r\n", complete(46, 2), limits);
  check("\r\n" + of_size(41) + "\r\n\r\n", refused(414), limits);
  // Only the request line: fields may be longer.
  check("GET / HTTP/1.1\r\nX: "s + std::string(60, 'x') + "\r\n\r\n", complete(83), limits);
}

BOOST_AUTO_TEST_CASE(limits_the_lines) {
  head_limits limits;
  limits.lines_max = 3;
  auto const with = [](std::size_t lines) {
    return "GET / HTTP/1.1\r\n" + repeat("a:\r\n", lines) + "\r\n";
  };
  check(with(0), complete(18), limits);
  check(with(3), complete(30), limits);
  check(with(4), refused(431), limits);
  check(with(50), refused(431), limits);
}

BOOST_AUTO_TEST_CASE(has_the_promised_defaults) {
  check("GET / HTTP/1.1\r\n" + repeat("a:\r\n", 100) + "\r\n", complete(418));
  check("GET / HTTP/1.1\r\n" + repeat("a:\r\n", 101) + "\r\n", refused(431));
  check("GET /"s + std::string(8 * 1024 - 1, 'x') + " HTTP/1.1\r\n\r\n", complete(8192 + 17));
  check("GET /"s + std::string(8 * 1024 + 64, 'x') + " HTTP/1.1\r\n\r\n", refused(414));
  check("GET / HTTP/1.1\r\nX: "s + std::string(16 * 1024 - 23, 'x') + "\r\n\r\n", complete(16384));
  check("GET / HTTP/1.1\r\nX: "s + std::string(16 * 1024 - 22, 'x') + "\r\n\r\n", refused(431));
}

BOOST_AUTO_TEST_CASE(stays_refused) {
  head_scanner scanner;
  auto const bytes = "GET / HTTP/1.1\n\r\nHost: a\r\n\r\n"sv;
  for (std::size_t size = 15; size <= bytes.size(); ++size) {
    BOOST_TEST((scanner.scan(bytes.substr(0, size), {}) == outcome::refused));
    BOOST_TEST(scanner.status() == 400);
  }
}

BOOST_AUTO_TEST_SUITE_END()
