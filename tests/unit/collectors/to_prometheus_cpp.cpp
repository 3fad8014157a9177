// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/to_prometheus_cpp.hpp>

#include <loopmeter/collectors/prometheus_cpp.hpp>
#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace loopmeter::collectors {
namespace {

using metrics::label_domain;
using metrics::registry;
using std::chrono::steady_clock;

enum class method { get, head };

using sample_map = std::map<std::pair<std::string, std::map<std::string, std::string>>, double>;

sample_map samples_of(std::string const &text) {
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "", text);
  sample_map samples;
  for (auto const &family : checked.families) {
    for (auto const &sample : family.samples)
      samples.emplace(std::pair{sample.name, sample.labels}, sample.value);
  }
  return samples;
}

std::string by_us(registry const &families) {
  std::string text;
  exposition::encode_text(gather(families), text);
  return text;
}

std::string by_them(registry const &families) {
  return prometheus::TextSerializer{}.Serialize(collectable_registry{families}.Collect());
}

std::string types_of(std::string const &text) {
  std::string types;
  for (auto const &family : test::check_exposition(text).families)
    types += family.name + ' ' + family.type + ' ' + family.help + '\n';
  return types;
}

metrics::foreign_family foreign(std::string name, metrics::metric_type type,
                                std::vector<metrics::foreign_series> series) {
  return {.name = std::move(name), .help = "F.", .type = type, .series = std::move(series)};
}

BOOST_AUTO_TEST_SUITE(to_their_registry)

BOOST_AUTO_TEST_CASE(their_serializer_says_the_same_of_each_type) {
  registry families{{.self_metrics = false}};
  label_domain const methods{"m", {"GET", "a\"b\\\nc"}};
  auto const counter =
      families.add_counter<method>({.name = "c_total", .help = "C."}, methods).value();
  counter.at(method::get).inc(3);
  counter.at(method::head).inc(1'000'000);
  families.add_float_counter({.name = "f_total", .help = "F."}).value().inc(0.25);
  families.add_gauge({.name = "g", .help = "G."}).value().set(-2.5);
  auto const level = families.add_level<method>({.name = "l", .help = "L."}, methods).value();
  level.at(method::get).inc(5);
  level.at(method::get).dec(2);
  auto const histogram =
      families
          .add_histogram<method>({.name = "h_seconds", .help = "H.", .bounds = {0.5, 1, 2.5}},
                                 methods)
          .value();
  for (double const value : {0.25, 0.5, 2.0, 1e6})
    histogram.at(method::head).observe(value);
  histogram.at(method::get).observe(0.75);
  families.add_histogram({.name = "n", .help = "N.", .native = metrics::native_options{}})
      .value()
      .observe(4);
  BOOST_TEST(families.add_info({.name = "i_info", .help = "I."}, {{"version", "1"}}).has_value());
  families.add_counter({.name = "o_total", .help = "O."}, metrics::open_labels{"tenant"})
      .value()
      .with("acme")
      .inc(9);

  auto const ours = samples_of(by_us(families));
  BOOST_TEST(ours.size() == 2U + 1 + 1 + 1 + 2 * 6 + 3 + 1 + 1);
  BOOST_TEST((ours == samples_of(by_them(families))));
  BOOST_TEST(types_of(by_us(families)) == types_of(by_them(families)));
}

BOOST_AUTO_TEST_CASE(what_sources_gave_goes_on) {
  using metrics::metric_type;
  registry families{{.self_metrics = false}};
  families.add_source([] {
    metrics::foreign_histogram const histogram{
        .buckets = {{.upper_bound = 1, .cumulative_count = 2}}, .sum = 7.5, .count = 3};
    metrics::foreign_summary const summary{
        .quantiles = {{.quantile = 0.5, .value = 4}, {.quantile = 1, .value = 8}},
        .sum = 12,
        .count = 2};
    return std::vector{
        foreign("fc_total", metric_type::counter, {{.labels = {{"a", "x"}}, .value = 7.0}}),
        foreign("fg", metric_type::gauge, {{.labels = {}, .value = std::int64_t{-4}}}),
        foreign("fh", metric_type::histogram, {{.labels = {{"a", "x"}}, .value = histogram}}),
        foreign("fi_info", metric_type::info, {{.labels = {{"v", "1"}}, .value = 1.0}}),
        foreign("fs", metric_type::summary, {{.labels = {{"a", "x"}}, .value = summary}}),
        foreign(
            "fu", metric_type::untyped,
            {{.labels = {}, .value = std::uint64_t{1} << 53, .timestamp_ms = 1'700'000'000'000}})};
  });
  auto const ours = samples_of(by_us(families));
  BOOST_TEST(ours.size() == 1U + 1 + 4 + 1 + 4 + 1);
  BOOST_TEST((ours == samples_of(by_them(families))));
  BOOST_TEST(types_of(by_us(families)) == types_of(by_them(families)));
  BOOST_TEST(by_them(families).find(" 1700000000000\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_that_they_do_not_know_are_made_legible) {
  registry families{{.self_metrics = false}};
  BOOST_TEST(
      families
          .add_info({.name = "a.b_info", .help = "I.", .allow_utf8_names = true}, {{"c.d", "1"}})
          .has_value());
  auto const theirs = samples_of(by_them(families));
  BOOST_TEST((theirs == sample_map{{{"a_b_info", {{"c_d", "1"}}}, 1}}));
}

BOOST_AUTO_TEST_CASE(there_and_back_is_the_same) {
  registry ours;
  ours.add_counter({.name = "c_total", .help = "C."}).value().inc(3);
  registry others{{.self_metrics = false}};
  auto const there = std::make_shared<collectable_registry>(ours);
  bridge(others, there);
  BOOST_TEST((samples_of(by_us(others)) == samples_of(by_us(ours))));
}

// Collects another, as programs do that merge several.
struct forwarding : prometheus::Collectable {
  explicit forwarding(std::shared_ptr<prometheus::Collectable> to_ask) : asked{std::move(to_ask)} {}
  std::vector<prometheus::MetricFamily> Collect() const override { return asked->Collect(); }
  std::shared_ptr<prometheus::Collectable> asked;
};

BOOST_AUTO_TEST_CASE(a_circle_ends_at_once) {
  registry families{{.self_metrics = false}};
  families.add_counter({.name = "c_total"}).value().inc(3);
  auto const ours = std::make_shared<collectable_registry>(families);
  auto const through = std::make_shared<forwarding>(ours);
  bridge(families, ours);
  bridge(families, through);
  auto const begin = steady_clock::now();
  BOOST_TEST((samples_of(by_us(families)) == sample_map{{{"c_total", {}}, 3}}));
  BOOST_TEST((samples_of(by_them(families)) == sample_map{{{"c_total", {}}, 3}}));
  // Waiting for itself, a gather would take collect_time_default.
  BOOST_TEST((steady_clock::now() - begin < metrics::collect_time_default / 2));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
