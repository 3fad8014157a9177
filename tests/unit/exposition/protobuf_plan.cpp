// SPDX-License-Identifier: Apache-2.0
// What protobuf_plan writes, read back and compared with the snapshot that it was made of.
#include <loopmeter/exposition/encoder.hpp>

#include "samples.hpp"

#include <protobuf_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>

namespace loopmeter::exposition {
namespace {

using metrics::registry;

constexpr format as_protobuf{protocol::protobuf, escaping::allow_utf_8};

std::vector<test::read_family> read_back(metrics::snapshot const &snapshot) {
  return test::read_protobuf(test::encoded(snapshot, as_protobuf));
}

double value_of(metrics::value_kind kind, std::uint64_t bits) {
  if (kind == metrics::value_kind::u64) return static_cast<double>(bits);
  if (kind == metrics::value_kind::i64) return static_cast<double>(static_cast<std::int64_t>(bits));
  return std::bit_cast<double>(bits);
}

void check_histogram(metrics::snapshot const &snapshot,
                     metrics::detail::family_layout const &family, std::size_t series,
                     test::read_metric const &read) {
  auto const &definition = *family.definition;
  auto const bounds = definition.place.shape->finite_bounds();
  std::size_t const first = family.first_value + series * definition.values_per_series();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    BOOST_TEST(read.buckets.at(i).upper_bound == bounds[i]);
    BOOST_TEST(read.buckets.at(i).cumulative_count == snapshot.values[first + i]);
  }
  BOOST_TEST(read.sum == std::bit_cast<double>(snapshot.values[first + bounds.size() + 1]));
  BOOST_TEST(read.count == snapshot.values[first + bounds.size() + 2]);
  BOOST_TEST(read.has_native == definition.is_native());
  if (definition.is_native()) {
    BOOST_TEST((read.native == snapshot.natives.at(family.first_native + series)));
  }
}

// Own families only: there are no others in the snapshot.
void check_all(metrics::snapshot const &snapshot) {
  auto const read = read_back(snapshot);
  auto const &layout = *snapshot.layout;
  BOOST_TEST_REQUIRE(read.size() == layout.families.size());
  for (std::size_t f = 0; f < read.size(); ++f) {
    auto const &family = layout.families[f];
    auto const &definition = *family.definition;
    BOOST_TEST(read[f].name == definition.name);
    BOOST_TEST(read[f].help == definition.help);
    BOOST_TEST(read[f].unit == definition.unit);
    BOOST_TEST_REQUIRE(read[f].metrics.size() == family.series.size());
    for (std::size_t i = 0; i < family.series.size(); ++i) {
      test::read_metric const &metric = read[f].metrics[i];
      auto const labels = metrics::detail::labels_of(family, family.series[i]);
      BOOST_TEST_REQUIRE(metric.labels.size() == labels.size());
      for (std::size_t l = 0; l < labels.size(); ++l) {
        BOOST_TEST(metric.labels[l].first == labels[l].name);
        BOOST_TEST(metric.labels[l].second == labels[l].value);
      }
      if (definition.type() == metrics::metric_type::histogram) {
        check_histogram(snapshot, family, i, metric);
        BOOST_TEST(metric.created_ms.value() == test::start_ms);
        continue;
      }
      double const value =
          value_of(definition.kind_of_values(), snapshot.values[family.first_value + i]);
      BOOST_TEST((metric.value == value || (std::isnan(value) && std::isnan(metric.value))));
      bool const is_counter = definition.type() == metrics::metric_type::counter;
      BOOST_TEST(metric.kind == (is_counter ? "counter" : "gauge"));
      BOOST_TEST(metric.created_ms.value_or(0) == (is_counter ? test::start_ms : 0));
    }
  }
}

metrics::snapshot without_foreign(test::shared_snapshot const &of) {
  metrics::snapshot own = *of;
  own.foreign.clear();
  return own;
}

metrics::snapshot native_snapshot(metrics::native_histogram native) {
  registry families{{.self_metrics = false}};
  families.add_histogram({.name = "n", .native = {metrics::native_options{}}}).value();
  auto snapshot = test::with_start(gather(families), test::start_ms);
  snapshot.natives.at(0) = std::move(native);
  return snapshot;
}

BOOST_AUTO_TEST_SUITE(protobuf_messages)

BOOST_AUTO_TEST_CASE(what_is_read_is_what_was_gathered) {
  check_all(without_foreign(test::loaded_state()));
  check_all(without_foreign(test::hostile_state()));
}

BOOST_AUTO_TEST_CASE(native_buckets_come_back) {
  check_all(native_snapshot({.schema = -4, .zero_threshold = 1, .zero_count = 3}));
  check_all(native_snapshot({.schema = 8, .positive = {{-274943, 1}, {262144, 2}}}));
  check_all(
      native_snapshot({.schema = 3, .zero_threshold = 1e-128, .negative = {{0, 1ULL << 62}}}));
  metrics::native_histogram dense{.schema = 3, .zero_threshold = 1e-128};
  for (std::int32_t key = -80; key < 80; ++key) {
    if (key % 7 != 0 && (key < 20 || key % 5 == 0)) {
      dense.positive.push_back({key, static_cast<std::uint64_t>((key + 81) * (key % 3 + 3))});
    }
  }
  check_all(native_snapshot(dense));
}

BOOST_AUTO_TEST_CASE(an_empty_native_histogram_is_told_from_a_classic_one) {
  auto const native = [](metrics::native_histogram of) {
    return read_back(native_snapshot(std::move(of))).at(0).metrics.at(0);
  };
  BOOST_TEST(native({.schema = 3, .zero_threshold = 0}).has_no_op_span);
  BOOST_TEST(!native({.schema = 3, .zero_threshold = 0x1p-128}).has_no_op_span);
  BOOST_TEST(!native({.schema = 3, .zero_threshold = 0, .zero_count = 1}).has_no_op_span);
  BOOST_TEST(!native({.schema = 3, .negative = {{1, 1}}}).has_no_op_span);
}

BOOST_AUTO_TEST_CASE(exemplars_have_their_places) {
  auto const snapshot = test::loaded_state();
  auto const families = read_back(*snapshot);
  auto const find = [&](std::string_view name) {
    for (auto const &family : families) {
      if (family.name == name) return family;
    }
    throw std::runtime_error{"no family"};
  };
  auto const requests = find("requests_total").metrics;
  BOOST_TEST(!requests.at(0).exemplar.has_value());
  BOOST_TEST(requests.at(1).exemplar.value().value == 2);
  BOOST_TEST(requests.at(1).exemplar.value().timestamp_ms.value() == test::start_ms + 4);
  BOOST_TEST(requests.at(1).exemplar.value().labels.at(0).first == "trace_id");
  BOOST_TEST(requests.at(1).exemplar.value().labels.at(0).second ==
             "0405060708090a0b0c0d0e0f10111213");
  auto const durations = find("duration_seconds").metrics.at(0);
  BOOST_TEST(durations.buckets.size() == 6U);  // +Inf for its exemplar
  BOOST_TEST(durations.buckets.at(1).exemplar.value().value == 0.25);
  BOOST_TEST(durations.buckets.at(5).exemplar.value().value == 2e6);
  auto const native = find("native_seconds").metrics.at(0);
  BOOST_TEST(native.buckets.empty());
  BOOST_TEST(native.native_exemplars.size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_reader_finds_what_is_wrong) {
  std::string const good = test::encoded(*test::loaded_state(), as_protobuf);
  BOOST_CHECK_THROW(test::read_protobuf(good.substr(0, good.size() - 1)), std::exception);
  BOOST_CHECK_THROW(test::read_protobuf(good + '\x05'), std::exception);
  std::string const spans("\x0a\x22\x08\x3a\x06\x62\x04\x08\x00\x10\x01", 11);  // no delta
  BOOST_CHECK_THROW(test::read_protobuf(spans), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
