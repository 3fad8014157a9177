// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/prometheus_cpp.hpp>

#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <stdexcept>

namespace loopmeter::collectors {
namespace {

test::checked_exposition exposed(metrics::registry const &families) {
  std::string text;
  exposition::encode_text(gather(families), text);
  auto checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "", text);
  return checked;
}

// Gives what it was made with.
struct fixed_collectable : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override { return families; }
  std::vector<prometheus::MetricFamily> families;
};

struct broken_collectable : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override {
    throw std::runtime_error{"broken"};
  }
};

BOOST_AUTO_TEST_SUITE(bridging)

BOOST_AUTO_TEST_CASE(each_type_is_exposed) {
  auto const foreign = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("c_total")
      .Help("A\\b\nc")
      .Register(*foreign)
      .Add({{"a", "x\"y"}})
      .Increment(3);
  prometheus::BuildGauge().Name("g").Register(*foreign).Add({}).Set(
      std::numeric_limits<double>::quiet_NaN());
  auto &histogram = prometheus::BuildHistogram().Name("h").Register(*foreign).Add(
      {{"a", "1"}}, prometheus::Histogram::BucketBoundaries{0.5, 2});
  histogram.Observe(0.1 + 0.2);
  histogram.Observe(5);
  auto &summary = prometheus::BuildSummary().Name("s").Register(*foreign).Add(
      {}, prometheus::Summary::Quantiles{{0.5, 0.05}});
  summary.Observe(4);

  metrics::registry families;
  bridge(families, foreign);
  auto const checked = exposed(families);
  BOOST_TEST(checked.value("c_total", {{"a", "x\"y"}}).value_or(-1) == 3);
  BOOST_TEST(checked.value("g").has_value());
  BOOST_TEST(checked.value("h_bucket", {{"a", "1"}, {"le", "0.5"}}).value_or(-1) == 1);
  BOOST_TEST(checked.value("h_bucket", {{"a", "1"}, {"le", "+Inf"}}).value_or(-1) == 2);
  BOOST_TEST(checked.value("h_sum", {{"a", "1"}}).value_or(-1) == 0.1 + 0.2 + 5);
  BOOST_TEST(checked.value("h_count", {{"a", "1"}}).value_or(-1) == 2);
  BOOST_TEST(checked.value("s", {{"quantile", "0.5"}}).value_or(-1) == 4);
  BOOST_TEST(checked.value("s_count").value_or(-1) == 1);
  for (auto const &family : checked.families) {
    if (family.name == "c_total") BOOST_TEST(family.help == "A\\b\nc");
  }
}

BOOST_AUTO_TEST_CASE(untyped_and_timestamps_pass_through) {
  auto const foreign = std::make_shared<fixed_collectable>();
  prometheus::ClientMetric metric;
  metric.untyped.value = -2.5;
  metric.timestamp_ms = 1'700'000'000'000;
  foreign->families = {{"u", "", prometheus::MetricType::Untyped, {metric}}};
  metrics::registry families;
  bridge(families, foreign);
  auto const checked = exposed(families);
  BOOST_TEST(checked.value("u").value_or(0) == -2.5);
  for (auto const &family : checked.families) {
    if (family.name != "u") continue;
    BOOST_TEST(family.type == "untyped");
    BOOST_TEST(family.samples[0].timestamp_ms.value_or(0) == 1'700'000'000'000);
  }
}

BOOST_AUTO_TEST_CASE(what_prometheus_would_refuse_stays_out) {
  auto const foreign = std::make_shared<fixed_collectable>();
  prometheus::ClientMetric falling;
  falling.counter.value = std::numeric_limits<double>::quiet_NaN();
  prometheus::ClientMetric good;
  good.gauge.value = 1;
  foreign->families = {{"c_total", "", prometheus::MetricType::Counter, {falling}},
                       {"g", "", prometheus::MetricType::Gauge, {good, good}},
                       {"g", "", prometheus::MetricType::Gauge, {good}},
                       {"not a name", "", prometheus::MetricType::Gauge, {good}}};
  metrics::registry families;
  bridge(families, foreign);
  auto const checked = exposed(families);
  BOOST_TEST(!checked.value("c_total").has_value());
  BOOST_TEST(checked.value("g").value_or(0) == 1);
}

BOOST_AUTO_TEST_CASE(a_collectable_that_is_gone_or_throws_does_no_harm) {
  metrics::registry families;
  families.add_counter({.name = "own_total"}).value().inc();
  auto const broken = std::make_shared<broken_collectable>();
  bridge(families, broken);
  auto foreign = std::make_shared<prometheus::Registry>();
  prometheus::BuildGauge().Name("g").Register(*foreign).Add({}).Set(1);
  bridge(families, foreign);
  BOOST_TEST(exposed(families).value("g").value_or(0) == 1);
  foreign.reset();
  auto const checked = exposed(families);
  BOOST_TEST(!checked.value("g").has_value());
  BOOST_TEST(checked.value("own_total").value_or(0) == 1);
  BOOST_TEST(
      checked.value("loopmeter_collect_errors_total", {{"cause", "exception"}}).value_or(0) >= 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
