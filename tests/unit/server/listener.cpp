// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/listener.hpp>

#include <boost/test/unit_test.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "service.hpp"
#include "shortage.hpp"
#include "test_routes.hpp"
#include "worker_parts.hpp"

using boost::system::system_error;
using loopmeter::unique_fd;
using loopmeter::server::listen_on;
using loopmeter::server::parse_listen_address;
using test::body_of;

namespace {

loopmeter::server::limits const bounds;

bool is_in_use(system_error const &e) {
  return e.code() == boost::system::errc::address_in_use;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_listener)

BOOST_AUTO_TEST_CASE(addresses_that_are_allowed) {
  struct row {
    char const *text;
    char const *host;
    int port;
    char const *again;
  };
  row const table[] = {
      {":8080", "", 8080, ":8080"},
      {":0", "", 0, ":0"},
      {"127.0.0.1:65535", "127.0.0.1", 65535, "127.0.0.1:65535"},
      {"[::1]:80", "::1", 80, "[::1]:80"},
      {"[::]:80", "::", 80, "[::]:80"},
      {"localhost:1", "localhost", 1, "localhost:1"},
  };
  for (auto const &r : table) {
    auto const parsed = parse_listen_address(r.text);
    BOOST_TEST(parsed.host == r.host);
    BOOST_TEST(parsed.port == r.port);
    BOOST_TEST(parsed.text() == r.again);
  }
}

BOOST_AUTO_TEST_CASE(addresses_that_are_not) {
  for (auto const *text : {"", "8080", "localhost", ":", "host:", ":65536", ":-1", ":+1", ":80 ",
                           ": 80", ":8o", "::1:80", "[::1]", "[]:80", "[::1:80", "::1]:80"}) {
    BOOST_TEST_CONTEXT(text) {
      BOOST_CHECK_EXCEPTION(parse_listen_address(text), std::invalid_argument, [&](auto const &e) {
        std::string const message = e.what();
        return message.starts_with('"' + std::string(text) + '"') &&
               message.find("allowed is HOST:PORT") != std::string::npos;
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(all_share_one_port) {
  auto const sockets = listen_on({"127.0.0.1", 0}, 4, bounds);
  BOOST_TEST(sockets.size() == 4U);
  for (auto const &s : sockets) {
    BOOST_TEST(loopmeter::server::bound_address(s) ==
               "127.0.0.1:" + std::to_string(test::port_of(sockets[0])));
  }
}

BOOST_AUTO_TEST_CASE(limits_reach_the_kernel) {
  auto chosen = bounds;
  chosen.listen_backlog = 7;
  chosen.user_timeout = std::chrono::milliseconds(12'345);
  chosen.keepalive_idle = std::chrono::seconds(33);
  chosen.keepalive_interval = std::chrono::milliseconds(4'001);
  auto const sockets = listen_on({"127.0.0.1", 0}, 1, chosen);
  auto const peer = test::connect_to(test::port_of(sockets[0]));
  unique_fd accepted;
  test::wait_until(
      [&] {
        accepted.reset(::accept4(sockets[0].get(), nullptr, nullptr, SOCK_CLOEXEC));
        return static_cast<bool>(accepted);
      },
      "accepted");
  auto const option = [&](int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(accepted.get(), IPPROTO_TCP, name, &value, &size);
    return value;
  };
  BOOST_TEST(option(TCP_NODELAY) == 1);
  BOOST_TEST(option(TCP_USER_TIMEOUT) == 12'345);
  BOOST_TEST(option(TCP_KEEPIDLE) == 33);
  BOOST_TEST(option(TCP_KEEPINTVL) == 5);  // whole seconds
  tcp_info of_listener{};
  socklen_t size = sizeof of_listener;
  ::getsockopt(sockets[0].get(), IPPROTO_TCP, TCP_INFO, &of_listener, &size);
  BOOST_TEST(of_listener.tcpi_sacked == 7U);  // of a listener: the length of its queue
}

BOOST_AUTO_TEST_CASE(all_addresses_take_both_families) {
  auto const sockets = listen_on({"", 0}, 1, bounds);
  auto const address = loopmeter::server::bound_address(sockets[0]);
  auto const port = std::stoi(address.substr(address.rfind(':') + 1));
  BOOST_CHECK_NO_THROW(test::connect_to(static_cast<std::uint16_t>(port)));
}

BOOST_AUTO_TEST_CASE(a_served_port_is_an_error_whatever_its_options) {
  unique_fd const other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int const on = 1;
  ::setsockopt(other.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(other.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::bind(other.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(other.get(), 16) == 0);
  auto const port = test::port_of(other);
  BOOST_CHECK_EXCEPTION(
      listen_on({"127.0.0.1", port}, 2, bounds), system_error, [port](system_error const &e) {
        return is_in_use(e) &&
               std::string(e.what()).find("127.0.0.1:" + std::to_string(port)) != std::string::npos;
      });
  auto const ours = listen_on({"127.0.0.1", 0}, 2, bounds);
  BOOST_CHECK_EXCEPTION(listen_on({"127.0.0.1", test::port_of(ours[0])}, 2, bounds), system_error,
                        is_in_use);
}

BOOST_AUTO_TEST_CASE(processes_that_both_say_so_share_a_port) {
  auto const one = listen_on({"127.0.0.1", 0}, 2, bounds, true);
  auto const port = test::port_of(one[0]);
  auto const other = listen_on({"127.0.0.1", port}, 2, bounds, true);
  BOOST_TEST(test::port_of(other[0]) == port);
  BOOST_CHECK_EXCEPTION(listen_on({"127.0.0.1", port}, 1, bounds), system_error, is_in_use);
}

BOOST_AUTO_TEST_CASE(one_that_accepts_for_all_deals_evenly) {
  auto chosen = test::default_options();
  chosen.workers = 3;
  chosen.accept = loopmeter::server::accept_mode::shared;
  test::service service(test::routes(), chosen);
  std::vector<test::client> clients;
  for (int i = 0; i < 30; ++i) {
    clients.emplace_back(service.port());
    clients.back().get("/");
    BOOST_TEST(body_of(clients.back().answer()) == "hello\n");
  }
  for (auto const *number : {"0", "1", "2"}) {
    BOOST_TEST(service.value("loopmeter_loop_connections_total{worker=\"" + std::string(number) +
                             "\"}") == 10);
  }
  clients.clear();
  service.stop();
  BOOST_TEST(service.value("loopmeter_http_open_connections") == 0);
}

BOOST_AUTO_TEST_CASE(unknown_hosts_and_foreign_addresses_are_errors_that_name_them) {
  for (auto const *host : {"no-such-host.invalid", "192.0.2.1"}) {
    BOOST_CHECK_EXCEPTION(listen_on({host, 0}, 1, bounds), system_error, [host](auto const &e) {
      return std::string(e.what()).find(host) != std::string::npos;
    });
  }
}

BOOST_AUTO_TEST_CASE(of_two_at_the_same_instant_exactly_one_lives) {
  for (int round = 0; round < 25; ++round) {
    std::uint16_t port = 0;
    {
      auto const probe = listen_on({"127.0.0.1", 0}, 1, bounds);
      port = test::port_of(probe[0]);
    }
    std::atomic<int> at_start{0};
    std::optional<std::vector<unique_fd>> held[2];
    auto const contend = [&](std::size_t i) {
      ++at_start;
      while (at_start < 2) {
      }
      try {
        held[i] = listen_on({"127.0.0.1", port}, 3, bounds);
      } catch (system_error const &e) {
        if (!is_in_use(e)) throw;
      }
    };
    std::thread other(contend, 1);
    contend(0);
    other.join();
    BOOST_TEST(held[0].has_value() != held[1].has_value());
  }
}

BOOST_AUTO_TEST_CASE(without_descriptors_it_sheds_and_recovers) {
  auto chosen = test::default_options();
  chosen.limits.accept_backoff = std::chrono::milliseconds(5);
  test::service service(test::routes(), chosen);
  test::client before(service.port());
  before.get("/");
  BOOST_TEST(test::status_of(before.answer()) == 200);
  {
    test::shortage const none(1);
    test::client refused(service.port());  // takes the one that is left
    constexpr auto series = "loopmeter_http_accept_errors_total{reason=\"descriptors\"}";
    test::wait_until([&] { return service.value(series) >= 1; }, series);
    refused.close();
    before.get("/");  // who is in stays in
    BOOST_TEST(test::status_of(before.answer()) == 200);
  }
  test::client after(service.port());
  after.get("/");
  BOOST_TEST(test::status_of(after.answer()) == 200);
}

// What a client sees of a listener that closes: it is served, or it was never let in.
BOOST_AUTO_TEST_CASE(behind_its_closed_gate_nobody_is_let_in_and_nobody_is_reset) {
  test::worker_parts parts;
  auto sockets = listen_on({"127.0.0.1", 0}, 1, bounds);
  auto const port = test::port_of(sockets[0]);
  loopmeter::server::listener listener(parts.worker, std::move(sockets[0]));
  test::client early(port);  // in the accept queue
  early.get("/");
  listener.close_gate();
  auto const late = test::begin_to_connect(port);
  listener.stop();
  parts.run_until([&] { return test::has_octets(early.descriptor()); });
  BOOST_TEST(body_of(early.answer()) == "hello\n");
  // The SYN was dropped, and the second one, after a second, finds nobody.
  BOOST_TEST(test::result_of_connect(late) == ECONNREFUSED);
}

BOOST_AUTO_TEST_SUITE_END()
