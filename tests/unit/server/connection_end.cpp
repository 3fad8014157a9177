// SPDX-License-Identifier: Apache-2.0
// How a connection ends: by the client, by a limit, by a deadline; and how its request is counted.
#include <loopmeter/server/connection.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "service.hpp"
#include "test_routes.hpp"
#include "worker_parts.hpp"

using namespace std::literals;
using test::body_of;
using test::status_of;

namespace {

constexpr auto sleep_series =
    "test_http_requests_total{path=\"/sleep/{ms}\",method=\"GET\",code=\""sv;

std::string sleeps_with(int code) {
  return std::string(sleep_series) + std::to_string(code) + "\"}";
}

void wait_for_handlers(int count) {
  test::wait_until([=] { return test::waiting_now == count; }, "handlers under way");
}

loopmeter::server::options with(auto change) {
  auto chosen = test::default_options();
  change(chosen.limits);
  return chosen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_connection_end)

BOOST_AUTO_TEST_CASE(a_reset_ends_the_handler_and_counts_499) {
  test::service service(test::routes());
  test::client client(service.port());
  client.get("/sleep/600000");
  wait_for_handlers(1);
  client.reset();
  wait_for_handlers(0);
  service.wait_for(sleeps_with(499), 1);
  service.wait_for_connections(0);
  BOOST_TEST(service.value(sleeps_with(200)) == 0);
}

BOOST_AUTO_TEST_CASE(a_fin_meanwhile_gets_its_answer_and_counts_499) {
  test::service service(test::routes());
  test::client client(service.port());
  client.get("/sleep/300");
  wait_for_handlers(1);
  client.finish_sending();
  BOOST_TEST(body_of(client.rest()) == "slept 300 \n");
  BOOST_TEST(service.value(sleeps_with(499)) == 1);
  BOOST_TEST(service.value(sleeps_with(200)) == 0);
}

// Both requests are there when the FIN is: the second handler starts long after it.
BOOST_AUTO_TEST_CASE(a_fin_that_came_before_counts_what_was_answered) {
  test::service service(test::routes());
  test::client client(service.port());
  client.get("/sleep/100");
  client.get("/sleep/101");
  client.finish_sending();
  auto const all = client.rest();
  BOOST_TEST(all.find("slept 100") != std::string::npos);
  BOOST_TEST(all.find("slept 101") != std::string::npos);
  BOOST_TEST(service.value(sleeps_with(200)) >= 1);
  BOOST_TEST(service.value(sleeps_with(200)) +
                 std::max<std::int64_t>(0, service.value(sleeps_with(499))) ==
             2);
}

BOOST_AUTO_TEST_CASE(what_the_client_leaves_unfinished) {
  test::service service(test::routes());
  test::client nothing(service.port());
  nothing.finish_sending();
  BOOST_TEST(nothing.rest().empty());

  test::client half_a_head(service.port());
  half_a_head.send("GET / HT");
  half_a_head.finish_sending();
  BOOST_TEST(status_of(half_a_head.rest()) == 400);

  test::client half_a_body(service.port());
  half_a_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  half_a_body.finish_sending();
  BOOST_TEST(status_of(half_a_body.rest()) == 400);
  BOOST_TEST(service.requests("/echo", "POST", 400) == 1);

  test::client reset_in_body(service.port());
  reset_in_body.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 9\r\n\r\n");
  reset_in_body.answer(true);
  reset_in_body.reset();
  service.wait_for_connections(0);
  BOOST_TEST(service.requests("/echo", "POST", 499) == 1);
}

BOOST_AUTO_TEST_CASE(the_last_of_its_requests_says_close) {
  test::service service(test::routes(), with([](auto &l) { l.requests_per_connection_max = 3; }));
  test::client client(service.port());
  for (int i = 0; i < 5; ++i)
    client.get("/");
  auto const first = client.answer();
  BOOST_TEST(first.find("Connection: close") == std::string::npos);
  client.answer();
  BOOST_TEST(client.answer().find("Connection: close") != std::string::npos);
  BOOST_TEST(client.rest().empty());  // a FIN, although requests were left unread
  BOOST_TEST(service.requests("/", "GET", 200) == 3);
}

BOOST_AUTO_TEST_CASE(idle_timeout_closes_silently) {
  test::service service(test::routes(), with([](auto &l) { l.idle_timeout = 30ms; }));
  test::client fresh(service.port());
  BOOST_TEST(fresh.rest().empty());
  test::client used(service.port());
  used.get("/");
  BOOST_TEST(status_of(used.answer()) == 200);
  BOOST_TEST(used.rest().empty());
}

// In one turn of the loop the deadline of an idle connection strikes and the server drains: there
// was no request that could be refused, or counted.
BOOST_FIXTURE_TEST_CASE(an_idle_deadline_and_a_drain_at_once, test::worker_parts) {
  using step = loopmeter::server::connection::step;
  bounds.idle_timeout = 1ms;
  loopmeter::server::connection c(worker, std::move(sockets.ours));
  BOOST_REQUIRE(c.open());
  BOOST_REQUIRE((c.proceed() == step::wait_readable));
  bool struck = false;
  c.async_wait(step::wait_readable, [&](loopmeter::server::error_code) { struck = true; });
  run_until([&] { return struck; });
  c.drain();
  c.proceed();
  BOOST_TEST(peer_receives().empty());  // our FIN, and nothing before it
}

BOOST_AUTO_TEST_CASE(head_timeout_is_absolute) {
  test::service service(test::routes(), with([](auto &l) { l.head_timeout = 100ms; }));
  test::client client(service.port());
  client.send("GET / HTTP/1.1\r\n");
  timeval const soon{.tv_sec = 0, .tv_usec = 10'000};
  ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  std::string answer;
  auto const end = std::chrono::steady_clock::now() + test::patience;
  while (answer.empty() && std::chrono::steady_clock::now() < end) {
    try {
      client.send("X: y\r\n");  // a drip does not move the deadline
      answer = client.receive_some();
    } catch (std::system_error const &) {
    }
  }
  BOOST_TEST(status_of(answer) == 408);
}

BOOST_AUTO_TEST_CASE(body_timeout) {
  test::service service(test::routes(), with([](auto &l) { l.body_timeout = 50ms; }));
  test::client client(service.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  BOOST_TEST(status_of(client.rest()) == 408);
  BOOST_TEST(service.requests("/echo", "POST", 408) == 1);
}

BOOST_AUTO_TEST_CASE(a_reader_that_stalls_is_cut) {
  test::service service(test::routes(), with([](auto &l) { l.write_stall_timeout = 50ms; }));
  test::client client(service.port(), 4096);
  client.get("/large");
  service.wait_for("loopmeter_http_connections_cut_total", 1);
  service.wait_for_connections(0);
  BOOST_TEST(service.requests("/large", "GET", 200) == 1);
}

// A client that neither reads its refusal nor closes: the octets that came with it must not keep
// the deadline of the lingering from being set.
BOOST_AUTO_TEST_CASE(lingering_ends) {
  test::service service(test::routes(), with([](auto &l) { l.linger_timeout = 50ms; }));
  test::client client(service.port());
  client.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(1000, 'x'));
  client.send("more");
  service.wait_for("loopmeter_http_connections_total", 1);
  service.wait_for_connections(0);
}

BOOST_AUTO_TEST_CASE(lingering_is_bounded_in_octets) {
  test::service service(test::routes(), with([](auto &l) {
                          l.linger_timeout = 60'000ms;
                          l.linger_bytes_max = 100'000;
                        }));
  test::client client(service.port());
  client.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(client.answer()) == 501);
  BOOST_CHECK_THROW(for (int i = 0; i < 10'000; ++i) client.send(std::string(10'000, 'x')),
                    std::system_error);
}

// The worker has not been told of the request when the drain reaches its connection.
BOOST_FIXTURE_TEST_CASE(drain_looks_for_a_request_before_it_ends_an_idle_connection,
                        test::worker_parts) {
  using step = loopmeter::server::connection::step;
  loopmeter::server::connection c(worker, std::move(sockets.ours));
  BOOST_REQUIRE(c.open());
  BOOST_TEST((c.proceed() == step::wait_readable));
  constexpr auto request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;
  peer_sends(request);
  test::wait_for_octets(ours, request.size());
  life.enter(loopmeter::server::phase::finishing);
  c.drain();
  BOOST_TEST((c.proceed() == step::wait_readable));  // answered, and waits for the peer's FIN
  auto const answer = peer_receives();
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(answer.find("Connection: close") != std::string::npos);
  BOOST_TEST(peer_receives().empty());
}

// As when the kernel has no memory for it: the socket is well, and nothing more will come of it.
BOOST_FIXTURE_TEST_CASE(a_send_that_fails_alone_ends_it, test::worker_parts) {
  using step = loopmeter::server::connection::step;
  loopmeter::server::connection c(worker, std::move(sockets.ours));
  BOOST_REQUIRE(c.open());
  BOOST_TEST((c.proceed() == step::wait_readable));
  BOOST_REQUIRE(::shutdown(ours, SHUT_WR) == 0);
  auto const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;
  peer_sends(request);
  test::wait_for_octets(ours, request.size());
  run_until([&] { return c.source().readable(); });
  BOOST_TEST((c.proceed() == step::closed));
}

BOOST_FIXTURE_TEST_CASE(drain_ends_an_idle_connection, test::worker_parts) {
  using step = loopmeter::server::connection::step;
  loopmeter::server::connection c(worker, std::move(sockets.ours));
  BOOST_REQUIRE(c.open());
  BOOST_TEST((c.proceed() == step::wait_readable));
  life.enter(loopmeter::server::phase::finishing);
  c.drain();
  BOOST_TEST((c.proceed() == step::wait_readable));
  BOOST_TEST(peer_receives().empty());
  c.cut();
  BOOST_TEST((c.proceed() == step::closed));
}

BOOST_AUTO_TEST_SUITE_END()
