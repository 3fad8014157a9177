// SPDX-License-Identifier: Apache-2.0
// Bodies by length and chunked: content, verdict and place where they end, the same in every cut.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/http/body.hpp>

#include "reader.hpp"

using namespace std::literals;
using loopmeter::http::body_decoder;
using loopmeter::http::body_framing;
using loopmeter::http::body_limits;
using outcome = body_decoder::outcome;

namespace {

struct verdict {
  body_decoder::outcome outcome = body_decoder::outcome::need_more;
  std::uint16_t status = 0;
  std::size_t consumed = 0;
  std::string content = {};

  friend bool operator==(verdict const &, verdict const &) = default;
  friend std::ostream &operator<<(std::ostream &out, verdict const &v) {
    return out << "outcome " << static_cast<int>(v.outcome) << " status " << v.status
               << " consumed " << v.consumed << " content \"" << test::escaped(v.content) << '"';
  }
};

verdict decode(std::string_view bytes, std::vector<std::size_t> cuts, body_decoder decoder,
               body_limits const &limits) {
  cuts.push_back(bytes.size());
  verdict v;
  for (auto const cut : cuts) {
    auto const size = cut - v.consumed;
    auto const copy = std::make_unique<char[]>(size);  // exactly that size, for a sanitizer
    bytes.copy(copy.get(), size, v.consumed);
    std::size_t consumed = 0;
    v.outcome = decoder.decode({copy.get(), size}, v.content, limits, consumed);
    v.consumed += consumed;
    if (v.outcome != outcome::need_more) break;
  }
  v.status = decoder.status();
  return v;
}

void check(std::string_view bytes, verdict const &expected, body_limits const &limits = {},
           body_decoder const &decoder = {body_framing::chunked, 0}) {
  BOOST_TEST_CONTEXT(test::escaped(bytes)) {
    BOOST_TEST(decode(bytes, {}, decoder, limits) == expected);
    BOOST_TEST(decode(bytes, test::every_octet(bytes), decoder, limits) == expected);
    if (bytes.size() > 500) return;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      auto const in_two = decode(bytes, {cut}, decoder, limits);
      if (in_two == expected) continue;
      BOOST_TEST_CONTEXT("cut at " << cut) {
        BOOST_TEST(in_two == expected);
      }
      return;
    }
  }
}

void check_complete(std::string_view bytes, std::string_view content, std::string_view rest = {},
                    body_limits const &limits = {}) {
  check(std::string(bytes) + std::string(rest),
        {outcome::complete, 0, bytes.size(), std::string(content)}, limits);
}

// `bytes` up to the octet that is refused; what follows must not matter.
void check_refused(std::string_view bytes, std::uint16_t status, std::string_view content = {},
                   body_limits const &limits = {}) {
  verdict const expected{outcome::refused, status, bytes.size() - 1, std::string(content)};
  check(bytes, expected, limits);
  check(std::string(bytes) + "\r\n0\r\n\r\n", expected, limits);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_body)

BOOST_AUTO_TEST_CASE(no_body_is_complete_at_once) {
  check("GET", {outcome::complete, 0, 0}, {}, {});
  check("GET", {outcome::complete, 0, 0}, {}, {body_framing::none, 0});
  check("", {outcome::complete, 0, 0}, {}, {body_framing::length, 0});
}

BOOST_AUTO_TEST_CASE(takes_its_length) {
  check("hello", {outcome::complete, 0, 5, "hello"}, {}, {body_framing::length, 5});
  check("helloGET", {outcome::complete, 0, 5, "hello"}, {}, {body_framing::length, 5});
  check("hel\0\r\n"sv, {outcome::need_more, 0, 6, "hel\0\r\n"s}, {}, {body_framing::length, 7});
  check("", {outcome::need_more, 0, 0}, {}, {body_framing::length, 5});
}

BOOST_AUTO_TEST_CASE(limits_a_length_from_the_head_alone) {
  body_limits limits;
  limits.body_bytes_max = 5;
  verdict const too_large{outcome::refused, 413, 0};
  check("hello", {outcome::complete, 0, 5, "hello"}, limits, {body_framing::length, 5});
  check("", too_large, limits, {body_framing::length, 6});
  check("hello!", too_large, limits, {body_framing::length, 6});
  check("h", too_large, limits, {body_framing::length, std::numeric_limits<std::uint64_t>::max()});
  check("", {outcome::need_more, 0, 0}, {}, {body_framing::length, 1U << 20U});
  check("", too_large, {}, {body_framing::length, (1U << 20U) + 1});
  // What the caller did with earlier content does not matter.
  body_decoder decoder(body_framing::length, 4);
  std::string content = "of somebody else";
  std::size_t consumed = 0;
  BOOST_TEST((decoder.decode("abcd", content, limits, consumed) == outcome::complete));
  BOOST_TEST(content == "of somebody elseabcd");
}

BOOST_AUTO_TEST_CASE(joins_chunks) {
  check_complete("0\r\n\r\n", "");
  check_complete("0\r\n\r\n", "", "GET / HTTP/1.1\r\n\r\n");
  check_complete("5\r\nhello\r\n0\r\n\r\n", "hello", "\0"sv);
  check_complete("1\r\na\r\n2\r\nbc\r\n00\r\n\r\n", "abc");
  check_complete("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789");
  check_complete("0005\r\nhello\r\n000\r\n\r\n", "hello");
  check_complete("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello");
  check_complete("4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r");
  check_complete("10\r\n"s + std::string(16, 'x') + "\r\n0\r\n\r\n", std::string(16, 'x'));
}

BOOST_AUTO_TEST_CASE(waits_for_the_rest) {
  auto const bytes = "5;a=\"b\\\"c\"\r\nhello\r\n0;d\r\nX: y\r\n\r\n"sv;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto const head = bytes.find("hello");
    check(bytes.substr(0, size),
          {outcome::need_more, 0, size,
           std::string(size > head ? bytes.substr(head, std::min<std::size_t>(size - head, 5))
                                   : ""sv)});
  }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_sizes) {
  for (auto const bytes :
       {"\r"sv,    "\n"sv, ";"sv,    " "sv,   "x"sv,   "G"sv,     "+"sv,    "-"sv,
        "0x"sv,    "5g"sv, "1_"sv,   "5\n"sv, "5\0"sv, "5\r\r"sv, "5\rh"sv, "0\n"sv,
        "0\r\r"sv, "5,"sv, "\x80"sv, "@"sv,   "`"sv,   "/"sv,     ":"sv,    "1t"sv}) {
    check_refused(bytes, 400);
  }
  check_refused("00000000000000000", 400);  // size_digits_max and one
  check_refused("00000000000000001", 400);
  check_refused("5\r\nhello\r\n00000000000000000", 400, "hello");
}

BOOST_AUTO_TEST_CASE(wants_a_line_end_behind_a_chunk) {
  check_refused("5\r\nhello!", 400, "hello");
  check_refused("5\r\nhello\n", 400, "hello");
  check_refused("5\r\nhello0", 400, "hello");
  check_refused("5\r\nhello\r\r", 400, "hello");
  check_refused("5\r\nhello\rX", 400, "hello");
  check_refused("5\r\nhello\r\n\r", 400, "hello");
}

BOOST_AUTO_TEST_CASE(refuses_a_chunk_before_it_is_stored) {
  body_limits limits;
  limits.body_bytes_max = 26;
  check_complete("1a\r\n"s + std::string(26, 'x') + "\r\n0\r\n\r\n", std::string(26, 'x'), "",
                 limits);
  check_complete(
      "10\r\n"s + std::string(16, 'x') + "\r\na\r\n" + std::string(10, 'x') + "\r\n0\r\n\r\n",
      std::string(26, 'x'), "", limits);
  check_refused("1b", 413, "", limits);
  check_refused("1A0", 413, "", limits);
  check_refused("0000001b", 413, "", limits);
  check_refused("10\r\n"s + std::string(16, 'x') + "\r\nb", 413, std::string(16, 'x'), limits);
  check_refused("1a\r\n"s + std::string(26, 'x') + "\r\n1", 413, std::string(26, 'x'), limits);
  check_refused("FF", 413, "", limits);
  limits.body_bytes_max = 0;
  check_complete("0\r\n\r\n", "", "", limits);
  check_refused("1", 413, "", limits);
  check_refused("F", 413, "", limits);
  check_refused("100001", 413);  // 1 MiB and one
  check("100000\r\n", {outcome::need_more, 0, 8});
}

BOOST_AUTO_TEST_CASE(never_overflows) {
  body_limits limits;
  limits.body_bytes_max = std::numeric_limits<std::uint64_t>::max();
  check("FFFFFFFFFFFFFFFF\r\nhello", {outcome::need_more, 0, 23, "hello"}, limits);
  check_refused("10000000000000000", 413, "", limits);
  check_refused("FFFFFFFFFFFFFFFF0", 413, "", limits);
  limits.body_bytes_max -= 1;
  check_refused("FFFFFFFFFFFFFFFF", 413, "", limits);
  check("FFFFFFFFFFFFFFFE\r\nhello", {outcome::need_more, 0, 23, "hello"}, limits);
  check_refused("1\r\na\r\nFFFFFFFFFFFFFFFE", 413, "a", limits);
  check("1\r\na\r\nFFFFFFFFFFFFFFFD\r\n", {outcome::need_more, 0, 24, "a"}, limits);
}

BOOST_AUTO_TEST_CASE(reads_extensions) {
  for (auto const extension : {
           ";a"sv,
           ";a=b"sv,
           ";a=\"b\""sv,
           ";a=\"\""sv,
           ";a;b;c"sv,
           ";a=b;c=d"sv,
           ";a=\"b\";c"sv,
           " ;a"sv,
           "\t ; \ta"sv,
           " ; a = b"sv,
           ";a =b"sv,
           ";a= b"sv,
           ";a=b ;c"sv,
           ";a ;b"sv,
           ";a=\"b\" ;c"sv,
           ";a=\"b\"\t ;c"sv,
           ";a=\"\\\"\""sv,
           ";a=\"\\\\\""sv,
           ";a=\"\\a;=, \t\""sv,
           ";a=\"\x80\xff\""sv,
           ";!#$%&'*+-.^_`|~=1"sv,
           ";a=\"\\\x80\""sv,
           ";a=\"=;\";b=1"sv,
       }) {
    auto bytes = "5"s;
    bytes.append(extension).append("\r\nhello\r\n0").append(extension).append("\r\n\r\n");
    check_complete(bytes, "hello", "GET");
  }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_extensions) {
  for (auto const extension : {
           ";\r"sv,       ";;"sv,         "; \r"sv,        ";="sv,        ";\""sv,
           " \r"sv,       " a"sv,         "\t5"sv,         ";a \r"sv,     ";a b"sv,
           ";a=\r"sv,     ";a= \r"sv,     ";a=;"sv,        ";a=="sv,      ";a=b\""sv,
           ";a=b="sv,     ";a=b c"sv,     ";a=b \r"sv,     ";a=\"b\"c"sv, ";a=\"b\"\""sv,
           ";a=\"b\"="sv, ";a=\"b\" c"sv, ";a=\"b\" \r"sv, ";a=\"\r"sv,   ";a=\"\n"sv,
           ";a=\"\0"sv,   ";a=\"\x7f"sv,  ";a=\"\\\r"sv,   ";a=\"\\\n"sv, ";a=\"\\\0"sv,
           ";a\0"sv,      ";a\n"sv,       ";a\x80"sv,      ";a["sv,       ";a=["sv,
           ";a=b["sv,     ";a\r\r"sv,     ";a\rX"sv,       ";a=b\n"sv,    ";a=b\r\r"sv,
           "\r\r"sv,      ";a=\"b\"\n"sv, ";a=\"b\"\rX"sv, ";["sv,
       }) {
    std::string const text(extension);
    check_refused("5" + text, 400);
    check_refused("0" + text, 400);
  }
}

BOOST_AUTO_TEST_CASE(limits_extensions_of_all_chunks_together) {
  body_limits limits;
  limits.chunk_extension_bytes_max = 12;
  auto const chunk = "1;aaa\r\nx\r\n"s;  // four octets: "aaa" and the CR that ends it
  check_complete(chunk + chunk + chunk + "0\r\n\r\n", "xxx", "", limits);
  check_refused(chunk + chunk + chunk + "1;a", 413, "xxx", limits);
  check_refused("1;aaaaaaaaaaaaa", 413, "", limits);
  check_refused("1;a=\"bbbbbbbbbb", 413, "", limits);
  check_refused("1 ;           a", 413, "", limits);
  limits.chunk_extension_bytes_max = 0;
  check_complete("1\r\nx\r\n0\r\n\r\n", "x", "", limits);
  check_refused("1;a", 413, "", limits);
  check_refused("1;"s + std::string(4097, 'a'), 413);
  check("1;"s + std::string(4096, 'a'), {outcome::need_more, 0, 4098});
}

BOOST_AUTO_TEST_CASE(reads_and_forgets_trailers) {
  for (auto const trailer : {
           "X: y\r\n"sv,
           "X:\r\n"sv,
           "X:y\r\nZ: w\r\n"sv,
           "X: a\tb \x80\r\n"sv,
           "X: \"\r\n"sv,
           "Content-Length: 50\r\n"sv,
           "Transfer-Encoding: chunked\r\n"sv,
           "Connection: close\r\n"sv,
           "Host: b\r\n"sv,
           "X:POST / HTTP/1.1\r\n"sv,
       }) {
    check_complete("5\r\nhello\r\n0\r\n"s + std::string(trailer) + "\r\n", "hello", "GET /");
  }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_trailers) {
  for (auto const trailer : {
           " "sv,         "\t"sv,         ":"sv,         "X "sv,       "X\r"sv,     "X\n"sv,
           "\n"sv,        "\r\r"sv,       "\rX"sv,       "\0"sv,       "X\0"sv,     "X: \0"sv,
           "X: \x07"sv,   "X: \x7f"sv,    "X: a\n"sv,    "X: a\r\r"sv, "X: a\rb"sv, "X\x80"sv,
           "X: y\r\n "sv, "X: y\r\n\n"sv, "X: y\r\n:"sv, "GET "sv,     "X["sv,
       }) {
    check_refused("0\r\n"s + std::string(trailer), 400);
  }
}

BOOST_AUTO_TEST_CASE(limits_trailers) {
  body_limits limits;
  limits.trailer_bytes_max = 12;
  check_complete("0\r\nX: y\r\nZ: w\r\n\r\n", "", "", limits);
  check_refused("0\r\nX: y\r\nZ: w\r\nA", 431, "", limits);
  check_refused("0\r\nX: yyyyyyyyyy", 431, "", limits);
  check_refused("0\r\nXXXXXXXXXXXXX", 431, "", limits);
  limits.trailer_bytes_max = 0;
  check_complete("0\r\n\r\n", "", "", limits);
  check_refused("0\r\nX", 431, "", limits);
  check_refused("0\r\nX:"s + std::string(4095, 't'), 431);
  check("0\r\nX:"s + std::string(4094, 't'), {outcome::need_more, 0, 4099});
}

BOOST_AUTO_TEST_CASE(stays_refused_and_complete) {
  body_decoder decoder(body_framing::chunked, 0);
  std::string content;
  std::size_t consumed = 0;
  BOOST_TEST((decoder.decode("5\r\nhello!", content, {}, consumed) == outcome::refused));
  BOOST_TEST((decoder.decode("\r\n0\r\n\r\n", content, {}, consumed) == outcome::refused));
  BOOST_TEST(consumed == 0U);
  BOOST_TEST(decoder.status() == 400);

  decoder = {body_framing::chunked, 0};
  BOOST_TEST((decoder.decode("0\r\n\r\n", content, {}, consumed) == outcome::complete));
  BOOST_TEST((decoder.decode("5\r\n", content, {}, consumed) == outcome::complete));
  BOOST_TEST(consumed == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
