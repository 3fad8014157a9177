// SPDX-License-Identifier: Apache-2.0
// States of requests that are used again: as new, whatever the request before was.
#include <loopmeter/server/request_state.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using loopmeter::server::loop_clock;
using loopmeter::server::request_state;
using loopmeter::server::request_states;
using loopmeter::server::route_table;
using loopmeter::server::wheel;

namespace {

struct states {
  boost::asio::io_context context;
  loop_clock clock;
  wheel sleeps{context, clock};
  request_states spare{sleeps};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_request_state)

BOOST_FIXTURE_TEST_CASE(a_spare_one_is_taken_first_and_is_as_new, states) {
  auto state = spare.take(3);
  auto const *const address = state.get();
  state->content = std::string(100'000, 'x');
  state->kept = std::string(100'000, 'x');
  state->resource = 7;
  state->started = clock.now();
  state->closed_before_handler = true;
  state->login_waited = true;
  state->scanner.scan("not a line of HTTP\r\n\r\n", {});
  spare.give_back(std::move(state));

  auto const again = spare.take(4);
  BOOST_TEST(again.get() == address);
  BOOST_TEST(again->content.capacity() < 100U);
  BOOST_TEST(again->kept.capacity() < 100U);
  BOOST_TEST(again->resource == route_table::not_found);
  BOOST_TEST((again->started == loopmeter::server::clock::time_point{}));
  BOOST_TEST(!again->closed_before_handler);
  BOOST_TEST(!again->login_waited);
  BOOST_TEST(again->scanner.head_size() == 0U);
}

BOOST_FIXTURE_TEST_CASE(memory_for_a_small_head_stays, states) {
  auto state = spare.take(3);
  state->kept = std::string(500, 'x');
  auto const *const octets = state->kept.data();
  spare.give_back(std::move(state));
  auto const again = spare.take(4);
  BOOST_TEST(again->kept.empty());
  BOOST_TEST(again->kept.data() == octets);
}

BOOST_FIXTURE_TEST_CASE(no_more_are_kept_than_are_of_use, states) {
  std::vector<std::unique_ptr<request_state>> many;
  for (int i = 0; i < 2000; ++i)
    many.push_back(spare.take(3));
  for (auto &state : many)
    spare.give_back(std::move(state));
  BOOST_TEST(spare.size() <= 1024U);
  BOOST_TEST(spare.size() > 0U);
  spare.give_back(nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
