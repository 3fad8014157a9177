// SPDX-License-Identifier: Apache-2.0
// What the steady state takes from the heap: plain requests nothing, idle connections little.
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

#include <array>
#include <deque>
#include <string>
#include <string_view>

#include <loopmeter/server/request_state.hpp>

#include "counted_new.hpp"
#include "sanitized.hpp"
#include "service.hpp"
#include "test_routes.hpp"

using namespace std::literals;

namespace {

// Without a heap of its own: what is counted is the server's.
bool ask(int socket, std::string_view request, std::size_t answers,
         std::string_view last = "hello\n") {
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return false;
  }
  std::array<char, 16384> buffer;
  std::size_t size = 0;
  for (std::size_t found = 0; found < answers;) {
    auto const count = ::recv(socket, buffer.data() + size, buffer.size() - size, 0);
    if (count <= 0) return false;
    size += static_cast<std::size_t>(count);
    found = 0;
    std::string_view const all(buffer.data(), size);
    for (auto at = all.find(last); at != all.npos; at = all.find(last, at + 1))
      ++found;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_steady_state)

// A sanitizer brings an operator new of its own.
BOOST_AUTO_TEST_CASE(allocations_are_counted, *boost::unit_test::enable_if<!test::is_sanitized>()) {
  auto const before = test::allocations();
  std::string const long_one(1000, 'x');
  BOOST_TEST(long_one.size() == 1000U);
  BOOST_TEST(test::allocations() > before);
}

BOOST_AUTO_TEST_CASE(plain_requests_allocate_nothing) {
  test::service service(test::routes());
  std::deque<test::client> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back(service.port());
  auto const one =
      "GET / HTTP/1.1\r\nHost: test\r\nUser-Agent: a test with a longer name\r\n\r\n"sv;
  std::string sixteen;
  for (int i = 0; i < 16; ++i)
    sixteen += one;
  bool answered = true;
  auto const round = [&] {
    for (auto &c : clients) {
      answered = answered && ask(c.descriptor(), one, 1) && ask(c.descriptor(), sixteen, 16);
    }
  };
  for (int i = 0; i < 20; ++i)
    round();
  auto const before = test::allocations();
  for (int i = 0; i < 200; ++i)
    round();
  auto const made = test::allocations() - before;
  BOOST_TEST(made == 0U);
  BOOST_TEST(answered);
}

BOOST_AUTO_TEST_CASE(refusals_of_an_overload_allocate_nothing) {
  auto chosen = test::default_options();
  chosen.limits.waiting_requests_max = 0;
  test::service service(test::routes(), chosen);
  test::client const client(service.port());
  constexpr auto one = "GET /sleep/1 HTTP/1.1\r\nHost: test\r\n\r\n"sv;
  constexpr auto end = "503 Service Unavailable\n"sv;
  bool refused = true;
  for (int i = 0; i < 20; ++i)
    refused = refused && ask(client.descriptor(), one, 1, end);
  auto const before = test::allocations();
  for (int i = 0; i < 200; ++i)
    refused = refused && ask(client.descriptor(), one, 1, end);
  auto const made = test::allocations() - before;
  BOOST_TEST(made == 0U);
  BOOST_TEST(refused);
}

// A body, a large answer to a slow reader, a head in pieces, a waiting handler: what they took is
// given back when they are over, although the connection stays.
BOOST_AUTO_TEST_CASE(idle_connections_hold_no_buffers) {
  constexpr int count = 20;
  test::service service(test::routes());
  std::deque<test::client> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(service.port(), 4096);
    clients.back().get("/");
    clients.back().answer();
  }
  // The worker's own output buffer grows once.
  clients.front().get("/large");
  clients.front().answer();
  auto const before = test::heap_bytes();
  for (auto &c : clients) {
    c.get("/large");
    c.answer();
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    c.send(std::string(100'000, 'b'));
    c.answer();
    c.send("GET /sleep/1 HTTP/1.1\r\nHost: a\r\nX: ");
    c.send(std::string(10'000, 'x') + "\r\n\r\n");
    c.answer();
  }
  test::wait_until([&] { return test::heap_bytes() < before + count * 1024; }, "memory back");
  BOOST_TEST(service.value("loopmeter_http_open_connections") == count);
}

// What a request needs is there from its first octet to its end, and not while a connection is
// idle.
BOOST_AUTO_TEST_CASE(idle_connections_hold_no_request,
                     *boost::unit_test::enable_if<!test::is_sanitized>()) {
  constexpr int count = 3000;  // more than two workers keep spare states
  constexpr auto each = static_cast<std::int64_t>(sizeof(loopmeter::server::request_state));
  test::service service(test::routes());
  std::deque<test::client> clients;
  for (int i = 0; i < count; ++i)
    clients.emplace_back(service.port());
  service.wait_for_connections(count);
  auto const idle = test::heap_bytes();
  for (auto &c : clients)
    c.send("GET / HTTP/1.1\r\n");
  test::wait_until([&] { return test::heap_bytes() > idle + count * each; }, "states");
  for (auto &c : clients) {
    c.send("Host: a\r\n\r\n");
    c.answer();
  }
  test::wait_until([&] { return test::heap_bytes() < idle + 2100 * each; }, "memory back");
  BOOST_TEST(service.value("loopmeter_http_open_connections") == count);
}

BOOST_AUTO_TEST_SUITE_END()
