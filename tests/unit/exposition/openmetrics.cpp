// SPDX-License-Identifier: Apache-2.0
// The OpenMetrics side of text_plan.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/exposition/number.hpp>

#include "samples.hpp"

#include <openmetrics_checker.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

namespace loopmeter::exposition {
namespace {

using metrics::registry;

constexpr format openmetrics{protocol::openmetrics_1_0_0, escaping::allow_utf_8};

std::string canonical(double value) {
  char digits[number_bytes_max];
  return {digits, write_canonical(digits, value)};
}

std::string seconds(std::int64_t milliseconds) {
  char digits[number_bytes_max];
  return {digits, write_seconds(digits, milliseconds)};
}

BOOST_AUTO_TEST_SUITE(openmetrics_text)

BOOST_AUTO_TEST_CASE(canonical_numbers_are_those_of_go) {
  BOOST_TEST(canonical(0) == "0.0");
  BOOST_TEST(canonical(-0.0) == "-0.0");
  BOOST_TEST(canonical(1) == "1.0");
  BOOST_TEST(canonical(-1) == "-1.0");
  BOOST_TEST(canonical(0.005) == "0.005");
  BOOST_TEST(canonical(0.0001) == "0.0001");
  BOOST_TEST(canonical(0.00001) == "1e-05");
  BOOST_TEST(canonical(100000) == "100000.0");
  BOOST_TEST(canonical(999999.5) == "999999.5");
  BOOST_TEST(canonical(1e6) == "1e+06");
  BOOST_TEST(canonical(1234567) == "1.234567e+06");
  BOOST_TEST(canonical(1e10) == "1e+10");
  BOOST_TEST(canonical(5e-324) == "5e-324");
  BOOST_TEST(canonical(std::numeric_limits<double>::infinity()) == "+Inf");
  BOOST_TEST(canonical(std::numeric_limits<double>::quiet_NaN()) == "NaN");
}

BOOST_AUTO_TEST_CASE(times_are_seconds) {
  BOOST_TEST(seconds(0) == "0.000");
  BOOST_TEST(seconds(1'700'000'000'007) == "1700000000.007");
  BOOST_TEST(seconds(-1) == "-0.001");
  BOOST_TEST(seconds(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775.808");
}

BOOST_AUTO_TEST_CASE(the_strict_checker_finds_nothing) {
  std::size_t exemplars = 0;
  for (auto const &state : {test::empty_state(), test::loaded_state(), test::hostile_state()}) {
    for (bool const created_lines : {false, true}) {
      for (int scheme = 0; scheme <= static_cast<int>(escaping::values); ++scheme) {
        format const as{protocol::openmetrics_1_0_0, static_cast<escaping>(scheme)};
        auto const checked = loopmeter::test::check_openmetrics(
            test::encoded(*state, as, {.created_lines = created_lines}));
        BOOST_TEST(checked.findings_text() == "", content_type(as));
        exemplars += checked.exemplars;
      }
    }
  }
  BOOST_TEST(exemplars == 4U * 2 * 4);
}

BOOST_AUTO_TEST_CASE(hostile_label_values_come_back_as_they_were) {
  auto const checked =
      loopmeter::test::check_openmetrics(test::encoded(*test::hostile_state(), openmetrics));
  BOOST_TEST(checked.value("odd_total", {{"v", "a=\"b\"} 1\nx 2\n"}}).value() == 6);
  BOOST_TEST(checked.value("odd_total", {{"v", "# EOF\n"}}).value() == 12);
  BOOST_TEST(checked.value("my.requests_total", {{"größe \"x\"", "a"}}).value() == 1);
}

BOOST_AUTO_TEST_CASE(a_counter_with_its_exemplar_and_its_start) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "a_seconds_total", .help = "A \"b\"\n.", .unit = "seconds"})
      .value()
      .inc(5);
  auto snapshot = test::with_start(gather(families), test::start_ms);
  snapshot.exemplars = {test::exemplar_of(0, 0.5, 9), test::exemplar_of(0, 0.25, 8)};
  std::string const line =
      "a_seconds_total 5 # {trace_id=\"090a0b0c0d0e0f101112131415161718\","
      "span_id=\"0909090909090909\"} 0.5 1700000000.132\n";
  std::string const head =
      "# HELP a_seconds A \\\"b\\\"\\n.\n"
      "# TYPE a_seconds counter\n"
      "# UNIT a_seconds seconds\n";
  BOOST_TEST(test::encoded(snapshot, openmetrics) == head + line + "# EOF\n");
  BOOST_TEST(test::encoded(snapshot, openmetrics, {.created_lines = true}) ==
             head + line + "a_seconds_created 1700000000.123\n# EOF\n");
  BOOST_TEST(test::encoded(snapshot, {}) ==
             "# HELP a_seconds_total A \"b\"\\n.\n"
             "# TYPE a_seconds_total counter\n"
             "a_seconds_total 5\n");
}

BOOST_AUTO_TEST_CASE(exemplars_stand_at_their_lines_only) {
  registry families{{.self_metrics = false}};
  families.add_gauge({.name = "g"}).value().set(1);
  families.add_histogram({.name = "h", .bounds = {1, 2}}).value().observe(1);
  auto snapshot = gather(families);
  std::string const plain = test::encoded(snapshot, openmetrics);
  snapshot.exemplars = {test::exemplar_of(0, 1, 1), test::exemplar_of(4, 1, 1),
                        test::exemplar_of(5, 1, 1), test::exemplar_of(99, 1, 1)};
  BOOST_TEST(test::encoded(snapshot, openmetrics) == plain);
  snapshot.exemplars = {test::exemplar_of(0, 1, 1), test::exemplar_of(2, 1.5, 2),
                        test::exemplar_of(3, 1, 1)};
  std::string const with = test::encoded(snapshot, openmetrics);
  BOOST_TEST(with.find("h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"2.0\"} 1 # {trace_id=\"0203") !=
             std::string::npos);
  BOOST_TEST(with.find("h_bucket{le=\"+Inf\"} 1 # {trace_id=\"0102") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_in_quotes_where_the_scraper_knows_them) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "a.b_total", .allow_utf8_names = true}).value().inc();
  families.add_info({.name = "a.b_info", .allow_utf8_names = true}, {{"c.d", "e"}, {"f", "g"}})
      .value();
  auto const snapshot = gather(families);
  BOOST_TEST(test::encoded(snapshot, openmetrics) ==
             "# TYPE \"a.b_info\" gauge\n"
             "{\"a.b_info\",\"c.d\"=\"e\",f=\"g\"} 1\n"
             "# TYPE \"a.b\" counter\n"
             "{\"a.b_total\"} 1\n"
             "# EOF\n");
  BOOST_TEST(test::encoded(snapshot, {protocol::text_1_0_0, escaping::allow_utf_8}) ==
             "# TYPE \"a.b_info\" gauge\n"
             "{\"a.b_info\",\"c.d\"=\"e\",f=\"g\"} 1\n"
             "# TYPE \"a.b_total\" counter\n"
             "{\"a.b_total\"} 1\n");
  BOOST_TEST(test::encoded(snapshot, {protocol::openmetrics_0_0_1, escaping::allow_utf_8}) ==
             "# TYPE a_b_info gauge\n"
             "a_b_info{c_d=\"e\",f=\"g\"} 1\n"
             "# TYPE a_b counter\n"
             "a_b_total 1\n"
             "# EOF\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
