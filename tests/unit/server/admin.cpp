// SPDX-License-Identifier: Apache-2.0
// The admin address: who serves what, and who still answers when no worker does.
#include <loopmeter/server/server.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>

#include "service.hpp"

using namespace std::chrono_literals;
using loopmeter::http::method;
using loopmeter::server::exchange;
using loopmeter::server::plain_handler;
using test::body_of;
using test::status_of;

namespace {

loopmeter::server::options with_admin() {
  auto chosen = test::default_options();
  chosen.admin_listen = {{"127.0.0.1", 0}};
  return chosen;
}

// `/block` holds its worker until `go`.
struct blocking {
  std::atomic<bool> blocked{false};
  std::atomic<bool> go{false};

  std::vector<loopmeter::server::route> operator()(loopmeter::metrics::registry &registry,
                                                   loopmeter::server::lifecycle &life) {
    auto rows = loopmeter::server::probe_routes(life);
    for (auto &row : loopmeter::server::scrape_routes(registry))
      rows.push_back(std::move(row));
    rows.push_back({method::get, "/",
                    plain_handler([](exchange &) { return loopmeter::http::text("hello\n"); })});
    rows.push_back({method::get, "/block", plain_handler([this](exchange &) {
                      blocked = true;
                      while (!go)
                        std::this_thread::yield();
                      return loopmeter::http::text("released\n");
                    })});
    return rows;
  }
};

std::string get(std::uint16_t port, std::string_view path) {
  test::client client(port);
  client.get(path);
  return client.answer();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_admin)

BOOST_AUTO_TEST_CASE(each_address_serves_its_own_routes) {
  blocking routes;
  test::service service(std::ref(routes), with_admin());
  BOOST_TEST(status_of(get(service.port(), "/")) == 200);
  BOOST_TEST(status_of(get(service.port(), "/livez")) == 404);
  BOOST_TEST(status_of(get(service.port(), "/metrics")) == 404);
  BOOST_TEST(status_of(get(service.admin_port(), "/")) == 404);
  BOOST_TEST(status_of(get(service.admin_port(), "/livez")) == 200);
  BOOST_TEST(status_of(get(service.admin_port(), "/metrics")) == 200);
  // What nobody serves is counted by the address that was asked.
  BOOST_TEST(service.requests("other", "GET", 404) == 2);
  BOOST_TEST(service.value(
                 "loopmeter_http_requests_total{path=\"other\",method=\"GET\",code=\"404\"}") == 1);
  BOOST_TEST(service.value("loopmeter_loop_connections_total{worker=\"admin\"}") == 3);
}

BOOST_AUTO_TEST_CASE(without_one_every_address_serves_all) {
  blocking routes;
  test::service service(std::ref(routes), test::default_options());
  for (auto const *path : {"/", "/livez", "/metrics"})
    BOOST_TEST(status_of(get(service.port(), path)) == 200);
}

BOOST_AUTO_TEST_CASE(a_worker_that_stalls_is_named_there_and_scrapes_go_on) {
  blocking routes;
  test::service service(std::ref(routes), with_admin(), 500ms);
  BOOST_TEST(status_of(get(service.admin_port(), "/livez")) == 200);
  test::client holder(service.port());
  holder.get("/block");
  test::wait_until([&] { return routes.blocked.load(); }, "blocked");
  std::string answer;
  test::wait_until(
      [&] {
        answer = get(service.admin_port(), "/livez");
        return status_of(answer) == 503;
      },
      "503 from /livez");
  BOOST_TEST(body_of(answer) == "worker 0 is stalled\n");
  BOOST_TEST(status_of(get(service.admin_port(), "/metrics")) == 200);
  BOOST_TEST(status_of(get(service.admin_port(), "/readyz")) == 200);
  routes.go = true;
  BOOST_TEST(body_of(holder.answer()) == "released\n");
  test::wait_until([&] { return status_of(get(service.admin_port(), "/livez")) == 200; },
                   "200 from /livez again");
}

BOOST_AUTO_TEST_CASE(two_workers_see_each_others_stall) {
  blocking routes;
  auto chosen = test::default_options();
  chosen.workers = 2;
  test::service service(std::ref(routes), chosen, 500ms);
  // Which worker a connection goes to is the kernel's choice: one is blocked, and of some that
  // stand open already, those of the other answer.
  std::vector<test::client> probers;
  for (int i = 0; i < 32; ++i)
    probers.emplace_back(service.port());
  service.wait_for_connections(32);
  test::client holder(service.port());
  holder.get("/block");
  test::wait_until([&] { return routes.blocked.load(); }, "blocked");
  for (auto &prober : probers)
    prober.get("/readyz");
  auto const able = [](test::client const &prober) {
    return test::has_octets(prober.descriptor());
  };
  auto answering = probers.end();
  test::wait_until(
      [&] {
        answering = std::find_if(probers.begin(), probers.end(), able);
        return answering != probers.end();
      },
      "an answer of the other worker");
  answering->answer();
  test::wait_until(
      [&] {
        answering->get("/livez");
        return status_of(answering->answer()) == 503;
      },
      "503 from /livez");
  routes.go = true;
  holder.answer();
}

BOOST_AUTO_TEST_SUITE_END()
