// SPDX-License-Identifier: Apache-2.0
// Bodies that are made while they are sent.
#include <loopmeter/server/streamed_body.hpp>

#include <boost/test/unit_test.hpp>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <string>
#include <string_view>

#include <loopmeter/server/connection.hpp>

#include "service.hpp"
#include "unchunk.hpp"
#include "worker_parts.hpp"

using namespace std::literals;
using test::body_of;
using test::status_of;
using test::stream_seen;
using outcome = loopmeter::http::body_stream::outcome;

namespace {

std::string content(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += test::stream_octet(i);
  return text;
}

struct served {
  served() { stream_seen.ended = -1; }  // what a test before left there

  bool ended_with(outcome how) const {
    test::wait_until([] { return stream_seen.ended != -1; }, "the stream's end");
    return stream_seen.ended == static_cast<int>(how);
  }
  test::service service{test::routes()};
  test::client client{service.port()};
};

constexpr auto tiny_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;

}  // namespace

BOOST_AUTO_TEST_SUITE(server_streamed_body)

BOOST_FIXTURE_TEST_CASE(a_small_body_has_its_length, served) {
  for (std::size_t size : {0U, 1U, 65535U}) {
    client.get("/stream/" + std::to_string(size));
    auto const answer = client.answer();
    BOOST_TEST(answer.find("Content-Length: " + std::to_string(size) + "\r\n") != answer.npos);
    BOOST_TEST(answer.find("chunked") == answer.npos);
    BOOST_TEST((body_of(answer) == content(size)));
    BOOST_TEST(ended_with(outcome::sent));
    BOOST_TEST(stream_seen.ended_bytes == size);
  }
  BOOST_TEST(service.requests("/stream/{n}", "GET", 200) == 3);
}

BOOST_FIXTURE_TEST_CASE(a_large_one_is_chunked_and_the_pipeline_goes_on, served) {
  client.send("GET /stream/3000000 HTTP/1.1\r\nHost: a\r\n\r\n"s + std::string(tiny_get));
  auto const answer = test::chunked_answer(client, "hello\n");
  BOOST_TEST(answer.head.find("Transfer-Encoding: chunked\r\n") != answer.head.npos);
  BOOST_TEST(answer.head.find("Content-Length") == answer.head.npos);
  BOOST_TEST((answer.content == content(3'000'000)));
  BOOST_TEST(status_of(answer.rest) == 200);
  BOOST_TEST(service.requests("/stream/{n}", "GET", 200) == 1);
  client.send(tiny_get);
  BOOST_TEST(body_of(client.answer()) == "hello\n");
}

BOOST_FIXTURE_TEST_CASE(http_1_0_gets_it_until_the_end_of_the_connection, served) {
  client.send("GET /stream/300000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto const answer = client.rest();
  BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
  BOOST_TEST(answer.find("chunked") == answer.npos);
  BOOST_TEST((body_of(answer) == content(300'000)));
}

BOOST_FIXTURE_TEST_CASE(head_is_told_what_get_would_be, served) {
  client.send("HEAD /stream/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n"s + std::string(tiny_get));
  auto const large = client.answer(true);
  BOOST_TEST(large.find("Transfer-Encoding: chunked\r\n") != large.npos);
  BOOST_TEST(body_of(client.answer()) == "hello\n");
  BOOST_TEST(ended_with(outcome::head_only));
  BOOST_TEST(stream_seen.made < 100'000U);
  client.send("HEAD /stream/300 HTTP/1.1\r\nHost: a\r\n\r\n"s + std::string(tiny_get));
  BOOST_TEST(client.answer(true).find("Content-Length: 300\r\n") != std::string::npos);
  BOOST_TEST(body_of(client.answer()) == "hello\n");
  BOOST_TEST(ended_with(outcome::head_only));
  BOOST_TEST(service.requests("/stream/{n}", "HEAD", 200) == 2);
}

BOOST_FIXTURE_TEST_CASE(a_failure_before_the_head_is_an_answer, served) {
  client.get("/break/1000");
  BOOST_TEST(status_of(client.answer()) == 507);
  client.send(tiny_get);
  BOOST_TEST(body_of(client.answer()) == "hello\n");
  BOOST_TEST(ended_with(outcome::failed));
  BOOST_TEST(service.requests("/break/{n}", "GET", 507) == 1);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 0);
}

BOOST_FIXTURE_TEST_CASE(a_failure_half_way_is_a_reset, served) {
  for (auto const *version : {"1.1", "1.0"}) {
    test::client one(service.port());
    one.send("GET /break/1000000 HTTP/"s + version + "\r\nHost: a\r\n\r\n");
    BOOST_CHECK_THROW(one.rest(), std::system_error);
    BOOST_TEST(ended_with(outcome::failed));
  }
  BOOST_TEST(service.requests("/break/{n}", "GET", 507) == 2);
  service.wait_for("loopmeter_http_connections_cut_total", 2);
}

BOOST_FIXTURE_TEST_CASE(a_client_that_goes_is_counted_as_gone, served) {
  test::client leaver(service.port(), 4096);
  leaver.get("/stream/100000000");
  leaver.receive_some();
  leaver.reset();
  service.wait_for("test_http_requests_total{path=\"/stream/{n}\",method=\"GET\",code=\"499\"}", 1);
  BOOST_TEST(ended_with(outcome::client_gone));
  BOOST_TEST(service.requests("/stream/{n}", "GET", 200) == 0);
}

BOOST_FIXTURE_TEST_CASE(one_that_reads_too_slowly_is_cut_at_the_deadline_of_the_body, served) {
  test::client slow(service.port(), 4096);
  slow.get("/hurry/100000000");
  BOOST_TEST(ended_with(outcome::stalled));
  BOOST_CHECK_THROW(slow.rest(), std::system_error);
}

BOOST_FIXTURE_TEST_CASE(a_drain_lets_it_end, served) {
  test::client slow(service.port(), 4096);
  slow.get("/stream/20000000");
  slow.receive_some();
  service.begin_stop();
  test::wait_until([&] { return service.life().phase() >= loopmeter::server::phase::finishing; },
                   "finishing");
  BOOST_TEST(slow.rest().ends_with("\r\n0\r\n\r\n"));
  service.stop();
  BOOST_TEST(service.requests("/stream/{n}", "GET", 200) == 1);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 0);
}

// What the kernel does not take is one slice, however long the peer does not read.
BOOST_FIXTURE_TEST_CASE(a_slow_reader_holds_one_slice, test::worker_parts) {
  using step = loopmeter::server::connection::step;
  loopmeter::server::connection c(worker, std::move(sockets.ours));
  BOOST_REQUIRE(c.open());
  auto const request = "GET /stream/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n"sv;
  peer_sends(request);
  test::wait_for_octets(ours, request.size());
  run_until([&] { return c.source().readable(); });
  auto what = c.proceed();
  for (int turns = 0; what == step::yield && turns < 100'000; ++turns)
    what = c.proceed();
  BOOST_REQUIRE((what == step::wait_writable));
  int unsent = 0;
  int unread = 0;
  ::ioctl(ours, SIOCOUTQ, &unsent);
  ::ioctl(sockets.peer.get(), FIONREAD, &unread);
  auto const taken = static_cast<std::size_t>(unsent + unread);
  BOOST_TEST(stream_seen.made <= taken + 70'000);
  BOOST_TEST(stream_seen.made > 70'000U);
}

BOOST_AUTO_TEST_SUITE_END()
