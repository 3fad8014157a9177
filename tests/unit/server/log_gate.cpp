// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/log_gate.hpp>

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using loopmeter::server::log_gate;

BOOST_AUTO_TEST_SUITE(server_log_gate)

BOOST_AUTO_TEST_CASE(one_line_a_second_with_the_number_of_those_left_out) {
  log_gate gate;
  auto const begin = loopmeter::server::clock::now();
  BOOST_TEST((gate.pass(begin) == 0U));
  BOOST_TEST((gate.pass(begin + 1ms) == std::nullopt));
  BOOST_TEST((gate.pass(begin + 999ms) == std::nullopt));
  BOOST_TEST((gate.pass(begin + 1s) == 2U));
  BOOST_TEST((gate.pass(begin + 1s) == std::nullopt));
  BOOST_TEST((gate.pass(begin + 9s) == 1U));
}

BOOST_AUTO_TEST_SUITE_END()
