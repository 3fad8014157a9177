// SPDX-License-Identifier: Apache-2.0
// Response heads, octet by octet.
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <locale>
#include <string>
#include <string_view>

#include <loopmeter/http/response.hpp>
#include <loopmeter/http/status.hpp>

using namespace std::literals;
using namespace loopmeter::http;

namespace {

constexpr auto date = "Sun, 06 Nov 1994 08:49:37 GMT"sv;

std::string head_of(response const &answer, head_context context = {}) {
  context.date = date;
  std::string out = "before|";
  append_head(out, answer, context);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_response)

BOOST_AUTO_TEST_CASE(appends_a_head) {
  BOOST_TEST(head_of(text("hello\n")) ==
             "before|HTTP/1.1 200 OK\r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Length: 6\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n"
             "\r\n");
}

BOOST_AUTO_TEST_CASE(appends_what_the_connection_adds) {
  head_context context;
  context.allow = "GET, HEAD";
  context.close = true;
  auto answer = error_response(405);
  answer.fields = "Retry-After: 1\r\nX-A: b\r\n";
  BOOST_TEST(head_of(answer, context) ==
             "before|HTTP/1.1 405 Method Not Allowed\r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Length: 23\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n"
             "Allow: GET, HEAD\r\n"
             "Connection: close\r\n"
             "Retry-After: 1\r\nX-A: b\r\n"
             "\r\n");
  BOOST_TEST(answer.body_bytes() == "405 Method Not Allowed\n");
}

BOOST_AUTO_TEST_CASE(says_one_thing_about_the_connection) {
  head_context context;
  BOOST_TEST(head_of(text("a"), context).find("Connection") == std::string::npos);
  context.keep_alive_1_0 = true;
  BOOST_TEST(head_of(text("a"), context).ends_with("\r\nConnection: keep-alive\r\n\r\n"));
  context.close = true;
  auto const head = head_of(text("a"), context);
  BOOST_TEST(head.ends_with("\r\nConnection: close\r\n\r\n"));
  BOOST_TEST(head.find("keep-alive") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(describes_the_body) {
  response answer;
  answer.content_type = application_json;
  BOOST_TEST(head_of(answer) ==
             "before|HTTP/1.1 200 OK\r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Length: 0\r\n"
             "\r\n");
  answer.typed_if_empty = true;
  BOOST_TEST(
      head_of(answer).ends_with("\r\nContent-Length: 0\r\nContent-Type: application/json\r\n\r\n"));
  answer.body_owned = "{}";
  BOOST_TEST(
      head_of(answer).ends_with("\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n"));
  answer.body = "static";
  BOOST_TEST(answer.body_bytes() == "static");
  BOOST_TEST(head_of(answer).find("Content-Length: 6\r\n") != std::string::npos);
  BOOST_TEST(text_owned("owned", 404).body_bytes() == "owned");
  BOOST_TEST(text_owned("owned", 404).status == 404);
  BOOST_TEST(text("static", 503).body_bytes() == "static");
}

BOOST_AUTO_TEST_CASE(frames_answers_without_content) {
  for (auto const status : std::initializer_list<std::uint16_t>{204, 304}) {
    auto const head = head_of(text("never sent", status));
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(head == "before|HTTP/1.1 "s + std::to_string(status) + " " +
                             std::string(reason_of(status)) + "\r\nDate: " + std::string(date) +
                             "\r\n\r\n");
    }
  }
  BOOST_TEST(head_of(text("never sent", 205)) ==
             "before|HTTP/1.1 205 Reset Content\r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Length: 0\r\n"
             "\r\n");
}

BOOST_AUTO_TEST_CASE(has_a_line_for_every_status) {
  for (std::uint16_t status = status_min; status <= status_max; ++status) {
    auto const answer = error_response(status);
    auto const line = std::to_string(status) + " " + std::string(reason_of(status));
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(head_of(answer).starts_with("before|HTTP/1.1 " + line + "\r\nDate: "));
      BOOST_TEST(answer.status == status);
      BOOST_TEST(answer.body_bytes() == line + "\n");
    }
  }
}

BOOST_AUTO_TEST_CASE(writes_lengths_in_plain_digits) {
  struct grouping final : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  auto const before = std::locale::global(std::locale(std::locale::classic(), new grouping));
  auto const head = head_of(text_owned(std::string(1234567, 'x')));
  std::locale::global(before);
  BOOST_TEST(head.find("\r\nContent-Length: 1234567\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
