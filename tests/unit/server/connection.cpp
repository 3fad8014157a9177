// SPDX-License-Identifier: Apache-2.0
// What a connection answers; how it ends is in connection_end.cpp.
#include <loopmeter/server/connection.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include "service.hpp"
#include "test_routes.hpp"

using namespace std::literals;
using test::body_of;
using test::status_of;

namespace {

struct served {
  test::service service{test::routes()};
  test::client client{service.port()};

  std::string exchange(std::string_view request) {
    client.send(request);
    return client.answer();
  }
};

constexpr auto tiny_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_connection)

BOOST_FIXTURE_TEST_CASE(keeps_alive, served) {
  for (int i = 0; i < 3; ++i) {
    auto const answer = exchange(tiny_get);
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(body_of(answer) == "hello\n");
    BOOST_TEST(answer.find("Connection:") == std::string::npos);
  }
  BOOST_TEST(service.requests("/", "GET", 200) == 3);
  BOOST_TEST(service.value("loopmeter_http_connections_total") == 1);
}

BOOST_FIXTURE_TEST_CASE(closes_when_the_client_says_so, served) {
  client.get("/", "Connection: close\r\n");
  auto const all = client.rest();
  BOOST_TEST(status_of(all) == 200);
  BOOST_TEST(all.find("Connection: close\r\n") != std::string::npos);
  service.wait_for_connections(0);
}

BOOST_FIXTURE_TEST_CASE(http_1_0_closes_unless_asked, served) {
  auto const kept = exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(kept.find("Connection: keep-alive\r\n") != std::string::npos);
  client.send("GET / HTTP/1.0\r\n\r\n");
  BOOST_TEST(status_of(client.rest()) == 200);
}

BOOST_FIXTURE_TEST_CASE(a_pipeline_is_answered_at_once_and_in_order, served) {
  std::string requests;
  for (int i = 0; i < 16; ++i)
    requests += post("/echo", "Content-Length: 2\r\n", std::to_string(i + 10));
  client.send(requests);
  // One recv gets them all: they were sent by one call.
  auto all = client.receive_some();
  std::size_t from = 0;
  for (int i = 0; i < 16; ++i) {
    auto const at = all.find("\r\n\r\n" + std::to_string(i + 10), from);
    BOOST_REQUIRE(at != std::string::npos);
    from = at;
  }
  BOOST_TEST(service.requests("/echo", "POST", 200) == 16);
}

// More than a buffer, cut at its end, and more than one turn.
BOOST_FIXTURE_TEST_CASE(a_long_pipeline_loses_nothing, served) {
  constexpr int count = 1000;
  std::string requests;
  for (int i = 0; i < count; ++i) {
    requests += post("/echo", "X-Pad: " + std::string(1100, 'p') + "\r\nContent-Length: 4\r\n",
                     std::to_string(i + 1000));
  }
  std::thread sender([&] { client.send(requests); });
  int right = 0;
  for (int i = 0; i < count; ++i)
    right += body_of(client.answer()) == std::to_string(i + 1000);
  sender.join();
  BOOST_TEST(right == count);
  BOOST_TEST(service.requests("/echo", "POST", 200) == count);
}

BOOST_FIXTURE_TEST_CASE(waiting_handlers_in_a_pipeline_keep_the_order, served) {
  client.send("GET /sleep/20 HTTP/1.1\r\nHost: a\r\n\r\n"s + std::string(tiny_get) +
              "GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(body_of(client.answer()) == "slept 20 \n");
  BOOST_TEST(body_of(client.answer()) == "hello\n");
  BOOST_TEST(body_of(client.answer()) == "slept 1 \n");
}

BOOST_FIXTURE_TEST_CASE(a_waiting_handler_keeps_its_request, served) {
  client.send(post("/sleep/30", "Content-Length: 5\r\n", "first") +
              post("/echo", "Content-Length: 6\r\n", "second"));
  BOOST_TEST(body_of(client.answer()) == "slept 30 first\n");
  BOOST_TEST(body_of(client.answer()) == "second");
}

BOOST_FIXTURE_TEST_CASE(head_is_get_without_content, served) {
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  auto const answer = client.answer(true);
  BOOST_TEST(answer.find("Content-Length: 6\r\n") != std::string::npos);
  client.send("HEAD /no HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(client.answer(true)) == 404);
  BOOST_TEST(body_of(exchange(tiny_get)) == "hello\n");
  BOOST_TEST(service.requests("/", "HEAD", 200) == 1);
}

BOOST_FIXTURE_TEST_CASE(options_says_what_is_allowed, served) {
  auto const one = exchange("OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(one) == 204);
  BOOST_TEST(one.find("Allow: POST, OPTIONS\r\n") != std::string::npos);
  BOOST_TEST(status_of(exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")) == 204);
  BOOST_TEST(status_of(exchange("OPTIONS /no HTTP/1.1\r\nHost: a\r\n\r\n")) == 404);
}

BOOST_FIXTURE_TEST_CASE(not_found_and_not_allowed_keep_alive, served) {
  BOOST_TEST(status_of(exchange("GET /no HTTP/1.1\r\nHost: a\r\n\r\n")) == 404);
  auto const refused = exchange("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(refused) == 405);
  BOOST_TEST(refused.find("Allow: GET, HEAD, OPTIONS\r\n") != std::string::npos);
  BOOST_TEST(status_of(exchange(tiny_get)) == 200);
  BOOST_TEST(service.requests("other", "GET", 404) == 1);
  BOOST_TEST(service.requests("/", "PUT", 405) == 1);
}

BOOST_FIXTURE_TEST_CASE(refusals_answer_and_end_with_a_fin, served) {
  struct refusal {
    std::string request;
    int status;
  };
  refusal const table[] = {
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {post("/echo", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {post("/echo", "Content-Length: 1048577\r\n", "begin"), 413},
      {post("/echo", "Transfer-Encoding: chunked\r\n", "fffffff\r\n"), 413},
      {post("/no", "Content-Length: 3\r\n", "abc"), 404},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", 431},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {post("/echo", "Transfer-Encoding: gzip\r\n", ""), 501},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {post("/echo", "Expect: magic\r\nContent-Length: 1\r\n", ""), 417},
  };
  for (auto const &r : table) {
    BOOST_TEST_CONTEXT(r.request.substr(0, 70)) {
      test::client one(service.port());
      one.send(r.request + std::string(100'000, 'j'));  // a reset would destroy the answer
      auto const answer = one.rest();
      BOOST_TEST(status_of(answer) == r.status);
      BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
      BOOST_TEST(answer.find("HTTP/1.1", 1) == std::string::npos);
    }
  }
  client.close();
  service.wait_for_connections(0);
}

BOOST_FIXTURE_TEST_CASE(expect_100_continue, served) {
  client.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  BOOST_TEST(client.answer(true) == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  BOOST_TEST(body_of(client.answer()) == "hello");
  // Not asked for what is here already.
  auto const at_once =
      exchange(post("/echo", "Expect: 100-continue\r\nContent-Length: 2\r\n", "hi"));
  BOOST_TEST(body_of(at_once) == "hi");
}

BOOST_FIXTURE_TEST_CASE(requests_in_pieces, served) {
  std::string const chunked = post("/echo", "Transfer-Encoding: chunked\r\n",
                                   "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
  std::string const by_length = post("/echo", "Content-Length: 5\r\n", "abcde");
  for (auto const &request : {chunked, by_length}) {
    for (std::size_t size : {1U, 7U, 50U}) {
      for (std::size_t from = 0; from < request.size(); from += size) {
        client.send(std::string_view(request).substr(from, size));
      }
      BOOST_TEST(body_of(client.answer()) == "abcde");
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_large_body_in_and_out, served) {
  std::string const body(1024 * 1024, 'b');
  auto const request = post("/echo", "Content-Length: 1048576\r\n", body);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST((body_of(exchange(request)) == body));
}

BOOST_FIXTURE_TEST_CASE(a_slow_reader_gets_all, served) {
  test::client slow(service.port(), 4096);
  slow.get("/large");
  slow.get("/");
  BOOST_TEST(status_of(exchange(tiny_get)) == 200);  // others do not wait for it
  auto const answer = slow.answer();
  BOOST_TEST(body_of(answer).size() == test::large_bytes);
  BOOST_TEST(body_of(slow.answer()) == "hello\n");
}

BOOST_FIXTURE_TEST_CASE(exceptions_become_500_and_nothing_else_ends, served) {
  for (auto const *path : {"/throw", "/throw-int", "/throw-later", "/bad-status"}) {
    client.get(path);
    BOOST_TEST(status_of(client.answer()) == 500);
    BOOST_TEST(service.requests(path, "GET", 500) == 1);
  }
  BOOST_TEST(service.value("loopmeter_http_handler_exceptions_total") == 4);
  BOOST_TEST(status_of(exchange(tiny_get)) == 200);
}

BOOST_AUTO_TEST_SUITE_END()
