// SPDX-License-Identifier: Apache-2.0
// From the bytes of a request to the head of its answer nothing is allocated.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <loopmeter/http/body.hpp>
#include <loopmeter/http/date.hpp>
#include <loopmeter/http/head.hpp>
#include <loopmeter/http/response.hpp>
#include <loopmeter/http/router.hpp>

#include "counted_new.hpp"
#include "sanitized.hpp"

using namespace std::literals;
using namespace loopmeter::http;

namespace {

// One request as a worker answers it; false if anything went wrong.
bool answer(std::string_view bytes, router const &routes, date_cache &dates, std::int64_t now,
            std::string &content, std::string &out) {
  head_scanner scanner;
  if (scanner.scan(bytes, {}) != head_scanner::outcome::complete) return false;
  head request;
  if (parse_head(bytes.substr(0, scanner.head_size()), request) != 0) return false;
  body_decoder decoder(request.framing, request.content_length);
  std::size_t consumed = 0;
  auto const body = decoder.decode(bytes.substr(scanner.head_size()), content, {}, consumed);
  if (body != body_decoder::outcome::complete) return false;
  if (find_field(request.fields.in(bytes.data()), "User-Agent").empty()) return false;
  path_parameters parameters;
  auto const route = routes.match(request.path.in(bytes.data()), parameters);
  head_context context;
  context.date = dates.at(now);
  context.keep_alive_1_0 = !request.http_1_1;
  auto const page = route == router::not_found ? error_response(404) : text("hello\n");
  append_head(out, page, context);
  out += page.body_bytes();
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_steady_state)

// A sanitizer brings an operator new of its own.
BOOST_AUTO_TEST_CASE(counts_allocations, *boost::unit_test::enable_if<!test::is_sanitized>()) {
  auto const before = test::allocations();
  std::string const long_one(1000, 'x');
  BOOST_TEST(long_one.size() == 1000U);
  BOOST_TEST(test::allocations() > before);
}

BOOST_AUTO_TEST_CASE(allocates_nothing) {
  constexpr auto fields =
      "Host: localhost:8080\r\nUser-Agent: Prometheus/3.0\r\n"
      "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4\r\n"
      "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n"
      "Connection: keep-alive, x-a, x-b\r\n"sv;
  std::string const requests[] = {
      "GET /hello?x=1 HTTP/1.1\r\n"s + std::string(fields) + "\r\n",
      "GET /delay/250 HTTP/1.0\r\n"s + std::string(fields) + "\r\n",
      "GET http://a/no-such HTTP/1.7\r\n"s + std::string(fields) + "\r\n",
      "POST /hello HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"s +
          std::string(fields) + "\r\nhello",
      "POST /hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"s + std::string(fields) +
          "\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n",
  };
  router const routes({"/hello", "/delay/{ms}"});
  date_cache dates;
  std::string content;
  std::string out;
  content.reserve(1000);
  out.reserve(1000);
  bool all_answered = answer(requests[0], routes, dates, 0, content, out);  // makes the templates

  auto const before = test::allocations();
  for (std::int64_t now = 1; now <= 1000; ++now) {
    for (auto const &request : requests) {
      content.clear();
      out.clear();
      all_answered = answer(request, routes, dates, now, content, out) && all_answered;
    }
  }
  auto const made = test::allocations() - before;
  BOOST_TEST(made == 0U);
  BOOST_TEST(all_answered);
}

BOOST_AUTO_TEST_SUITE_END()
