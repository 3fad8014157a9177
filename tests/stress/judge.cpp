// SPDX-License-Identifier: Apache-2.0
#include "judge.hpp"

#include <exposition_rules.hpp>
#include <openmetrics_checker.hpp>
#include <protobuf_reader.hpp>

#include <cmath>
#include <exception>
#include <limits>
#include <optional>

namespace loopmeter::stress {
namespace {

using exposition::test::read_family;
using exposition::test::read_metric;

constexpr std::size_t failures_max = 10;

std::string le_of(double bound) {
  return std::isinf(bound) ? "+Inf" : std::to_string(static_cast<int>(bound));
}

// The samples that a text would have.
std::vector<test::sample> samples_of(read_family const &family, read_metric const &metric) {
  test::sample sample;
  sample.name = family.name;
  sample.labels = {metric.labels.begin(), metric.labels.end()};
  sample.value = metric.value;
  if (metric.kind != "histogram") return {sample};
  std::vector<test::sample> samples;
  auto const add = [&](std::string_view suffix, double value) {
    sample.name = family.name + std::string{suffix};
    sample.value = value;
    samples.push_back(sample);
  };
  add("_count", static_cast<double>(metric.count));
  add("_sum", metric.sum);
  auto buckets = metric.buckets;
  bool const has_last = !buckets.empty() && std::isinf(buckets.back().upper_bound);
  if (!has_last) {
    buckets.push_back({.cumulative_count = metric.count,
                       .upper_bound = std::numeric_limits<double>::infinity(),
                       .exemplar = {}});
  }
  for (auto const &bucket : buckets) {
    sample.labels["le"] = le_of(bucket.upper_bound);
    add("_bucket", static_cast<double>(bucket.cumulative_count));
  }
  return samples;
}

std::uint64_t native_count(metrics::native_histogram const &native) {
  std::uint64_t total = native.zero_count;
  for (auto const *side : {&native.positive, &native.negative}) {
    for (metrics::native_bucket const &bucket : *side)
      total += bucket.count;
  }
  return total;
}

std::optional<double> value_of(std::vector<test::checked_family> const &families,
                               std::string_view name, std::string const &le = {}) {
  for (auto const &family : families) {
    for (auto const &sample : family.samples) {
      auto const found = sample.labels.find("le");
      std::string const bound = found == sample.labels.end() ? "" : found->second;
      // In OpenMetrics a bound is 1.0.
      if (sample.name == name && (bound == le || bound == le + ".0")) return sample.value;
    }
  }
  return std::nullopt;
}

}  // namespace

void judge::look(std::string_view body) {
  switch (as_.protocol) {
    case exposition::protocol::text_0_0_4:
    case exposition::protocol::text_1_0_0:
      return read_text(body);
    case exposition::protocol::openmetrics_0_0_1:
    case exposition::protocol::openmetrics_1_0_0:
      return read_openmetrics(body);
    case exposition::protocol::protobuf:
      return read_protobuf(body);
  }
}

void judge::read_text(std::string_view body) {
  auto const read = test::check_exposition(body);
  if (!read.findings.empty()) fail("invalid", read.findings_text());
  compare(read.families);
}

void judge::read_openmetrics(std::string_view body) {
  auto const read = test::check_openmetrics(body);
  if (!read.findings.empty()) fail("invalid", read.findings_text());
  compare(read.families);
}

void judge::read_protobuf(std::string_view body) try {
  static constexpr std::string_view types[]{"counter", "gauge", "summary", "untyped", "histogram"};
  std::vector<test::checked_family> families;
  for (read_family const &family : exposition::test::read_protobuf(body)) {
    auto &into = families.emplace_back();
    into.name = family.name;
    into.type = types[static_cast<std::size_t>(family.type.value_or(0))];
    for (read_metric const &metric : family.metrics) {
      for (test::sample &sample : samples_of(family, metric))
        into.samples.push_back(std::move(sample));
      if (metric.has_native && native_count(metric.native) != metric.count)
        fail("native part is not its classic part", family.name);
    }
    std::vector<test::finding> findings;
    test::check_family(into, findings);
    for (test::finding const &one : findings)
      fail("invalid", one.text);
  }
  compare(families);
} catch (std::exception const &error) {
  fail("unreadable", error.what());
}

void judge::compare(std::vector<test::checked_family> const &families) {
  for (auto const &family : families) {
    for (auto const &sample : family.samples)
      compare(family.type, sample);
  }
  check_values(families);
}

void judge::compare(std::string_view type, test::sample const &sample) {
  ++samples_;
  if (type == "gauge") {
    if (sample.name == "open" && sample.value < 0) fail("negative", sample.name);
    return;
  }
  std::string key = sample.name;
  for (auto const &[name, value] : sample.labels)
    key.append("|").append(value);
  double &before = before_[key];
  if (sample.value < before) fail("fell", key);
  before = sample.value;
}

// Each value is 1 to 8 and has its bucket, so that the buckets say what the sum must be.
void judge::check_values(std::vector<test::checked_family> const &families) {
  double expected = 0;
  double below = 0;
  for (int bound = 1; bound <= 8; ++bound) {
    std::string const le = bound == 8 ? "+Inf" : std::to_string(bound);
    double const upto = value_of(families, "values_bucket", le).value_or(-1);
    expected += (upto - below) * bound;
    below = upto;
  }
  if (value_of(families, "values_sum") != expected) fail("sum is not its buckets'", "values");
  if (value_of(families, "values_count") != below) fail("count is not +Inf", "values");
}

void judge::fail(std::string_view what, std::string_view where) {
  if (failures_.size() < failures_max) {
    failures_.push_back(std::string{what}.append(": ").append(where));
  }
}

}  // namespace loopmeter::stress
