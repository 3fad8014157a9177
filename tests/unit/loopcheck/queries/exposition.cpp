// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/exposition.hpp>

#include <boost/test/unit_test.hpp>

#include <loopcheck/queries/bound_text.hpp>

using namespace loopcheck;

namespace {

constexpr auto text_format = exposition_format::text;
constexpr auto openmetrics = exposition_format::openmetrics;

std::string all(exposition const &of) {
  std::string said;
  for (auto const &each : of.series) {
    said += std::to_string(each.line) + " " + text(each) + "\n";
  }
  return said;
}

std::string error_of(std::string_view body, exposition_format format) {
  auto const read = read_exposition(body, format);
  BOOST_TEST_CONTEXT(body) {
    BOOST_TEST_REQUIRE(read.error.has_value());
  }
  return std::to_string(read.error->line) + ": " + read.error->what;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_exposition)

BOOST_AUTO_TEST_CASE(text_as_prometheus_reads_it) {
  auto const read = read_exposition(
      "# HELP a_total What a\\nis.\n"
      "# TYPE a_total counter\n"
      "a_total{x=\"1\",y=\"q\\\"\\\\\\n\",} 1 1700000000000\n"
      "\n"
      "b\t{ x = \"1\" y=\"2\" }  NaN\n"
      "#no comment of ours\n"
      "# nor this\n"
      "{\"my.metric\",\"label.x\"=\"y\"} -1e3\n"
      "c +Inf",
      text_format);
  BOOST_TEST(!read.error.has_value());
  BOOST_TEST(all(read) ==
             "3 a_total{x=\"1\",y=\"q\\\"\\\\\\n\"}\n"
             "5 b{x=\"1\",y=\"2\"}\n"
             "8 {\"my.metric\",\"label.x\"=\"y\"}\n"
             "9 c\n");
  BOOST_TEST_REQUIRE(read.families.size() == 1u);
  BOOST_TEST(read.families[0].type == "counter");
  BOOST_TEST(read.families[0].help == "What a\nis.");
}

BOOST_AUTO_TEST_CASE(openmetrics_as_prometheus_reads_it) {
  auto const read = read_exposition(
      "# TYPE a counter\n# UNIT s_seconds seconds\n# HELP a Text.\n"
      "a_total{x=\"1\"} 1 1.5 # {trace_id=\"t\"} 0.5 1.25\n"
      "{\"m.n\",l=\"v\"} 2 # {} 1\n"
      "# EOF\n",
      openmetrics);
  BOOST_TEST(!read.error.has_value());
  BOOST_TEST(all(read) == "4 a_total{x=\"1\"}\n5 {\"m.n\",l=\"v\"}\n");
  BOOST_TEST(read.families.size() == 2u);
  BOOST_TEST(read.families[1].unit == "seconds");
}

BOOST_AUTO_TEST_CASE(errors_tell_the_line) {
  BOOST_TEST(error_of("a 1\nb{x=\"1\" 2\n", text_format).starts_with("2: expected label name"));
  BOOST_TEST(error_of("a\n", text_format).starts_with("1: expected value after metric"));
  BOOST_TEST(error_of("a 1x\n", text_format) == "1: not a number: \"1x\"");
  BOOST_TEST(error_of("a 1 2 3\n", text_format).starts_with("1: expected next entry"));
  BOOST_TEST(error_of("a 1 1.5\n", text_format).starts_with("1: expected timestamp"));
  BOOST_TEST(error_of("# TYPE a thing\n", text_format) == "1: invalid metric type \"thing\"");
  BOOST_TEST(error_of("# TYPE a info\n", text_format) == "1: invalid metric type \"info\"");
  BOOST_TEST(error_of("a{x=\"\xff\"} 1\n", text_format) ==
             "1: invalid UTF-8 in the value of label x");
  BOOST_TEST(error_of("{x=\"1\"} 1\n", text_format) == "1: metric name not set");
  BOOST_TEST(error_of("a{\"b\"} 1\n", text_format).starts_with("1: metric name already set"));
  BOOST_TEST(error_of("a{x=\"1", text_format).starts_with("1: unterminated"));
  BOOST_TEST(error_of("1a 1\n", text_format).starts_with("1: expected a metric name"));
  BOOST_TEST(error_of("a 1\n", openmetrics).starts_with("2: data does not end with # EOF"));
  BOOST_TEST(error_of("a  1\n# EOF\n", openmetrics).starts_with("1: expected value"));
  BOOST_TEST(error_of("\n# EOF\n", openmetrics).starts_with("1: expected a metric name"));
  BOOST_TEST(error_of("# EOF\na 1\n", openmetrics).starts_with("1: unexpected data after # EOF"));
  BOOST_TEST(error_of("# UNIT a_bytes seconds\n# EOF\n", openmetrics) ==
             "1: unit \"seconds\" not a suffix of metric \"a_bytes\"");
  BOOST_TEST(error_of("# TYPE a untyped\n# EOF\n", openmetrics) ==
             "1: invalid metric type \"untyped\"");
}

BOOST_AUTO_TEST_CASE(bounds_are_written_in_one_way) {
  BOOST_TEST(canonical_bound("1") == "1.0");
  BOOST_TEST(canonical_bound("0.005") == "0.005");
  BOOST_TEST(canonical_bound("1000000") == "1e+06");
  BOOST_TEST(canonical_bound("100000") == "100000.0");
  BOOST_TEST(canonical_bound("0.00001") == "1e-05");
  BOOST_TEST(canonical_bound("-0") == "0.0");
  BOOST_TEST(canonical_bound("inf") == "+Inf");
  BOOST_TEST(canonical_bound("x") == "x");
  BOOST_TEST(canonical_bound("") == "");
  std::string_view const body =
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1\n";
  BOOST_TEST(all(read_exposition(body, text_format)) == "2 h_bucket{le=\"1.0\"}\n4 g{le=\"1\"}\n");
  BOOST_TEST(all(read_exposition(body, text_format, {.canonical_bounds = false, .limits = {}})) ==
             "2 h_bucket{le=\"1\"}\n4 g{le=\"1\"}\n");
}

BOOST_AUTO_TEST_CASE(blanks_before_a_name_are_part_of_it) {
  BOOST_TEST(read_exposition(" a 1\n", text_format).series.at(0).name == " a");
}

BOOST_AUTO_TEST_CASE(size_is_bounded) {
  exposition_options options;
  options.limits.series_max = 2;
  auto const read = read_exposition("a 1\nb 1\nc 1\n", text_format, options);
  BOOST_TEST(read.error->what == "more than 2 series");
  BOOST_TEST(read.series.size() == 2u);
  options.limits.bytes_max = 3;
  BOOST_TEST(read_exposition("a 1\n", text_format, options).error->what == "larger than 3 bytes");
}

BOOST_AUTO_TEST_CASE(the_format) {
  BOOST_TEST((format_of("text/plain; version=0.0.4") == text_format));
  BOOST_TEST((format_of("application/openmetrics-text;version=1.0.0") == openmetrics));
  BOOST_TEST(!format_of("application/vnd.google.protobuf").has_value());
  BOOST_TEST((guess_format("a 1\n# EOF\n") == openmetrics));
  BOOST_TEST((guess_format("a 1\n") == text_format));
}

BOOST_AUTO_TEST_CASE(any_bytes_are_answered) {
  std::string const seed =
      "# TYPE a counter\na_total{x=\"1\\n\"} 1 # {t=\"u\"} 1\n{\"b\"} 2\n# EOF\n";
  for (std::size_t i = 0; i < seed.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = seed;
      changed[i] = static_cast<char>(byte);
      for (auto const format : {text_format, openmetrics}) {
        BOOST_TEST_REQUIRE(read_exposition(changed, format).series.size() <= 4u);
        read_exposition(std::string_view(changed).substr(0, i), format);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
