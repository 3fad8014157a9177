// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/standard.hpp>

#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace loopmeter::collectors {
namespace {

BOOST_AUTO_TEST_SUITE(standard)

BOOST_AUTO_TEST_CASE(one_call_and_no_errors) {
  metrics::registry families;
  add_standard_collectors(families);
  std::string text;
  exposition::encode_text(gather(families), text);
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "", text);
  BOOST_TEST(checked.value("process_threads").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
