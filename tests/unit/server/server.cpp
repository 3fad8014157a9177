// SPDX-License-Identifier: Apache-2.0
// The server as a whole: workers, drain, cut.
#include <loopmeter/server/server.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "service.hpp"
#include "test_routes.hpp"

using namespace std::chrono_literals;
using test::body_of;
using test::status_of;

namespace {

void wait_for_handlers(int count) {
  test::wait_until([=] { return test::waiting_now == count; }, "handlers under way");
}

loopmeter::server::task<loopmeter::http::response> wait_for_something_of_its_own(
    loopmeter::server::exchange &) {
  test::count_waiting const guard;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(loopmeter::server::use_task);
  co_return loopmeter::http::text("never\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_server)

BOOST_AUTO_TEST_CASE(two_workers_count_every_request_once) {
  auto chosen = test::default_options();
  chosen.workers = 2;
  test::service service(test::routes(), chosen);
  constexpr int clients = 4;
  constexpr int each = 200;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < clients; ++t) {
    threads.emplace_back([&] {
      test::client client(service.port());
      for (int i = 0; i < each; ++i) {
        client.get("/");
        right += body_of(client.answer()) == "hello\n";
        if (i % 50 == 0) {
          client.get("/sleep/1");
          right += status_of(client.answer()) == 200;
        }
      }
    });
  }
  for (auto &t : threads)
    t.join();
  BOOST_TEST(right == clients * (each + 4));
  BOOST_TEST(service.requests("/", "GET", 200) == clients * each);
  BOOST_TEST(service.requests("/sleep/{ms}", "GET", 200) == clients * 4);
  BOOST_TEST(service.value("loopmeter_http_connections_total") == clients);
  BOOST_TEST(service.value("test_http_request_duration_seconds_count{path=\"/\",method=\"GET\"}") ==
             clients * each);
  service.wait_for_connections(0);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_an_error) {
  test::service service(test::routes());
  auto chosen = test::default_options();
  chosen.listen = {{"127.0.0.1", service.port()}};
  loopmeter::metrics::registry registry;
  loopmeter::server::lifecycle life;
  loopmeter::server::server second(chosen, test::routes(), registry, life);
  BOOST_CHECK_THROW(second.listen(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(while_draining_it_still_accepts_and_says_close) {
  auto chosen = test::default_options();
  chosen.shutdown_delay = 500ms;
  test::service service(test::routes(), chosen);
  test::client early(service.port());
  early.get("/");
  BOOST_TEST(early.answer().find("Connection: close") == std::string::npos);
  service.begin_stop();
  test::wait_until([&] { return service.life().draining(); }, "draining");
  BOOST_TEST(!service.life().ready());
  test::client late(service.port());
  late.get("/");
  auto const answer = late.rest();
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
  early.get("/");
  BOOST_TEST(status_of(early.rest()) == 200);
}

BOOST_AUTO_TEST_CASE(drain_answers_the_busy_and_ends_the_idle_with_a_fin) {
  test::service service(test::routes());
  test::client idle(service.port());
  idle.get("/");
  idle.answer();
  test::client fresh(service.port());
  test::client busy(service.port());
  busy.get("/sleep/200");
  wait_for_handlers(1);
  service.begin_stop();
  BOOST_TEST(idle.rest().empty());
  idle.send("GET / HTTP/1.1\r\n");  // into the lingering, as if it had been on its way
  idle.close();
  BOOST_TEST(fresh.rest().empty());
  fresh.close();
  auto const answer = busy.rest();
  BOOST_TEST(body_of(answer) == "slept 200 \n");
  BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
  busy.close();
  service.stop();
  BOOST_TEST(service.value("loopmeter_http_open_connections") == 0);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 0);
  BOOST_TEST((service.life().phase() == loopmeter::server::phase::stopped));
}

// Clients that ask again and again, through the whole drain: each gets an answer or a clean FIN,
// and every answer is counted.
BOOST_AUTO_TEST_CASE(no_reset_and_no_lost_answer_at_any_moment_of_a_drain) {
  for (int round = 0; round < 5; ++round) {
    auto chosen = test::default_options();
    chosen.workers = 2;
    test::service service(test::routes(), chosen);
    std::atomic<int> at_work{0};
    std::atomic<int> answered{0};
    std::array<std::string, 4> faults;
    std::vector<std::thread> threads;
    for (auto &fault : faults) {
      threads.emplace_back([&] {
        try {
          test::client client(service.port());
          for (int mine = 0;; ++mine) {
            client.get("/");
            if (client.answer().empty()) return;
            ++answered;
            if (mine == 10) ++at_work;
          }
        } catch (std::exception const &e) {
          fault = e.what();
        }
      });
    }
    test::wait_until([&] { return at_work == 4; }, "all clients at work");
    service.begin_stop();
    for (auto &t : threads)
      t.join();
    service.stop();
    for (auto const &fault : faults)
      BOOST_TEST(fault == "");
    BOOST_TEST(service.requests("/", "GET", 200) == answered);
  }
}

// The request stands in the socket when the drain comes, unseen by the worker.
BOOST_AUTO_TEST_CASE(a_request_that_is_there_when_the_drain_begins_is_answered) {
  std::atomic<bool> go{false};
  std::atomic<bool> held{false};
  auto routes = test::routes();
  routes.push_back({loopmeter::http::method::get, "/hold",
                    loopmeter::server::plain_handler([&](loopmeter::server::exchange &) {
                      held = true;
                      while (!go)
                        std::this_thread::yield();
                      return loopmeter::http::text("held\n");
                    })});
  test::service service(std::move(routes));
  test::client idle(service.port());
  idle.get("/");
  idle.answer();
  test::client holder(service.port());
  holder.get("/hold");
  test::wait_until([&] { return held.load(); }, "held");
  idle.get("/");
  service.begin_stop();
  test::wait_until([&] { return service.life().phase() >= loopmeter::server::phase::finishing; },
                   "finishing");
  go = true;
  BOOST_TEST(body_of(holder.rest()) == "held\n");
  BOOST_TEST(body_of(idle.rest()) == "hello\n");
}

BOOST_AUTO_TEST_CASE(what_lasts_too_long_is_cut_and_counted) {
  auto chosen = test::default_options();
  chosen.shutdown_timeout = 50ms;
  test::service service(test::routes(), chosen);
  test::client sleeper(service.port());
  sleeper.get("/sleep/600000");
  test::client silent(service.port(), 4096);
  silent.get("/large");
  test::client uploader(service.port());
  uploader.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
      "Expect: 100-continue\r\n\r\n");
  uploader.answer(true);
  wait_for_handlers(1);
  test::wait_until([&] { return service.requests("/large", "GET", 200) == 1; }, "answer begun");
  service.stop();
  wait_for_handlers(0);
  BOOST_TEST(service.requests("/sleep/{ms}", "GET", 503) == 1);
  BOOST_TEST(service.requests("/echo", "POST", 503) == 1);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 3);
  BOOST_TEST(service.value("loopmeter_http_open_connections") == 0);
}

BOOST_AUTO_TEST_CASE(a_handler_that_cannot_be_cut_is_left_behind) {
  auto chosen = test::default_options();
  chosen.shutdown_timeout = 20ms;
  auto routes = test::routes();
  routes.push_back({loopmeter::http::method::get, "/stuck",
                    loopmeter::server::waiting_handler(wait_for_something_of_its_own)});
  {
    test::service service(std::move(routes), chosen);
    test::client client(service.port());
    client.get("/stuck");
    wait_for_handlers(1);
    service.stop();
    BOOST_TEST((service.life().phase() == loopmeter::server::phase::stopped));
  }
  wait_for_handlers(0);
}

BOOST_AUTO_TEST_CASE(never_run_it_leaks_nothing) {
  loopmeter::metrics::registry registry;
  loopmeter::server::lifecycle life;
  loopmeter::server::server never(test::default_options(), test::routes(), registry, life);
  never.listen();
  BOOST_TEST(never.addresses().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
