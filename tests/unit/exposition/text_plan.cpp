// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace loopmeter::exposition {
namespace {

using metrics::label_domain;
using metrics::registry;

enum class method { get, head };
struct numbered {
  std::size_t index;
};
std::size_t label_index(numbered value) {
  return value.index;
}

label_domain methods() {
  return {"method", {"GET", "HEAD"}};
}

std::string text_of(registry const &families) {
  std::string text;
  encode_text(gather(families), text);
  return text;
}

// Fails with what the checker found.
test::checked_exposition checked_text_of(registry const &families) {
  auto checked = test::check_exposition(text_of(families));
  BOOST_TEST(checked.findings_text() == "");
  return checked;
}

metrics::foreign_family foreign_gauge(std::string name, double value) {
  metrics::foreign_family family;
  family.name = std::move(name);
  family.type = metrics::metric_type::gauge;
  family.series.emplace_back().value = value;
  return family;
}

BOOST_AUTO_TEST_SUITE(text_0_0_4)

BOOST_AUTO_TEST_CASE(golden) {
  registry families{{.self_metrics = false}};
  label_domain const via{"via", {"direct", "a\"b\\\n"}};
  auto const requests =
      families
          .add_counter<method, method>(
              {.name = "requests_total", .help = "Requests \\ answered.\nAll."}, methods(), via)
          .value();
  requests.at(method::head, method::head).inc(9'007'199'254'740'993);
  requests.expect(method::get, method::get);
  families.add_gauge({.name = "temperature", .help = "Degrees."}).value().set(-1.5);
  auto const open = families.add_level({.name = "open"}).value();
  open.inc(3);
  open.dec();
  auto const seconds =
      families
          .add_histogram<method>(
              {.name = "duration_seconds", .help = "Of requests.", .bounds = {0.005, 0.5, 100000}},
              methods())
          .value();
  for (double const value : {0.005, 0.25, 7.0})
    seconds.at(method::get).observe(value);
  families.add_histogram({.name = "sizes_bytes"}).value();
  families.add_float_counter({.name = "busy_seconds_total"}).value().inc(0.1);
  families.add_info({.name = "build_info"}, {{"version", "1.0"}, {"branch", "main"}}).value();

  BOOST_TEST(text_of(families) ==
             "# TYPE build_info gauge\n"
             "build_info{version=\"1.0\",branch=\"main\"} 1\n"
             "# TYPE busy_seconds_total counter\n"
             "busy_seconds_total 0.1\n"
             "# HELP duration_seconds Of requests.\n"
             "# TYPE duration_seconds histogram\n"
             "duration_seconds_bucket{method=\"GET\",le=\"0.005\"} 1\n"
             "duration_seconds_bucket{method=\"GET\",le=\"0.5\"} 2\n"
             "duration_seconds_bucket{method=\"GET\",le=\"100000\"} 3\n"
             "duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 3\n"
             "duration_seconds_sum{method=\"GET\"} 7.255\n"
             "duration_seconds_count{method=\"GET\"} 3\n"
             "# TYPE open gauge\n"
             "open 2\n"
             "# HELP requests_total Requests \\\\ answered.\\nAll.\n"
             "# TYPE requests_total counter\n"
             "requests_total{method=\"GET\",via=\"direct\"} 0\n"
             "requests_total{method=\"HEAD\",via=\"a\\\"b\\\\\\n\"} 9007199254740993\n"
             "# TYPE sizes_bytes histogram\n"
             "sizes_bytes_bucket{le=\"+Inf\"} 0\n"
             "sizes_bytes_sum 0\n"
             "sizes_bytes_count 0\n"
             "# HELP temperature Degrees.\n"
             "# TYPE temperature gauge\n"
             "temperature -1.5\n");
}

BOOST_AUTO_TEST_CASE(golden_foreign_families_come_between) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "b_total"}).value().inc();
  families.add_counter({.name = "d_total"}).value().inc(2);
  families.add_source([] {
    metrics::foreign_family histogram;
    histogram.name = "c";
    histogram.help = "A \\\nc.";
    histogram.type = metrics::metric_type::histogram;
    auto &series = histogram.series.emplace_back();
    series.labels = {{"a", "\"x\""}};
    series.value = metrics::foreign_histogram{{{0.1, 1}, {1e6, 2}}, 1.25, 3};
    metrics::foreign_family summary;
    summary.name = "e";
    summary.type = metrics::metric_type::summary;
    auto &quantiles = summary.series.emplace_back();
    quantiles.value = metrics::foreign_summary{{{0.99, 0.5}}, 2, 4};
    quantiles.timestamp_ms = 1'700'000'000'000;
    return std::vector{std::move(summary), foreign_gauge("a", -0.5), std::move(histogram)};
  });
  std::string text;
  BOOST_TEST(encode_text(gather(families), text) == 11U);
  BOOST_TEST(text ==
             "# TYPE a gauge\n"
             "a -0.5\n"
             "# TYPE b_total counter\n"
             "b_total 1\n"
             "# HELP c A \\\\\\nc.\n"
             "# TYPE c histogram\n"
             "c_bucket{a=\"\\\"x\\\"\",le=\"0.1\"} 1\n"
             "c_bucket{a=\"\\\"x\\\"\",le=\"1000000\"} 2\n"
             "c_bucket{a=\"\\\"x\\\"\",le=\"+Inf\"} 3\n"
             "c_sum{a=\"\\\"x\\\"\"} 1.25\n"
             "c_count{a=\"\\\"x\\\"\"} 3\n"
             "# TYPE d_total counter\n"
             "d_total 2\n"
             "# TYPE e summary\n"
             "e{quantile=\"0.99\"} 0.5 1700000000000\n"
             "e_sum 2 1700000000000\n"
             "e_count 4 1700000000000\n");
}

BOOST_AUTO_TEST_CASE(hostile_label_values_come_back_as_they_were) {
  std::vector<std::string> const values{"",
                                        " ",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\\n",
                                        "a=\"b\"} 1\nx 2\n",
                                        "größe €",
                                        std::string(40'000, '\\'),
                                        std::string("\0\x01", 2),
                                        "\r",
                                        "{}",
                                        ",",
                                        "\xf0\x9f\x98\x80"};
  registry families;
  auto const made =
      families.add_counter<numbered>({.name = "x_total"}, label_domain{"v", values}).value();
  for (std::size_t i = 0; i < values.size(); ++i)
    made.at({i}).inc(i + 1);
  auto const checked = checked_text_of(families);
  for (std::size_t i = 0; i < values.size(); ++i) {
    BOOST_TEST(checked.value("x_total", {{"v", values[i]}}).value_or(0) ==
               static_cast<double>(i + 1));
  }
}

BOOST_AUTO_TEST_CASE(special_values) {
  registry families;
  families.add_gauge({.name = "a"}).value().set(std::numeric_limits<double>::quiet_NaN());
  families.add_gauge({.name = "b"}).value().set(-std::numeric_limits<double>::infinity());
  families.add_gauge({.name = "c"}).value().set(5e-324);
  auto const sizes = families.add_histogram({.name = "d", .bounds = {-1, 0}}).value();
  sizes.observe(std::numeric_limits<double>::quiet_NaN());
  sizes.observe(-5);
  auto const checked = checked_text_of(families);
  BOOST_TEST(std::isnan(checked.value("a").value()));
  BOOST_TEST(checked.value("b").value() == -std::numeric_limits<double>::infinity());
  BOOST_TEST(checked.value("c").value() == 5e-324);
  BOOST_TEST(checked.value("d_bucket", {{"le", "-1"}}).value() == 1);
  BOOST_TEST(checked.value("d_sum").value() == -5);
  BOOST_TEST(checked.value("loopmeter_refused_observations_total").value() >= 1);
}

// Lines are put together in blocks of 16 KB.
BOOST_AUTO_TEST_CASE(lines_of_any_length_come_whole) {
  std::size_t wrong = 0;
  for (std::size_t size = 16'250; size < 16'400; ++size) {
    for (std::size_t const first : {std::size_t{0}, size / 2}) {
      registry families{{.self_metrics = false}};
      std::string const help_a(first, 'a');
      std::string const help_b(size - first, 'b');
      families.add_gauge({.name = "a", .help = help_a}).value().set(1234567890123);
      families.add_gauge({.name = "b", .help = help_b}).value().set(-0.25);
      std::string expected = first == 0 ? "" : "# HELP a " + help_a + '\n';
      expected += "# TYPE a gauge\na 1234567890123\n# HELP b " + help_b + '\n';
      expected += "# TYPE b gauge\nb -0.25\n";
      wrong += text_of(families) == expected ? 0U : 1U;
    }
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(an_empty_registry_is_an_empty_text) {
  registry const families{{.self_metrics = false}};
  BOOST_TEST(text_of(families) == "");
}

BOOST_AUTO_TEST_CASE(the_text_is_appended) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "a_total"}).value();
  std::string text = "before\n";
  BOOST_TEST(encode_text(gather(families), text) == 1U);
  BOOST_TEST(text == "before\n# TYPE a_total counter\na_total 0\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
