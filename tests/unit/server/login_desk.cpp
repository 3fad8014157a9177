// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/login_desk.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <crypt.h>

#include <memory>
#include <string>
#include <vector>

#include <loopmeter/metrics/registry.hpp>

#include "wait_until.hpp"

using namespace loopmeter::server;

namespace {

struct at_the_desk {
  std::shared_ptr<login_ticket> ticket(std::string const &password, bool known = true) {
    return std::make_shared<login_ticket>(digester.of("user", hash, password), known, hash,
                                          password, home.get_executor());
  }
  bool verdict(std::string const &password, bool known = true) {
    auto const asked = ticket(password, known);
    BOOST_REQUIRE(desk.enqueue(asked));
    test::run_until(
        home, [&] { return asked->done; }, "a verdict");
    return asked->accepted;
  }

  loopmeter::metrics::registry registry;
  web_metrics measured{registry};
  login_desk desk{measured};
  loopmeter::web::login_digester digester;
  asio::io_context home;
  std::string const hash = [] {
    static crypt_data data{};
    return std::string(::crypt_rn("secret", "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data));
  }();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_login_desk)

BOOST_FIXTURE_TEST_CASE(tells_right_from_wrong, at_the_desk) {
  desk.start();
  BOOST_TEST(verdict("secret"));
  BOOST_TEST(!verdict("guess"));
  BOOST_TEST(!verdict("guess"));
  BOOST_TEST(verdict("secret"));
}

BOOST_FIXTURE_TEST_CASE(who_is_not_known_is_never_right, at_the_desk) {
  desk.start();
  BOOST_TEST(!verdict("secret", false));
}

// Before start() nobody takes from the queue.
BOOST_FIXTURE_TEST_CASE(the_queue_has_an_end_and_gives_places_back, at_the_desk) {
  std::vector<std::shared_ptr<login_ticket>> waiting;
  for (std::size_t i = 0; i < login_desk::queue_max; ++i) {
    waiting.push_back(ticket(std::to_string(i)));
    BOOST_TEST(desk.enqueue(waiting.back()));
  }
  auto const late = ticket("secret");
  BOOST_TEST(!desk.enqueue(late));
  desk.withdraw(*waiting.front());
  BOOST_TEST(desk.enqueue(late));
  BOOST_TEST(waiting.front().use_count() == 1);
  desk.start();
  test::run_until(
      home, [&] { return late->done; }, "a verdict");
  BOOST_TEST(late->accepted);
  BOOST_TEST(!waiting.front()->done);
}

BOOST_FIXTURE_TEST_CASE(stops_with_a_full_queue_and_starts_again, at_the_desk) {
  desk.stop();
  BOOST_TEST(desk.enqueue(ticket("guess")));
  desk.start();
  desk.stop();
  desk.start();
  BOOST_TEST(verdict("secret"));
}

BOOST_AUTO_TEST_SUITE_END()
