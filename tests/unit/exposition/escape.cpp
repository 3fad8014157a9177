// SPDX-License-Identifier: Apache-2.0
// The expected names are what prometheus/common's model.EscapeName gives.
#include <loopmeter/exposition/escape.hpp>

#include <boost/test/unit_test.hpp>

#include <array>

namespace loopmeter::exposition::detail {
namespace {

struct escaped_name {
  std::string_view name;
  std::string_view underscores;
  std::string_view dots;
  std::string_view values;
};

constexpr std::array<escaped_name, 9> metric_names{{
    {"plain_name", "plain_name", "plain_name", "plain_name"},
    {"a:rule", "a:rule", "a:rule", "a:rule"},
    {"my.metric", "my_metric", "my_dot_metric", "U__my_2e_metric"},
    {"my.metric_total", "my_metric_total", "my_dot_metric__total", "U__my_2e_metric__total"},
    {"with space", "with_space", "with__space", "U__with_20_space"},
    {"9lives", "_lives", "__lives", "U___39_lives"},
    {"größe", "gr__e", "gr____e", "U__gr_f6__df_e"},
    {"a😀", "a_", "a__", "U__a_1f600_"},
    {"-.", "__", "___dot_", "U___2d__2e_"},
}};

BOOST_AUTO_TEST_SUITE(escaping_of_names)

BOOST_AUTO_TEST_CASE(metric_names_are_escaped) {
  for (escaped_name const &one : metric_names) {
    BOOST_TEST(escape_metric_name(one.name, escaping::allow_utf_8) == one.name);
    BOOST_TEST(escape_metric_name(one.name, escaping::underscores) == one.underscores);
    BOOST_TEST(escape_metric_name(one.name, escaping::dots) == one.dots);
    BOOST_TEST(escape_metric_name(one.name, escaping::values) == one.values);
  }
}

BOOST_AUTO_TEST_CASE(a_colon_does_not_fit_a_label) {
  BOOST_TEST(escape_label_name("a:b", escaping::underscores) == "a_b");
  BOOST_TEST(escape_label_name("a:b", escaping::dots) == "a__b");
  BOOST_TEST(escape_label_name("a:b", escaping::values) == "U__a_3a_b");
  BOOST_TEST(escape_label_name("a_b", escaping::values) == "a_b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition::detail
