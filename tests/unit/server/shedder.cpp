// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/shedder.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

#include <deque>
#include <string>
#include <utility>

#include "sockets.hpp"
#include "wait_until.hpp"

using namespace loopmeter::server;
using namespace std::chrono_literals;

namespace {

struct shedding {
  boost::asio::io_context context;
  loop_clock time;
  wheel sleeps{context, time};
};

// All until the FIN; throws for a reset.
std::string rest_of(int socket) {
  std::string all;
  for (;;) {
    char piece[4096];
    auto const count = ::recv(socket, piece, sizeof piece, 0);
    if (count < 0) throw std::runtime_error("reset");
    if (count == 0) return all;
    all.append(piece, static_cast<std::size_t>(count));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_shedder)

BOOST_FIXTURE_TEST_CASE(tells_what_a_client_understands, shedding) {
  shedder door(sleeps, 1h);
  auto pair = test::connected_pair();
  door.turn_away(std::move(pair.ours), false);
  auto const all = rest_of(pair.peer.get());
  BOOST_TEST(test::status_of(all) == 503);
  BOOST_TEST(all.find("Retry-After: 1\r\n") != std::string::npos);
  BOOST_TEST(all.find("Connection: close\r\n") != std::string::npos);
  BOOST_TEST(test::body_of(all) == "503 Service Unavailable\n");
  BOOST_TEST(all.find("Content-Length: " + std::to_string(test::body_of(all).size()) + "\r\n") !=
             std::string::npos);
}

// A handshake would have to come first.
BOOST_FIXTURE_TEST_CASE(says_nothing_in_the_clear_with_tls, shedding) {
  shedder door(sleeps, 1h);
  auto pair = test::connected_pair();
  door.turn_away(std::move(pair.ours), true);
  BOOST_TEST(rest_of(pair.peer.get()).empty());
}

// A request that comes with the connection, or after our answer, must not turn it into a reset.
BOOST_FIXTURE_TEST_CASE(requests_do_not_destroy_the_answer, shedding) {
  shedder door(sleeps, 1h);
  auto pair = test::connected_pair();
  std::string const request(1000, 'x');
  BOOST_REQUIRE(::send(pair.peer.get(), request.data(), request.size(), 0) > 0);
  door.turn_away(std::move(pair.ours), false);
  BOOST_REQUIRE(::send(pair.peer.get(), request.data(), request.size(), 0) > 0);
  door.close_all();
  BOOST_TEST(test::status_of(rest_of(pair.peer.get())) == 503);
}

BOOST_FIXTURE_TEST_CASE(holds_a_few_and_for_a_moment, shedding) {
  shedder door(sleeps, 30ms);
  std::deque<test::socket_pair> pairs;
  std::deque<int> ours;
  auto const is_open = [](int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  };
  for (std::size_t i = 0; i <= shedder::held_max; ++i) {
    pairs.push_back(test::connected_pair());
    ours.push_back(pairs.back().ours.get());
  }
  for (auto &pair : pairs)
    door.turn_away(std::move(pair.ours), false);
  BOOST_TEST(!is_open(ours[0]));  // made room for the last
  BOOST_TEST(is_open(ours[1]));
  BOOST_TEST(is_open(ours.back()));
  test::run_until(
      context, [&] { return !is_open(ours.back()); }, "closed");
  BOOST_TEST(!is_open(ours[1]));
}

BOOST_AUTO_TEST_SUITE_END()
