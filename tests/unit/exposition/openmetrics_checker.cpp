// SPDX-License-Identifier: Apache-2.0
// The checker of OpenMetrics is judged first: each thing it is to find is put before it once.
#include <openmetrics_checker.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

namespace loopmeter::test {
namespace {

struct fixture {
  std::string bytes;
  std::string expected;  // of its one finding
};

#define GAUGE "# TYPE x gauge\n"
#define COUNTER "# TYPE c counter\n"
#define HISTOGRAM "# TYPE h histogram\n"
#define TAIL "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"

std::vector<fixture> const bad{
    {GAUGE "x 1\n", "no # EOF"},
    {GAUGE "x 1\n# EOF", "no # EOF"},
    {GAUGE "x 1\n# EOF\n# EOF\n", "something behind # EOF"},
    {GAUGE "\nx 1\n# EOF\n", "bad name"},
    {GAUGE "# remark\nx 1\n# EOF\n", "a comment"},
    {"x 1\n# EOF\n", "no TYPE"},
    {GAUGE GAUGE "x 1\n# EOF\n", "TYPE twice"},
    {GAUGE "# EOF\n", "no samples: x"},
    {"# TYPE x untyped\nx 1\n# EOF\n", "unknown type"},
    {"# TYPE x gauge\n# UNIT x seconds\nx 1\n# EOF\n", "the name has not the unit"},
    {GAUGE "x 1\ny 1\n# EOF\n", "not of its family"},
    {COUNTER "c 1\n# EOF\n", "not of its family"},
    {COUNTER "c_total -1\n# EOF\n", "a counter below 0"},
    {COUNTER "c_total NaN\n# EOF\n", "a counter below 0"},
    {GAUGE "x 1\n# TYPE y gauge\ny 1\n" GAUGE "x{a=\"b\"} 1\n# EOF\n", "clashing name: x"},
    {COUNTER "c_total 1\n# TYPE c_created gauge\nc_created 1\n# EOF\n", "clashing name: c_created"},
    {"# TYPE i info\ni_info 2\n# EOF\n", "an info that is not 1"},
    {GAUGE "x{a=\"b} 1\n# EOF\n", "open quote"},
    {GAUGE "x{a=\"\\t\"} 1\n# EOF\n", "bad escape"},
    {GAUGE "x{a:b=\"c\"} 1\n# EOF\n", "bad label name"},
    {GAUGE "x{a=\"b\",a=\"c\"} 1\n# EOF\n", "a label twice"},
    {GAUGE "x{a=\"b\"c=\"d\"} 1\n# EOF\n", "no ','"},
    {GAUGE "x 1 2 3\n# EOF\n", "trailing text"},
    {GAUGE "x nan\n# EOF\n", "bad number"},
    {GAUGE "x 1 NaN\n# EOF\n", "bad timestamp"},
    {GAUGE "x 1\nx 2\n# EOF\n", "a series twice"},
    {GAUGE "x 1 # {} 1\n# EOF\n", "an exemplar where none may be"},
    {COUNTER "c_total 1 # {a=\"" + std::string(128, 'x') + "\"} 1\n# EOF\n",
     "an exemplar too long"},
    {COUNTER "c_total 1 # {\"a\"} 1\n# EOF\n", "no '='"},
    {HISTOGRAM "h_bucket{le=\"1\"} 1\n" TAIL "# EOF\n", "le is not canonical: 1"},
    {HISTOGRAM "h_bucket{le=\"1000000.0\"} 1\n" TAIL "# EOF\n", "le is not canonical: 1000000.0"},
    {HISTOGRAM "h_bucket{le=\"1.0\"} 3\n" TAIL "# EOF\n", "histogram_buckets_fall"},
    {HISTOGRAM "h_sum 1\nh_count 2\n# EOF\n", "histogram_no_infinity"},
    {COUNTER "c_total{a=\"1\"} 1\nc_total{a=\"2\"} 1\nc_created{a=\"1\"} 1\n# EOF\n",
     "metrics interleaved"},
};

BOOST_AUTO_TEST_SUITE(checker_of_openmetrics)

BOOST_AUTO_TEST_CASE(what_is_wrong_is_found) {
  for (fixture const &one : bad) {
    auto const checked = check_openmetrics(one.bytes);
    bool const is_found = !checked.findings.empty() &&
                          checked.findings.front().find(one.expected) != std::string::npos;
    BOOST_TEST(is_found, one.bytes << "\n" << one.expected << "\n" << checked.findings_text());
  }
}

BOOST_AUTO_TEST_CASE(what_is_right_is_left_alone) {
  auto const checked = check_openmetrics(
      "# HELP c A \\\\ \\\"b\\\".\n" COUNTER
      "c_total{a=\"q\\\"\\\\\\n\",\"b.c\"=\"größe\"} 1 # {trace_id=\"1\"} 0.5 1.5\n"
      "c_created{a=\"q\\\"\\\\\\n\",\"b.c\"=\"größe\"} 17.5\n" HISTOGRAM
      "h_bucket{le=\"-1.5\"} 0\nh_bucket{le=\"0.0\"} 0\nh_bucket{le=\"0.0001\"} 0\n"
      "h_bucket{le=\"0.25\"} 1 # {} 0.125\nh_bucket{le=\"100000.0\"} 2\nh_bucket{le=\"1e+06\"} "
      "2\n" TAIL
      "# TYPE \"u.v\" unknown\n{\"u.v\"} 1 -0.001\n{\"u.v\",a=\"b\"} NaN\n"
      "# EOF\n");
  BOOST_TEST(checked.findings_text() == "");
  BOOST_TEST(checked.exemplars == 2U);
  BOOST_TEST(checked.value("c_total", {{"a", "q\"\\\n"}, {"b.c", "größe"}}).value() == 1);
  BOOST_TEST(checked.value("u.v").value() == 1);
  BOOST_TEST(check_openmetrics("# EOF\n").findings.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::test
