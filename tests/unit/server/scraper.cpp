// SPDX-License-Identifier: Apache-2.0
// Scrapes that wait for a gather: who joins whom, who waits no longer, who is refused.
#include <loopmeter/server/scraper.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <loopmeter/server/scrape_endpoint.hpp>

#include "service.hpp"

using namespace std::chrono_literals;
using loopmeter::server::scrape_options;
using test::body_of;
using test::status_of;

namespace {

// A source that a test holds up.
class gate {
 public:
  ~gate() { open(); }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    std::scoped_lock const lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, test::patience, [=, this] { return arrived_ >= count; }));
  }
  int arrived() {
    std::scoped_lock const lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

scrape_options patient() {
  scrape_options chosen;
  chosen.timeout = 60s;
  chosen.collect_timeout = 30s;
  chosen.concurrent_max = 8;
  return chosen;
}

struct scraped {
  explicit scraped(scrape_options const &chosen = patient(),
                   loopmeter::server::options const &how = test::default_options())
      : service(std::make_unique<test::service>(loopmeter::server::scrape_routes(registry, chosen),
                                                how)) {}
  ~scraped() { held->open(); }

  void hold() {
    registry.add_source([at = held] {
      at->pass();
      return std::vector<loopmeter::metrics::foreign_family>{};
    });
  }
  test::client &scrape(std::string_view fields = {}) {
    clients.emplace_back(service->port());
    clients.back().get("/metrics", fields);
    return clients.back();
  }
  // Only while the source is not held up: gathers of one registry take turns.
  std::int64_t value(std::string const &series) const {
    std::string text = "\n";
    loopmeter::exposition::encode_text(loopmeter::metrics::gather(registry), text);
    auto const at = text.find('\n' + series + ' ');
    return at == text.npos ? -1 : std::stoll(text.substr(at + series.size() + 2));
  }
  std::int64_t errors(std::string const &cause) const {
    return value("loopmeter_scrape_errors_total{cause=\"" + cause + "\"}");
  }
  // By the connections, which another registry counts.
  void wait_for_waiting(std::int64_t count) const {
    auto const active = [this](std::string const &worker) {
      auto const series = "loopmeter_connections{worker=\"" + worker + "\",state=\"active\"}";
      return std::max(service->value(series), std::int64_t{0});
    };
    test::wait_until([&] { return active("0") + active("1") == count; },
                     std::to_string(count) + " scrapes wait");
  }

  std::shared_ptr<gate> held = std::make_shared<gate>();
  loopmeter::metrics::registry registry;
  loopmeter::metrics::counter events =
      registry.add_counter({.name = "events_total", .help = "Events."}).value();
  std::unique_ptr<test::service> service;
  std::deque<test::client> clients;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_scraper)

// Where both want the same processor, a request goes before a gather.
BOOST_AUTO_TEST_CASE(gathers_give_way_to_requests) {
  scraped s;
  BOOST_TEST(status_of(s.scrape().answer()) == 200);  // by now the threads have begun
  std::map<std::string, int> niceness;
  for (auto const &thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream name(thread.path() / "comm");
    auto const id = static_cast<id_t>(std::stoul(thread.path().filename()));
    niceness[std::string(std::istreambuf_iterator<char>(name), {})] =
        ::getpriority(PRIO_PROCESS, id);
  }
  BOOST_TEST(niceness.at("scraper\n") == std::min(19, niceness.at("worker\n") + 10));
}

BOOST_AUTO_TEST_CASE(a_scrape_joins_only_a_gather_that_begins_after_it_came) {
  scraped s;
  s.hold();
  auto &early = s.scrape();
  s.held->wait_for(1);
  s.events.inc(5);
  std::deque<test::client *> late;
  for (int i = 0; i < 3; ++i)
    late.push_back(&s.scrape());
  // They are inside, and so behind the gather under way, when their handlers wait.
  s.wait_for_waiting(4);
  BOOST_TEST(s.held->arrived() == 1);
  s.held->open();
  BOOST_TEST(status_of(early.answer()) == 200);
  for (auto *client : late)
    BOOST_TEST(body_of(client->answer()).find("\nevents_total 5\n") != std::string::npos);
  BOOST_TEST(s.held->arrived() == 2);
}

BOOST_AUTO_TEST_CASE(too_many_are_refused_and_told_when_to_come_back) {
  auto chosen = patient();
  chosen.concurrent_max = 1;
  scraped s(chosen);
  s.hold();
  auto &first = s.scrape();
  s.held->wait_for(1);
  auto const refused = s.scrape().answer();
  BOOST_TEST(status_of(refused) == 503);
  BOOST_TEST(refused.find("Retry-After: 1\r\n") != std::string::npos);
  s.held->open();
  BOOST_TEST(status_of(first.answer()) == 200);
  BOOST_TEST(s.errors("limit") == 1);
  BOOST_TEST(status_of(s.scrape().answer()) == 200);
}

BOOST_AUTO_TEST_CASE(one_that_can_wait_no_longer_gets_503) {
  scraped s;
  s.hold();
  auto &first = s.scrape();
  s.held->wait_for(1);
  auto const late = s.scrape("X-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n").answer();
  BOOST_TEST(status_of(late) == 503);
  BOOST_TEST(s.errors("deadline") == 1);
  s.held->open();
  BOOST_TEST(status_of(first.answer()) == 200);
}

BOOST_AUTO_TEST_CASE(a_source_that_blocks_is_left_out_in_time_for_the_answer) {
  scraped s;
  s.hold();
  auto const answer = s.scrape("X-Prometheus-Scrape-Timeout-Seconds: 2\r\n").answer();
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(body_of(answer).find("\nevents_total 0\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(clients_that_go_leave_their_places_at_once) {
  scraped s;
  s.hold();
  s.scrape();
  s.held->wait_for(1);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 7; ++i)
      s.scrape();
    s.wait_for_waiting(8);
    for (int i = 0; i < 7; ++i) {
      s.clients.back().reset();
      s.clients.pop_back();
    }
    s.wait_for_waiting(1);
  }
  s.held->open();
  BOOST_TEST(status_of(s.clients.front().answer()) == 200);
  BOOST_TEST(s.errors("client_gone") == 140);
  BOOST_TEST(s.errors("limit") == 0);
  BOOST_TEST(s.held->arrived() <= 3);  // of us, and nobody was left in the queue
}

BOOST_AUTO_TEST_CASE(the_servers_end_waits_for_no_source_longer_than_the_limit) {
  auto chosen = patient();
  chosen.collect_timeout = 300ms;
  auto how = test::default_options();
  how.workers = 2;
  how.shutdown_timeout = 10ms;
  scraped s(chosen, how);
  s.hold();
  for (int i = 0; i < 4; ++i)
    s.scrape();
  s.held->wait_for(1);
  s.wait_for_waiting(4);
  auto const begin = std::chrono::steady_clock::now();
  s.service->stop();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < chosen.timeout));
  s.held->open();
  BOOST_TEST(s.errors("shutdown") == 4);
  BOOST_TEST(s.value("loopmeter_scrapes_in_flight") == 0);
}

BOOST_AUTO_TEST_CASE(equal_compressed_bodies_are_made_once_and_are_equal) {
  scraped s;
  s.hold();
  s.scrape();
  s.held->wait_for(1);
  std::deque<test::client *> alike;
  for (int i = 0; i < 3; ++i)
    alike.push_back(&s.scrape("Accept-Encoding: gzip\r\n"));
  auto &plain = s.scrape();
  s.wait_for_waiting(5);
  s.held->open();
  auto const first = alike[0]->answer();
  BOOST_TEST(first.find("Content-Encoding: gzip\r\n") != std::string::npos);
  BOOST_TEST(body_of(first).starts_with("\x1f\x8b"));
  for (auto *client : alike) {
    if (client != alike[0]) BOOST_TEST((body_of(client->answer()) == body_of(first)));
  }
  BOOST_TEST(body_of(plain.answer()).starts_with("# HELP"));
  test::wait_until(
      [&] {
        return s.value("loopmeter_scrapes_total{protocol=\"text_0.0.4\",encoding=\"gzip\"}") == 3;
      },
      "counted");
}

BOOST_AUTO_TEST_CASE(a_body_of_one_packet_is_not_compressed) {
  scraped s;
  s.clients.emplace_back(s.service->port());
  s.clients.back().get("/metrics?name[]=events_total", "Accept-Encoding: gzip\r\n");
  auto const answer = s.clients.back().answer();
  BOOST_TEST(answer.find("Content-Encoding") == std::string::npos);
  BOOST_TEST(body_of(answer).find("events_total 0\n") != std::string::npos);
  BOOST_TEST(body_of(answer).find("loopmeter_") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
