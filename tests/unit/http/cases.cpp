// SPDX-License-Identifier: Apache-2.0
// The cases of tests/functional/http_cases without a server: the bytes go through scanner, parser
// and decoder, whole and in random cuts, and what becomes of them is judged by the stricter column.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#if defined(__GNUC__) && !defined(__clang__)
// With sanitizers GCC 12 takes Boost.JSON's empty array for one that is copied out of bounds.
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif
#include <boost/json/src.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reader.hpp"

namespace json = boost::json;
using namespace std::literals;

namespace {

json::array const &cases() {
  static json::value const document = [] {
    std::ifstream file(LOOPMETER_HTTP_CASES);
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text);  // throws if the file is not there
  }();
  return document.as_array();
}

std::string_view text_of(json::value const &value) {
  return {value.as_string().data(), value.as_string().size()};
}

void replace_all(std::string &text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// "\r", "\n", "\t", "\\" and "\x41" as in a Python literal, then the names in at signs.
std::string bytes_of(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    switch (raw.at(++i)) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '\\':
        out += '\\';
        break;
      case 'x':
        out += static_cast<char>(std::stoi(std::string(raw.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      default:
        throw std::invalid_argument("unknown escape in a case");
    }
  }
  replace_all(out, "@GET@", "/");
  replace_all(out, "@POST@", "/echo");
  replace_all(out, "@METRICS@", "/metrics");
  for (auto at = out.find("@R:"); at != std::string::npos; at = out.find("@R:", at)) {
    auto const colon = out.find(':', at + 3);
    auto const end = out.find('@', colon);
    auto const unit = out.substr(colon + 1, end - colon - 1);
    std::string repeated;
    for (auto left = std::stoi(out.substr(at + 3)); left > 0; --left)
      repeated += unit;
    out.replace(at, end + 1 - at, repeated);
  }
  return out;
}

std::vector<std::size_t> random_cuts(std::string_view bytes, std::mt19937 &random) {
  std::vector<std::size_t> cuts;
  for (auto left = 1 + random() % 12; left > 0; --left)
    cuts.push_back(random() % bytes.size());
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

bool names_status(json::array const &wanted, unsigned status) {
  return std::any_of(wanted.begin(), wanted.end(), [status](json::value const &one) {
    if (one.is_int64()) return one.as_int64() == status;
    return status != 0 && text_of(one).front() == static_cast<char>('0' + status / 100);
  });
}

// Accepted here means that a handler answers: the page, or that there is none such.
bool names_an_answer(json::array const &wanted) {
  return names_status(wanted, 200) || names_status(wanted, 404) || names_status(wanted, 405);
}

void judge(json::object const &one, test::reader const &result) {
  auto const &expect = one.at("expect").as_object();
  auto const *prefer = one.if_contains("prefer");
  auto const &wanted = (prefer != nullptr ? *prefer : expect.at("status")).as_array();
  auto const &requests = result.requests;
  if (requests.empty()) {  // not complete, so a deadline or the end of the stream decides
    BOOST_TEST(result.pending());
    BOOST_TEST((names_status(wanted, 0) || names_status(wanted, 408)));
    return;
  }
  auto const &first = requests.front();
  BOOST_TEST_INFO("first: " << first);
  if (first.status != 0) {
    BOOST_TEST(names_status(wanted, first.status));
  } else {
    BOOST_TEST(names_an_answer(wanted));
    if (auto const *body = expect.if_contains("body")) BOOST_TEST(first.content == text_of(*body));
  }
  if (auto const *responses = expect.if_contains("responses")) {
    auto const *max = responses->as_object().if_contains("max");
    auto const *exact = responses->as_object().if_contains("exact");
    if (max != nullptr) BOOST_TEST(static_cast<std::int64_t>(requests.size()) <= max->as_int64());
    if (exact != nullptr) {
      BOOST_TEST(static_cast<std::int64_t>(requests.size()) == exact->as_int64());
    }
  }
  auto const &close = expect.at("close");
  if (close.is_bool()) BOOST_TEST(result.closed == close.as_bool());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_cases)

BOOST_AUTO_TEST_CASE(get_the_verdict_that_we_hold_ourselves_to) {
  std::mt19937 random(20250101);
  unsigned judged = 0;
  for (auto const &value : cases()) {
    auto const &one = value.as_object();
    // Deadlines and steps with pauses need a server.
    if (one.at("group") == "time" || one.if_contains("steps") != nullptr) continue;
    auto const bytes = bytes_of(text_of(one.at("raw_escaped")));
    BOOST_TEST_CONTEXT(text_of(one.at("id")) << ": " << test::escaped(bytes)) {
      auto const whole = test::read_in_pieces(bytes, {});
      judge(one, whole);
      ++judged;
      for (int i = 0; i < 16; ++i) {
        auto const cuts = random_cuts(bytes, random);
        auto const pieces = test::read_in_pieces(bytes, cuts);
        BOOST_TEST(pieces.requests == whole.requests, boost::test_tools::per_element());
        BOOST_TEST(pieces.closed == whole.closed);
      }
      if (bytes.size() > 1000) continue;
      auto const bytewise = test::read_in_pieces(bytes, test::every_octet(bytes));
      BOOST_TEST(bytewise.requests == whole.requests, boost::test_tools::per_element());
    }
  }
  BOOST_TEST(judged > 150U);
}

// So that a judge that is always content is found out.
BOOST_AUTO_TEST_CASE(judge_tells_wrong_from_right) {
  json::array const wanted{400, "2xx"};
  BOOST_TEST(names_status(wanted, 400));
  BOOST_TEST(names_status(wanted, 204));
  BOOST_TEST(!names_status(wanted, 401));
  BOOST_TEST(!names_status(wanted, 0));
  BOOST_TEST(names_status(json::array{408, 0}, 0));
  BOOST_TEST(names_an_answer(wanted));
  BOOST_TEST(!names_an_answer(json::array{400, 501}));
}

BOOST_AUTO_TEST_CASE(decode_to_bytes) {
  BOOST_TEST(bytes_of("@GET@ @POST@ @METRICS@") == "/ /echo /metrics");
  BOOST_TEST(bytes_of("a\\r\\n\\t\\\\\\x00\\xfFz") == "a\r\n\t\\\0\xffz"s);
  BOOST_TEST(bytes_of("<@R:3:ab@@R:2:\\r\\n@>") == "<ababab\r\n\r\n>");
}

BOOST_AUTO_TEST_SUITE_END()
