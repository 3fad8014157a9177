// SPDX-License-Identifier: Apache-2.0
// Every limit that can strike does: the client sees what limit_table() says, and it is counted
// once, under its own name.
#include <loopmeter/server/connection.hpp>

#include <boost/test/unit_test.hpp>

#include <linux/filter.h>
#include <sys/socket.h>

#include <deque>
#include <string>
#include <string_view>

#include <loopmeter/server/limit_table.hpp>

#include "service.hpp"
#include "test_routes.hpp"

using namespace std::literals;
using loopmeter::server::limit;
using loopmeter::server::limit_table;
using loopmeter::server::limits;
using test::body_of;
using test::status_of;

namespace {

// A service with limits of its own choice; at the end, those that struck are the ones expected.
struct bounded {
  explicit bounded(auto change)
      : service(
            [] {
              auto all = test::routes();
              static loopmeter::server::lifecycle life;  // the probes' own: it is not looked at
              for (auto &row : loopmeter::server::probe_routes(life))
                all.push_back(std::move(row));
              return all;
            }(),
            [&] {
              auto chosen = test::default_options();
              chosen.limits.connections_max = 100;
              change(chosen.limits);
              return chosen;
            }()) {}

  std::int64_t hits(limit which) const {
    auto const &row = limit_table()[static_cast<std::size_t>(which)];
    return service.value("loopmeter_http_limit_hits_total{limit=\"" + label_of(row) + "\"}");
  }
  /// Waits for it to be so, and looks that no other limit struck.
  void expect_hits(limit which, std::int64_t wanted) const {
    test::wait_until([&] { return hits(which) == wanted; }, "hits");
    for (auto const &row : limit_table()) {
      BOOST_TEST_CONTEXT(row.number.flag) {
        auto const unseen = row.strikes.empty() ? -1 : 0;
        BOOST_TEST(hits(row.which) == (row.which == which ? wanted : unseen));
      }
    }
  }

  test::service service;
};

std::string post(std::string_view fields, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

void small_messages(limits &l) {
  l.head.request_line_bytes_max = 64;
  l.head.head_bytes_max = 256;
  l.head.lines_max = 4;
  l.body.body_bytes_max = 10;
  l.body.chunk_extension_bytes_max = 4;
  l.body.trailer_bytes_max = 8;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_connection_limits)

BOOST_AUTO_TEST_CASE(messages) {
  struct row {
    limit which;
    int status;
    std::string passes;
    std::string strikes;
  };
  auto const get = [](std::size_t target, std::string_view fields) {
    return "GET /" + std::string(target - 1, '?') + " HTTP/1.1\r\nHost: a\r\n" +
           std::string(fields) + "\r\n";
  };
  std::string const pad_to_256(256 - get(1, "X: \r\n").size(), 'x');
  row const table[] = {
      {limit::request_line_bytes, 414, get(64 - "GET  HTTP/1.1"sv.size(), ""),
       get(65 - "GET  HTTP/1.1"sv.size(), "")},
      {limit::head_bytes, 431, get(1, "X: " + pad_to_256 + "\r\n"),
       get(1, "X: y" + pad_to_256 + "\r\n")},
      {limit::head_lines, 431, get(1, "A: \r\nB: \r\nC: \r\n"),
       get(1, "A: \r\nB: \r\nC: \r\nD: \r\n")},
      {limit::body_bytes, 413, post("Content-Length: 10\r\n", "0123456789"),
       post("Content-Length: 11\r\n", "0123456789")},
      {limit::body_bytes, 413, chunked("a\r\n0123456789\r\n0\r\n\r\n"),
       chunked("9\r\n012345678\r\n2\r\n")},
      {limit::chunk_extension_bytes, 413, chunked("1;a=b\r\nx\r\n0\r\n\r\n"),
       chunked("1;a=bc\r\nx\r\n0\r\n\r\n")},
      {limit::trailer_bytes, 431, chunked("0\r\nA: 345\r\n\r\n"), chunked("0\r\nA: 3456\r\n\r\n")},
  };
  for (auto const &r : table) {
    BOOST_TEST_CONTEXT(r.strikes) {
      bounded const b(small_messages);
      test::client passes(b.service.port());
      passes.send(r.passes);
      BOOST_TEST(status_of(passes.answer()) == 200);
      test::client strikes(b.service.port());
      strikes.send(r.strikes);
      auto const answer = strikes.rest();
      BOOST_TEST(status_of(answer) == r.status);
      BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
      b.expect_hits(r.which, 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_otherwise_is_no_strike) {
  bounded const b(small_messages);
  for (auto const &request : {"GET / HTTP/1.1\nHost: a\n\n"s, "GET / HTTP/1.1\r\n\r\n"s,
                              chunked("x\r\n"), chunked("1;=\r\n"), chunked("0\r\n:\r\n\r\n")}) {
    test::client client(b.service.port());
    client.send(request);
    BOOST_TEST(status_of(client.rest()) == 400);
  }
  b.expect_hits(limit::head_bytes, 0);
}

BOOST_AUTO_TEST_CASE(idle) {
  bounded const b([](limits &l) { l.idle_timeout = 30ms; });
  test::client client(b.service.port());
  BOOST_TEST(client.rest().empty());
  client.close();
  b.service.wait_for_connections(0);
  b.expect_hits(limit::idle_timeout, 1);
}

BOOST_AUTO_TEST_CASE(head) {
  bounded const b([](limits &l) { l.head_timeout = 30ms; });
  test::client client(b.service.port());
  client.send("GET / HT");
  BOOST_TEST(status_of(client.rest()) == 408);
  b.expect_hits(limit::head_timeout, 1);
}

BOOST_AUTO_TEST_CASE(body) {
  bounded const b([](limits &l) {
    l.body_timeout = 30ms;
    l.body_grace = 1h;
  });
  test::client client(b.service.port());
  client.send(post("Content-Length: 9\r\n", "abc"));
  BOOST_TEST(status_of(client.rest()) == 408);
  b.expect_hits(limit::body_timeout, 1);
}

BOOST_AUTO_TEST_CASE(pace_of_a_body) {
  bounded const b([](limits &l) {
    l.body_timeout = 1h;
    l.body_grace = 20ms;
    l.body_bytes_per_second_min = 1000;
  });
  test::client stalls(b.service.port());
  stalls.send(post("Content-Length: 90\r\n", "abc"));
  BOOST_TEST(status_of(stalls.rest()) == 408);
  b.expect_hits(limit::body_rate, 1);

  // What is ahead of its time may rest: it has sent what it had to in the first hour.
  bounded const patient([](limits &l) {
    l.body_timeout = 1h;
    l.body_grace = 0ms;
    l.body_bytes_per_second_min = 1;
  });
  test::client ahead(patient.service.port());
  ahead.send(post("Content-Length: 3601\r\n", std::string(3600, 'x')));
  timeval const moment{.tv_sec = 0, .tv_usec = 100'000};
  ::setsockopt(ahead.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  BOOST_CHECK_THROW(ahead.receive_some(), std::system_error);
  ahead.send("y");
  timeval const long_one{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(ahead.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &long_one, sizeof long_one);
  BOOST_TEST(status_of(ahead.answer()) == 200);
  patient.expect_hits(limit::body_rate, 0);
}

BOOST_AUTO_TEST_CASE(a_reader_that_stalls) {
  bounded const b([](limits &l) { l.write_stall_timeout = 50ms; });
  test::client client(b.service.port(), 4096);
  client.get("/large");
  b.expect_hits(limit::write_stall_timeout, 1);
  BOOST_CHECK_THROW(client.rest(), std::system_error);  // a FIN would be no more than late
  BOOST_TEST(b.service.value("loopmeter_http_connections_cut_total") == 1);
}

// As if its host had lost its power: it neither acknowledges nor resets.
void vanish(test::client const &client) {
  sock_filter drop_all[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  sock_fprog const program{1, drop_all};
  BOOST_REQUIRE(::setsockopt(client.descriptor(), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                             sizeof program) == 0);
}

BOOST_AUTO_TEST_CASE(a_peer_that_vanished) {
  bounded const b([](limits &l) { l.user_timeout = 100ms; });
  test::client client(b.service.port());
  client.get("/");
  BOOST_TEST(status_of(client.answer()) == 200);
  vanish(client);
  client.get("/");
  b.service.wait_for_connections(0);
  b.expect_hits(limit::user_timeout, 1);
}

BOOST_AUTO_TEST_CASE(lingering) {
  bounded const slow([](limits &l) { l.linger_timeout = 30ms; });
  test::client stays(slow.service.port());
  stays.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  slow.service.wait_for_connections(0);
  slow.expect_hits(limit::linger_timeout, 1);

  bounded const chatty([](limits &l) {
    l.linger_timeout = 1h;
    l.linger_bytes_max = 1000;
  });
  test::client talks(chatty.service.port());
  talks.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(talks.answer()) == 501);
  talks.send(std::string(2000, 'x'));
  chatty.service.wait_for_connections(0);
  chatty.expect_hits(limit::linger_bytes, 1);
}

BOOST_AUTO_TEST_CASE(turns_of_a_pipeline) {
  bounded const b([](limits &l) { l.pipelined_requests_max = 10; });
  test::client client(b.service.port());
  std::string requests;
  for (int i = 0; i < 15; ++i)
    requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 15; ++i)
    BOOST_TEST(status_of(client.answer()) == 200);
  b.expect_hits(limit::pipelined_requests, 1);
}

BOOST_AUTO_TEST_CASE(requests_of_a_connection) {
  bounded const b([](limits &l) { l.requests_per_connection_max = 2; });
  test::client client(b.service.port());
  client.get("/");
  BOOST_TEST(client.answer().find("Connection: close") == std::string::npos);
  client.get("/");
  BOOST_TEST(client.rest().find("Connection: close") != std::string::npos);
  b.expect_hits(limit::requests_per_connection, 1);
}

// One more than may wait is told so, and its connection stays; the probes do not count.
BOOST_AUTO_TEST_CASE(waiting_requests) {
  bounded const b([](limits &l) { l.waiting_requests_max = 2; });
  std::deque<test::client> sleepers;
  for (int i = 0; i < 2; ++i) {
    sleepers.emplace_back(b.service.port());
    sleepers.back().get("/sleep/600000");
  }
  test::wait_until([] { return test::waiting_now == 2; }, "both wait");
  test::client one_more(b.service.port());
  one_more.get("/sleep/0");
  auto const refused = one_more.answer();
  BOOST_TEST(status_of(refused) == 503);
  BOOST_TEST(refused.find("Retry-After: 1\r\n") != std::string::npos);
  BOOST_TEST(refused.find("Connection:") == std::string::npos);
  one_more.get("/");
  BOOST_TEST(status_of(one_more.answer()) == 200);  // who does not wait is served
  one_more.get("/livez");
  BOOST_TEST(status_of(one_more.answer()) == 200);
  b.expect_hits(limit::waiting_requests, 1);
  sleepers.back().reset();
  sleepers.pop_back();
  test::wait_until([] { return test::waiting_now == 1; }, "one went");
  one_more.get("/sleep/0");
  BOOST_TEST(status_of(one_more.answer()) == 200);
  sleepers.back().reset();
  test::wait_until([] { return test::waiting_now == 0; }, "the other went");
  for (int i = 0; i < 5; ++i) {  // each gave its place back
    one_more.get("/sleep/0");
    BOOST_TEST(status_of(one_more.answer()) == 200);
  }
  b.expect_hits(limit::waiting_requests, 1);
}

BOOST_AUTO_TEST_CASE(bodies_that_are_held) {
  bounded const b([](limits &l) { l.held_body_bytes_max = 100'000; });
  test::client first(b.service.port());
  first.send(post("Content-Length: 90001\r\n", std::string(90'000, 'x')));
  // It holds most of it as soon as the second read is done; a body that comes at once holds none.
  test::client small(b.service.port());
  small.send(post("Content-Length: 20000\r\n", std::string(20'000, 'y')));
  BOOST_TEST(status_of(small.answer()) == 200);
  std::string answer;
  test::client second(b.service.port());
  second.send(post("Content-Length: 90001\r\n", std::string(90'000, 'x')));
  first.send("x");
  second.send("x");
  auto const one = status_of(first.answer());
  auto const other = status_of(second.answer());
  // Which of them came first is the kernel's choice, and they may never have been there together.
  BOOST_TEST((one == 200 || other == 200));
  BOOST_TEST((one == 200 || one == 503));
  BOOST_TEST((other == 200 || other == 503));
  auto const refused = (one == 503 ? 1 : 0) + (other == 503 ? 1 : 0);
  b.expect_hits(limit::held_body_bytes, refused);

  bounded const none([](limits &l) { l.held_body_bytes_max = 10; });
  test::client client(none.service.port());
  client.send(post("Content-Length: 20\r\nExpect: 100-continue\r\n", ""));
  client.answer(true);
  client.send("0123456789");
  client.send("x");
  auto const no_room = client.rest();
  BOOST_TEST(status_of(no_room) == 503);
  BOOST_TEST(no_room.find("Retry-After: 1\r\n") != std::string::npos);
  BOOST_TEST(no_room.find("Connection: close\r\n") != std::string::npos);
  none.expect_hits(limit::held_body_bytes, 1);
  test::client waits(none.service.port());
  waits.send("POST /sleep/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n0123456789x");
  BOOST_TEST(status_of(waits.answer()) == 503);
  waits.send("POST /sleep/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
  BOOST_TEST(status_of(waits.answer()) == 200);
  none.expect_hits(limit::held_body_bytes, 2);
}

// The one that takes nothing goes, not the one that reads, nor the one that comes last.
BOOST_AUTO_TEST_CASE(output_for_slow_readers) {
  bounded const b([](limits &l) { l.unsent_bytes_max = test::large_bytes; });
  test::client stalled(b.service.port(), 4096);
  stalled.get("/large");
  b.service.wait_for("test_http_requests_total{path=\"/large\",method=\"GET\",code=\"200\"}", 1);
  test::client reads(b.service.port(), 4096);
  reads.get("/large");
  BOOST_TEST(body_of(reads.answer()).size() == test::large_bytes);
  b.expect_hits(limit::unsent_bytes, 1);
  b.service.wait_for_connections(1);
  BOOST_CHECK_THROW(stalled.rest(), std::system_error);
  BOOST_TEST(b.service.value("loopmeter_http_connections_cut_total") == 1);
  reads.get("/large");  // what the other held is free again
  BOOST_TEST(body_of(reads.answer()).size() == test::large_bytes);
  b.expect_hits(limit::unsent_bytes, 1);
}

BOOST_AUTO_TEST_CASE(a_full_service_answers_probes) {
  bounded const b([](limits &l) {
    l.connections_max = 2;
    l.connections_reserved = 2;
    l.reserved_timeout = 60'000ms;
  });
  test::client one(b.service.port());
  test::client two(b.service.port());
  b.service.wait_for_connections(2);

  test::client probe(b.service.port());
  for (int i = 0; i < 2; ++i) {  // and stays
    probe.get("/livez");
    BOOST_TEST(status_of(probe.answer()) == 200);
  }
  b.expect_hits(limit::max_connections, 0);
  for (auto const *path : {"/", "/nothing", "/sleep/0"}) {
    test::client work(b.service.port());
    work.get(path);
    auto const refused = work.rest();
    BOOST_TEST(status_of(refused) == 503, path);
    BOOST_TEST(refused.find("Retry-After: 1\r\n") != std::string::npos);
    BOOST_TEST(refused.find("Connection: close\r\n") != std::string::npos);
    work.close();
    b.service.wait_for_connections(3);
  }
  b.expect_hits(limit::max_connections, 3);
  one.get("/");
  BOOST_TEST(status_of(one.answer()) == 200);  // who is in stays in

  // With room again, the connection of the probe is one like any other.
  two.close();
  b.service.wait_for_connections(2);
  probe.get("/");
  BOOST_TEST(status_of(probe.answer()) == 200);
  BOOST_TEST(b.service.value("loopmeter_http_connections_max") == 2);
  b.expect_hits(limit::max_connections, 3);
}

// A probe comes in although silent ones have taken all of the reserve.
BOOST_AUTO_TEST_CASE(who_is_silent_makes_way) {
  bounded const b([](limits &l) {
    l.connections_max = 1;
    l.connections_reserved = 2;
    l.reserved_timeout = 60'000ms;
  });
  test::client regular(b.service.port());
  b.service.wait_for_connections(1);
  test::client first(b.service.port());
  b.service.wait_for_connections(2);
  test::client second(b.service.port());
  second.send("GET /livez HT");
  b.service.wait_for_connections(3);
  test::client probe(b.service.port());
  probe.get("/livez");
  BOOST_TEST(status_of(probe.answer()) == 200);
  auto const told = first.rest();
  BOOST_TEST(status_of(told) == 503);
  BOOST_TEST(told.find("Retry-After: 1\r\n") != std::string::npos);
  b.expect_hits(limit::reserved_connections, 1);
  second.send("TP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(status_of(second.answer()) == 200);
  regular.get("/");
  BOOST_TEST(status_of(regular.answer()) == 200);
  b.service.wait_for_connections(3);
}

BOOST_AUTO_TEST_CASE(without_a_reserve_nobody_is_read) {
  bounded const b([](limits &l) {
    l.connections_max = 1;
    l.connections_reserved = 0;
  });
  test::client one(b.service.port());
  b.service.wait_for_connections(1);
  for (int i = 0; i < 40; ++i) {  // more than a listener holds on to
    test::client late(b.service.port());
    late.get("/livez");
    BOOST_TEST(status_of(late.rest()) == 503);
  }
  b.expect_hits(limit::reserved_connections, 40);
  BOOST_TEST(b.service.value("loopmeter_http_open_connections") == 1);
  BOOST_TEST(b.service.value("loopmeter_http_connections_total") == 1);
  one.close();
  b.service.wait_for_connections(0);
  test::client again(b.service.port());
  again.get("/livez");
  BOOST_TEST(status_of(again.answer()) == 200);
}

BOOST_AUTO_TEST_CASE(nobody_keeps_a_place_of_the_reserve) {
  bounded const b([](limits &l) {
    l.connections_max = 1;
    l.connections_reserved = 3;
    l.reserved_timeout = 40ms;
  });
  test::client one(b.service.port());
  b.service.wait_for_connections(1);
  test::client silent(b.service.port());
  BOOST_TEST(silent.rest().empty());
  test::client half_a_head(b.service.port());
  half_a_head.send("GET /livez HT");
  BOOST_TEST(status_of(half_a_head.rest()) == 408);
  test::client half_a_body(b.service.port());
  half_a_body.send("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  BOOST_TEST(status_of(half_a_body.rest()) == 408);
  b.expect_hits(limit::reserved_timeout, 3);
  one.get("/");
  BOOST_TEST(status_of(one.answer()) == 200);
}

BOOST_AUTO_TEST_SUITE_END()
