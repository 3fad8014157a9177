// SPDX-License-Identifier: Apache-2.0
// The wire with TLS in it: edges, full sockets and ends are what they are without.
#include <loopmeter/server/wire.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

#include <string>

#include "wait_until.hpp"
#include "web_files.hpp"
#include "worker_parts.hpp"

using namespace loopmeter::server;
using loopmeter::test::tls_client;

namespace {

struct sealed_wire : test::web_files, test::worker_parts {
  sealed_wire() : worker_parts(test::routes(), path()) { BOOST_REQUIRE(octets->open()); }

  /// What the client has to say goes to the socket, and what is there to the client.
  void carry() {
    if (auto const out = client.give(); !out.empty()) peer_sends(out);
    std::string in(64 * 1024, '\0');
    auto const count = ::recv(sockets.peer.get(), in.data(), in.size(), MSG_DONTWAIT);
    if (count > 0) client.take({in.data(), static_cast<std::size_t>(count)});
  }
  void shake_hands() {
    run_until([&] {
      carry();
      if (octets->source().readable()) octets->receive();
      return client.connected() && !octets->shaking_hands();
    });
  }
  void receive_until(std::string const &text) {
    run_until([&] {
      carry();
      if (octets->source().readable()) octets->receive();
      return octets->input() == text;
    });
  }
  void carry_until_heard(std::size_t size) {
    run_until([&] {
      carry();
      octets->send_unsent();
      return client.heard().size() >= size;
    });
  }
  bool counted(std::string const &series) { return test::exposes(registry, series); }

  tls_client client;
  std::unique_ptr<wire> octets =
      std::make_unique<wire>(worker, std::move(sockets.ours), nullptr, nullptr);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_wire_tls)

BOOST_FIXTURE_TEST_CASE(both_directions, sealed_wire) {
  shake_hands();
  client.say("GET / HT");
  receive_until("GET / HT");
  client.say("TP/1.1");
  receive_until("GET / HTTP/1.1");
  octets->consume(4);
  octets->keep_input();
  worker.opened.assign(worker.opened.size(), '?');
  BOOST_TEST(octets->input() == "/ HTTP/1.1");
  worker.output = "answer";
  BOOST_TEST(octets->flush());
  BOOST_TEST(worker.output.empty());
  carry_until_heard(6);
  BOOST_TEST(client.heard() == "answer");
  BOOST_TEST(counted("loopmeter_tls_handshakes_total{version=\"1.3\"} 1"));
}

// The socket is empty, and the stream holds the beginning of a record: the rest makes an edge.
BOOST_FIXTURE_TEST_CASE(a_record_in_pieces, sealed_wire) {
  shake_hands();
  client.say("whole");
  auto const record = client.give();
  for (std::size_t i = 0; i < record.size(); ++i) {
    BOOST_TEST(octets->input().empty());
    peer_sends(record.substr(i, 1));
    run_until([&] { return octets->source().readable(); });
    octets->receive();
    BOOST_TEST(!octets->source().readable());
  }
  BOOST_TEST(octets->input() == "whole");
}

// Two requests in one segment, more than one read can hold: nothing stays hidden in the stream.
BOOST_FIXTURE_TEST_CASE(more_than_a_buffer, sealed_wire) {
  shake_hands();
  std::string const text(3 * loop::input_bytes, 't');
  client.say(text);
  receive_until(text);
  BOOST_TEST(!octets->source().readable());
}

BOOST_FIXTURE_TEST_CASE(what_the_socket_does_not_take_is_kept_and_sent, sealed_wire) {
  shake_hands();
  std::string body(16 * 1024 * 1024, 'b');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>('a' + i % 23);
  worker.output = "head ";
  BOOST_TEST(!octets->flush(body));
  BOOST_TEST(worker.output.empty());
  BOOST_TEST(worker.sealed.empty());
  BOOST_TEST(octets->has_unsent());
  worker.output = "next";
  BOOST_TEST(!octets->flush());
  carry_until_heard(body.size() + 9);
  run_until([&] { return octets->send_unsent(); });
  BOOST_TEST(!octets->has_unsent());
  BOOST_TEST((client.heard() == "head " + body + "next"));
}

// Sealing takes time, and others wait for it: a turn has an end even if the socket takes it all.
BOOST_FIXTURE_TEST_CASE(a_turn_seals_so_much_and_no_more, sealed_wire) {
  shake_hands();
  int const room = 8 * 1024 * 1024;
  ::setsockopt(ours, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  std::string const body(2 * 1024 * 1024, 'b');
  worker.output = "head";
  BOOST_TEST(!octets->flush(body));
  BOOST_TEST(octets->has_unsent());
  carry_until_heard(body.size() + 4);
  BOOST_TEST(!octets->has_unsent());
}

BOOST_FIXTURE_TEST_CASE(goodbye_comes_before_our_fin, sealed_wire) {
  shake_hands();
  worker.output = "last";
  BOOST_TEST(octets->flush());
  octets->say_goodbye();
  octets->say_goodbye();  // once
  BOOST_TEST(octets->end_sending());
  run_until([&] {
    carry();
    return client.ended();
  });
  BOOST_TEST(client.heard() == "last");
}

BOOST_FIXTURE_TEST_CASE(the_peers_goodbye_is_an_end, sealed_wire) {
  shake_hands();
  client.say("request");
  client.say_goodbye();
  receive_until("request");
  run_until([&] {
    if (octets->source().readable()) octets->receive();
    return octets->ended();
  });
  BOOST_TEST(!octets->peer_finished());  // it may still read
  BOOST_TEST(!counted("loopmeter_tls_truncations_total 1"));
}

BOOST_FIXTURE_TEST_CASE(an_end_without_goodbye_is_counted, sealed_wire) {
  shake_hands();
  ::shutdown(sockets.peer.get(), SHUT_WR);
  run_until([&] {
    if (octets->source().readable()) octets->receive();
    return octets->ended();
  });
  BOOST_TEST(octets->peer_finished());
  BOOST_TEST(counted("loopmeter_tls_truncations_total 1"));
}

BOOST_FIXTURE_TEST_CASE(a_request_without_tls_gets_an_answer_without, sealed_wire) {
  peer_sends("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  run_until([&] { return octets->source().readable(); });
  octets->receive();
  BOOST_TEST(octets->input().empty());
  BOOST_TEST(octets->ended());
  BOOST_TEST(!octets->peer_finished());
  BOOST_TEST(peer_receives().starts_with("HTTP/1.0 400 Bad Request\r\n"));
  BOOST_TEST(counted("loopmeter_tls_handshake_failures_total{reason=\"plain_http\"} 1"));
}

BOOST_FIXTURE_TEST_CASE(a_handshake_that_is_left_is_counted_if_it_began, sealed_wire) {
  octets.reset();  // like a port scan
  BOOST_TEST(counted("loopmeter_tls_handshake_failures_total{reason=\"timeout\"} 0"));
  BOOST_TEST(counted("loopmeter_tls_handshake_failures_total{reason=\"closed\"} 0"));
  auto next = test::connected_pair();
  octets = std::make_unique<wire>(worker, std::move(next.ours), nullptr, nullptr);
  BOOST_REQUIRE(octets->open());
  auto const hello = client.give();
  BOOST_REQUIRE(::send(next.peer.get(), hello.data(), 20, 0) == 20);
  run_until([&] { return octets->source().readable(); });
  octets->receive();
  octets.reset();
  BOOST_TEST(counted("loopmeter_tls_handshake_failures_total{reason=\"timeout\"} 1"));
}

// One step of a handshake in a turn of the event loop.
BOOST_FIXTURE_TEST_CASE(handshakes_take_turns, sealed_wire) {
  BOOST_TEST(octets->takes_turn());
  BOOST_TEST(!octets->takes_turn());
  run_until([&] { return !worker.handshake_this_turn; });
  BOOST_TEST(octets->takes_turn());
  run_until([&] { return !worker.handshake_this_turn; });
  shake_hands();
  BOOST_TEST(octets->takes_turn());  // what is not a handshake
  BOOST_TEST(octets->takes_turn());
}

BOOST_AUTO_TEST_SUITE_END()
