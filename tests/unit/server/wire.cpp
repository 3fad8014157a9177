// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/wire.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include "wait_until.hpp"
#include "worker_parts.hpp"

using namespace loopmeter::server;

namespace {

struct wire_on_a_loop : test::worker_parts {
  wire_on_a_loop() { BOOST_REQUIRE(octets.open()); }

  // One read must find all of it.
  void wait_for_octets(std::size_t count) {
    test::wait_for_octets(ours, count);
    run_until([&] { return octets.source().readable(); });
  }

  wire octets{worker, std::move(sockets.ours), nullptr, nullptr};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_wire)

BOOST_FIXTURE_TEST_CASE(a_read_that_filled_the_buffer_is_repeated, wire_on_a_loop) {
  std::string const sent(loop::input_bytes + 10, 'x');
  peer_sends(sent);
  wait_for_octets(sent.size());
  octets.receive();
  BOOST_TEST(octets.input().size() == loop::input_bytes);
  BOOST_TEST(octets.source().readable());
  octets.consume(loop::input_bytes - 5);
  octets.receive();
  BOOST_TEST(octets.input().size() == 15U);
  BOOST_TEST(!octets.source().readable());  // it came short
}

// The buffer of the first read is the buffer of the second.
BOOST_FIXTURE_TEST_CASE(what_is_not_used_up_survives_the_next_read, wire_on_a_loop) {
  peer_sends("GET / HT");
  wait_for_octets(8);
  octets.receive();
  BOOST_TEST(octets.input() == "GET / HT");
  peer_sends("TP/1.1");
  wait_for_octets(6);
  octets.receive();
  BOOST_TEST(octets.input() == "GET / HTTP/1.1");
  octets.consume(4);
  octets.keep_input();
  worker.input.assign(worker.input.size(), '?');
  BOOST_TEST(octets.input() == "/ HTTP/1.1");
  ::shutdown(sockets.peer.get(), SHUT_WR);
  run_until([&] { return octets.source().peer_closed(); });
  octets.receive();
  BOOST_TEST(octets.ended());
  BOOST_TEST(octets.input() == "/ HTTP/1.1");
}

BOOST_FIXTURE_TEST_CASE(what_the_socket_does_not_take_is_kept_and_sent, wire_on_a_loop) {
  std::string const body(16 * 1024 * 1024, 'b');
  worker.output = "head ";
  BOOST_TEST(!octets.flush(body));
  BOOST_TEST(worker.output.empty());
  BOOST_TEST(octets.has_unsent());
  worker.output = "next";
  BOOST_TEST(!octets.flush());
  std::string got(body.size() + 9, '\0');
  std::size_t size = 0;
  run_until([&] {
    auto const count =
        ::recv(sockets.peer.get(), got.data() + size, got.size() - size, MSG_DONTWAIT);
    if (count > 0) size += static_cast<std::size_t>(count);
    return octets.send_unsent() && size == got.size();
  });
  BOOST_TEST(!octets.has_unsent());
  BOOST_TEST((got == "head " + body + "next"));
}

BOOST_FIXTURE_TEST_CASE(a_reset_fails_and_does_not_end_the_process, wire_on_a_loop) {
  test::reset(sockets.peer);
  run_until([&] { return octets.failed(); });
  worker.output = "answer";
  BOOST_TEST(octets.flush());
  BOOST_TEST(worker.output.empty());
  octets.receive();
  BOOST_TEST(octets.ended());
  BOOST_TEST(octets.input().empty());
}

BOOST_AUTO_TEST_CASE(release_gives_memory_back) {
  std::string text(100'000, 'x');
  release(text);
  BOOST_TEST(text.empty());
  BOOST_TEST(text.capacity() == std::string().capacity());
}

BOOST_AUTO_TEST_SUITE_END()
