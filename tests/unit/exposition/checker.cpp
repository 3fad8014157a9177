// SPDX-License-Identifier: Apache-2.0
// The checker is judged first: each thing it is to find is put before it once, and it must find
// that and nothing else.
#include <exposition_checker.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <set>

namespace loopmeter::test {
namespace {

using code = finding_code;

struct fixture {
  std::string_view bytes;
  std::vector<code> expected;
};

std::string names(std::vector<code> const &codes) {
  std::string text;
  for (code const one : codes)
    text.append(name_of(one)).append(" ");
  return text;
}

void check_fixture(fixture const &bad) {
  std::vector<code> found;
  auto const checked = check_exposition(bad.bytes);
  for (finding const &one : checked.findings)
    found.push_back(one.code);
  BOOST_TEST(names(found) == names(bad.expected), bad.bytes << "\n" << checked.findings_text());
}

#define GAUGE "# TYPE x gauge\n"
#define HISTOGRAM "# TYPE h histogram\n"
#define SUMMARY "# TYPE s summary\n"
#define TAIL "h_sum 1\nh_count 2\n"

std::vector<fixture> const bad_lines{
    {GAUGE "x 1", {code::no_final_newline}},
    {"x 1", {code::no_final_newline, code::sample_without_type}},
    {"# TYPE x gauge\r\nx 1\n", {code::carriage_return, code::sample_without_type}},
    {GAUGE "x 1\nx{a=\"b\"} 2\r\n", {code::carriage_return}},
    {GAUGE "x{a=\"\xff\"} 1\nx 1\n", {code::not_utf8}},
    {"# HELP x \xc0\x80\n" GAUGE "x 1\n", {code::not_utf8}},
    {GAUGE "x{a=\"\xed\xa0\x80\"} 1\nx 1\n", {code::not_utf8}},
    {GAUGE " x 1\nx 1\n", {code::leading_space}},
    {GAUGE "\tx 1\nx 1\n", {code::leading_space}},
    {"# HELP\n", {code::help_without_name}},
    {"# HELP \n", {code::help_without_name}},
    {"# HELP 9x help\n", {code::help_bad_name}},
    {"# HELP x a\\b\n" GAUGE "x 1\n", {code::help_bad_escape}},
    {"# HELP x a\\\"b\n" GAUGE "x 1\n", {code::help_bad_escape}},
    {"# HELP x a\\\n" GAUGE "x 1\n", {code::help_bad_escape}},
    {"# HELP x a\n# HELP x a\n" GAUGE "x 1\n", {code::help_twice}},
    {GAUGE "x 1\n# HELP x late\n", {code::help_after_samples}},
    {"# TYPE\n", {code::type_bad_name}},
    {"# TYPE x-y gauge\n", {code::type_bad_name}},
    {"# TYPE x\n", {code::type_missing}},
    {"# TYPE x info\nx 1\n", {code::type_unknown}},
    {"# TYPE x Gauge\nx 1\n", {code::type_unknown}},
    {GAUGE GAUGE "x 1\n", {code::type_twice}},
    {GAUGE "x 1\n# TYPE x counter\nx{a=\"b\"} 1\n", {code::type_twice}},
    {"# HELP x h\nx 1\n" GAUGE, {code::sample_without_type, code::type_after_samples}},
    {"# TYPE x gauge now\nx 1\n", {code::type_trailing_text, code::sample_without_type}},
    {GAUGE, {code::family_without_samples}},
    {"# HELP x h\n", {code::family_without_samples}},
    {GAUGE "x 1\n# TYPE y gauge\ny 1\n" GAUGE, {code::family_interleaved}},
    {GAUGE "x 1\n# TYPE y gauge\ny 1\nx{a=\"b\"} 1\n", {code::family_interleaved}},
    {GAUGE "x 1\n# TYPE y gauge\ny 1\n# HELP x h\n", {code::family_interleaved}},
    {HISTOGRAM "h_bucket{le=\"+Inf\"} 2\n" TAIL GAUGE "x 1\nh_sum{a=\"b\"} 2\n",
     {code::family_interleaved}},
};

std::vector<fixture> const bad_samples{
    {GAUGE "x 1\n9x 1\n", {code::sample_bad_name}},
    {GAUGE "x 1\nx-y 1\n", {code::sample_bad_name}},
    {GAUGE "x 1\n{a=\"b\"} 1\n", {code::sample_bad_name}},
    {"x 1\n", {code::sample_without_type}},
    {GAUGE "x 1\ny 1\n", {code::sample_without_type}},
    {GAUGE "x 1\nx_total 1\n", {code::sample_without_type}},
    {HISTOGRAM "h 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL, {code::sample_wrong_suffix}},
    {GAUGE "x{9a=\"b\"} 1\nx 1\n", {code::label_bad_name}},
    {GAUGE "x{a:b=\"b\"} 1\nx 1\n", {code::label_bad_name}},
    {GAUGE "x{,} 1\nx 1\n", {code::label_bad_name}},
    {GAUGE "x{a=\"b\",,} 1\nx 1\n", {code::label_bad_name}},
    {GAUGE "x{ a=\"b\"} 1\nx 1\n", {code::label_bad_name}},
    {GAUGE "x{__name__=\"b\"} 1\nx 1\n", {code::label_reserved}},
    {GAUGE "x{a=\"b\",a=\"c\"} 1\nx 1\n", {code::label_twice}},
    {GAUGE "x{a\"b\"} 1\nx 1\n", {code::label_no_equals}},
    {GAUGE "x{a} 1\nx 1\n", {code::label_no_equals}},
    {GAUGE "x{a =\"b\"} 1\nx 1\n", {code::label_no_equals}},
    {GAUGE "x{a=b} 1\nx 1\n", {code::label_no_quote}},
    {GAUGE "x{a='b'} 1\nx 1\n", {code::label_no_quote}},
    {GAUGE "x{a= \"b\"} 1\nx 1\n", {code::label_no_quote}},
    {GAUGE "x{a=\"b\"c=\"d\"} 1\nx 1\n", {code::label_no_comma}},
    {GAUGE "x{a=\"b\" ,c=\"d\"} 1\nx 1\n", {code::label_no_comma}},
    {GAUGE "x{a=\"b\\t\"} 1\nx 1\n", {code::label_bad_escape}},
    {GAUGE "x{a=\"b} 1\nx 1\n", {code::label_unterminated}},
    {GAUGE "x{a=\"b\\\"} 1\nx 1\n", {code::label_unterminated}},
    {GAUGE "x{a=\"b\nc\"} 1\nx 1\n", {code::label_unterminated, code::sample_bad_name}},
    {GAUGE "x{\nx 1\n", {code::braces_unterminated}},
    {GAUGE "x{a=\"b\"\nx 1\n", {code::braces_unterminated}},
    {GAUGE "x\nx 1\n", {code::value_missing}},
    {GAUGE "x \nx 1\n", {code::value_missing}},
    {GAUGE "x  1\nx 1\n", {code::value_missing}},
    {GAUGE "x{a=\"b\"}1\nx 1\n", {code::value_missing}},
    {GAUGE "x 1,5\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x 0x1\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x --1\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x 1e\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x 1_000\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x one\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x 1e999\nx{a=\"b\"} 1\n", {code::value_malformed}},
    {GAUGE "x Nan\n", {code::value_spelling}},
    {GAUGE "x nan\n", {code::value_spelling}},
    {GAUGE "x Inf\n", {code::value_spelling}},
    {GAUGE "x -inf\n", {code::value_spelling}},
    {GAUGE "x 1 1.5\nx{a=\"b\"} 1\n", {code::timestamp_malformed}},
    {GAUGE "x 1 # {}\nx{a=\"b\"} 1\n", {code::timestamp_malformed}},
    {GAUGE "x 1 \nx{a=\"b\"} 1\n", {code::trailing_text}},
    {GAUGE "x 1 5 \nx{a=\"b\"} 1\n", {code::trailing_text}},
    {GAUGE "x 1 5 6\nx{a=\"b\"} 1\n", {code::trailing_text}},
    {GAUGE "x 1\nx 2\n", {code::series_twice}},
    {GAUGE "x{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\"} 1\n", {code::series_twice}},
};

std::vector<fixture> const bad_meaning{
    {"# TYPE c counter\nc -1\n", {code::counter_negative}},
    {"# TYPE c counter\nc -Inf\n", {code::counter_negative}},
    {"# TYPE c counter\nc NaN\n", {code::counter_nan}},
    {HISTOGRAM "h_bucket 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL, {code::histogram_le_missing}},
    {HISTOGRAM "h_bucket{le=\"one\"} 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_le_malformed}},
    {HISTOGRAM "h_bucket{le=\"NaN\"} 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_le_malformed}},
    {HISTOGRAM "h_bucket{le=\"inf\"} 2\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_le_malformed}},
    {HISTOGRAM "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_le_not_rising}},
    {HISTOGRAM "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_le_not_rising}},
    {HISTOGRAM "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_buckets_fall}},
    {HISTOGRAM "h_bucket{le=\"1\"} 0.5\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_bucket_not_count}},
    {HISTOGRAM "h_bucket{le=\"1\"} -1\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_bucket_not_count}},
    {HISTOGRAM "h_bucket{le=\"1\"} NaN\nh_bucket{le=\"+Inf\"} 2\n" TAIL,
     {code::histogram_bucket_not_count}},
    {HISTOGRAM "h_bucket{le=\"1\"} 2\n" TAIL, {code::histogram_no_infinity}},
    {HISTOGRAM TAIL, {code::histogram_no_infinity}},
    {HISTOGRAM "h_bucket{le=\"+Inf\"} 3\n" TAIL, {code::histogram_count_mismatch}},
    {HISTOGRAM "h_bucket{le=\"+Inf\"} 2\nh_count 2\n", {code::histogram_no_sum}},
    {HISTOGRAM "h_bucket{le=\"+Inf\"} 2\nh_sum 2\n", {code::histogram_no_count}},
    {HISTOGRAM "h_bucket{a=\"b\",le=\"+Inf\"} 2\nh_sum{a=\"b\"} 1\nh_count{a=\"b\"} 2\n"
               "h_bucket{a=\"c\",le=\"+Inf\"} 2\nh_sum{a=\"c\"} 1\n",
     {code::histogram_no_count}},
    {SUMMARY "s 1\ns_sum 1\ns_count 1\n", {code::summary_quantile_missing}},
    {SUMMARY "s{quantile=\"1.5\"} 1\ns_sum 1\ns_count 1\n", {code::summary_quantile_malformed}},
    {SUMMARY "s{quantile=\"p99\"} 1\ns_sum 1\ns_count 1\n", {code::summary_quantile_malformed}},
    {SUMMARY "s_sum 1\ns_count 0.5\n", {code::summary_count_not_count}},
    {SUMMARY "s_count 1\n", {code::summary_no_sum}},
    {SUMMARY "s_sum 1\n", {code::summary_no_count}},
};

BOOST_AUTO_TEST_SUITE(checker)

BOOST_AUTO_TEST_CASE(bad_lines_are_found) {
  for (fixture const &bad : bad_lines)
    check_fixture(bad);
}

BOOST_AUTO_TEST_CASE(bad_samples_are_found) {
  for (fixture const &bad : bad_samples)
    check_fixture(bad);
}

BOOST_AUTO_TEST_CASE(bad_meaning_is_found) {
  for (fixture const &bad : bad_meaning)
    check_fixture(bad);
}

BOOST_AUTO_TEST_CASE(each_finding_has_a_fixture) {
  std::set<code> covered;
  for (auto const *table : {&bad_lines, &bad_samples, &bad_meaning}) {
    for (fixture const &bad : *table)
      covered.insert(bad.expected.begin(), bad.expected.end());
  }
  for (int i = 0; i <= static_cast<int>(code::summary_no_count); ++i) {
    auto const one = static_cast<code>(i);
    BOOST_TEST(covered.contains(one), "no fixture for " << name_of(one));
    BOOST_TEST(name_of(one) != "unknown");
  }
}

BOOST_AUTO_TEST_CASE(what_is_right_is_left_alone) {
  auto const checked = check_exposition(
      "# a comment\n"
      "#HELP is one too\n"
      "\n"
      "# HELP x A \\\\ and a \\n, and \"quotes\".\n" GAUGE
      "x{a=\"q\\\"b\\\\n\\n\",b=\"größe\"} -1.5e-300\n"
      "x{} 1 1700000000000\n"
      "x{a=\"\",} NaN\n"
      "x{c=\"{x,}\"} -Inf\n"
      "# TYPE c counter\n"
      "c +5\n" HISTOGRAM
      "h_bucket{le=\"-1\"} 0\n"
      "h_bucket{le=\"0.005\"} 1\n"
      "h_bucket{le=\"1e+10\"} 1\n"
      "h_bucket{le=\"+Inf\"} 2\n" TAIL SUMMARY
      "s{quantile=\"0.5\"} NaN\n"
      "s_sum 0\n"
      "s_count 0\n"
      "# HELP u \n"
      "# TYPE u untyped\n"
      "u 1\n");
  BOOST_TEST(checked.findings_text() == "");
  BOOST_TEST(checked.families.size() == 5U);
  BOOST_TEST(checked.sample_count() == 15U);
  BOOST_TEST(checked.families[0].help == "A \\ and a \n, and \"quotes\".");
  BOOST_TEST(checked.value("x", {{"a", "q\"b\\n\n"}, {"b", "größe"}}).value() == -1.5e-300);
  BOOST_TEST(std::isnan(checked.value("x", {{"a", ""}}).value()));
  BOOST_TEST(checked.families[0].samples[1].timestamp_ms.value() == 1700000000000);
  BOOST_TEST(!checked.value("x", {{"a", "1"}}).has_value());
  BOOST_TEST(check_exposition("").findings.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::test
