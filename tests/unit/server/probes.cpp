// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/probes.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <loopmeter/server/scrape_endpoint.hpp>

#include "service.hpp"
#include "test_routes.hpp"

using namespace std::chrono_literals;
using test::body_of;
using test::status_of;

namespace {

std::string get(test::service const &service, std::string_view path) {
  test::client client(service.port());
  client.get(path);
  return client.answer();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_probes)

BOOST_AUTO_TEST_CASE(alive_and_ready_and_then_only_alive) {
  loopmeter::server::lifecycle life;
  test::service service(loopmeter::server::probe_routes(life));
  BOOST_TEST(status_of(get(service, "/livez")) == 200);
  BOOST_TEST(status_of(get(service, "/healthz")) == 200);
  BOOST_TEST(status_of(get(service, "/readyz")) == 503);
  BOOST_TEST(body_of(get(service, "/readyz?verbose")) ==
             "{\"ready\":false,\"phase\":\"starting\"}\n");
  life.enter(loopmeter::server::phase::ready);
  BOOST_TEST(status_of(get(service, "/readyz")) == 200);
  BOOST_TEST(body_of(get(service, "/readyz?verbose")) == "{\"ready\":true,\"phase\":\"ready\"}\n");
  life.enter(loopmeter::server::phase::draining);
  BOOST_TEST(status_of(get(service, "/readyz")) == 503);
  BOOST_TEST(status_of(get(service, "/livez")) == 200);
  // Not the service's work.
  BOOST_TEST(
      service.value("loopmeter_http_requests_total{path=\"/livez\",method=\"GET\",code=\"200\"}") ==
      2);
  BOOST_TEST(service.requests("/livez", "GET", 200) == -1);
}

BOOST_AUTO_TEST_CASE(a_scrape_shows_what_was_answered_before_it) {
  loopmeter::metrics::registry other;
  auto const counter = other.add_counter({.name = "demo_total", .help = "A counter."}).value();
  counter.inc(7);
  test::service service({loopmeter::server::scrape_routes(other)});
  auto const answer = get(service, "/metrics");
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
             std::string::npos);
  BOOST_TEST(body_of(answer).find("\ndemo_total 7\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
