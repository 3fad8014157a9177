// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/native.hpp>

#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "probe.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace loopmeter::metrics {
namespace {

BOOST_AUTO_TEST_SUITE(native)

// The native part of a histogram without labels.
native_histogram native_of(snapshot const &now, std::string_view name) {
  auto const *family = test::find_family(now, name);
  BOOST_TEST_REQUIRE(family != nullptr);
  return now.natives.at(family->first_native);
}

std::uint64_t total(native_histogram const &native) {
  auto const add = [](std::uint64_t sum, native_bucket const &bucket) {
    return sum + bucket.count;
  };
  std::uint64_t const positive =
      std::accumulate(native.positive.begin(), native.positive.end(), std::uint64_t{0}, add);
  return std::accumulate(native.negative.begin(), native.negative.end(), positive, add) +
         native.zero_count;
}

// The key by its definition: the least k with |v| <= 2^(k / 2^schema), found by comparing powers.
std::int32_t key_by_definition(double size, int schema) {
  long double const per_octave = std::exp2(static_cast<long double>(schema));
  auto key =
      static_cast<std::int32_t>(std::floor(std::log2(size) * static_cast<double>(per_octave)));
  auto const upper = [&](std::int32_t k) {
    return static_cast<double>(std::exp2(static_cast<long double>(k) / per_octave));
  };
  while (upper(key) < size)
    ++key;
  while (upper(key - 1) >= size)
    --key;
  return key;
}

BOOST_AUTO_TEST_CASE(a_value_falls_into_the_bucket_of_its_key) {
  std::vector<double> values{1,
                             0.5,
                             2,
                             4096,
                             1.0000000000000002,
                             0.9999999999999999,
                             0x1p-63,
                             0x1p64,
                             0x1.fffffffffffffp63,
                             0x1.0000000000001p-64,
                             0.1,
                             0.3,
                             7};
  std::uint64_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    double const fraction = 1 + static_cast<double>(state >> 12) * 0x1p-52;
    values.push_back(std::ldexp(fraction, static_cast<int>(state % 120) - 60));
  }
  for (int schema = native_schema_min; schema <= native_schema_max; ++schema) {
    // And the bounds themselves, with their neighbours.
    auto cases = values;
    for (int k = -20; k <= 20; ++k) {
      double const bound = std::exp2(k * std::exp2(-schema));
      if (bound < 0x1p-60 || bound > 0x1p60) continue;
      cases.insert(cases.end(), {bound, std::nextafter(bound, 0), std::nextafter(bound, 1e300)});
    }
    registry families{{.self_metrics = false}};
    std::string const name = "v";
    auto const made =
        families.add_histogram({.name = name, .native = {{.schema = schema}}}).value();
    native_histogram before;
    for (double const value : cases) {
      made.observe(value);
      native_histogram now = native_of(gather(families), name);
      native_histogram only = now;
      detail::lower_schema(before, now.schema);
      detail::subtract(only, before);
      BOOST_TEST_REQUIRE(only.positive.size() == 1U);
      BOOST_TEST_REQUIRE(only.positive[0].count == 1U);
      // The limit of buckets may have lowered the schema.
      BOOST_TEST(only.positive[0].key == key_by_definition(value, now.schema),
                 value << " at schema " << now.schema << ": " << only.positive[0].key);
      before = now;
    }
  }
}

// Less is expected: less address space, and what comes all the same is kept, in wide buckets.
BOOST_AUTO_TEST_CASE(a_range_that_is_expected_takes_cells_for_itself_only) {
  registry families{{.self_metrics = false}};
  native_options const durations{.zero_threshold = 0x1p-20, .expected_max = 40'000};
  std::size_t const before = usage().cells_used;
  auto const all = families.add_histogram({.name = "all", .native = native_options{}}).value();
  std::size_t const by_default = usage().cells_used - before;
  auto const some = families.add_histogram({.name = "some", .native = durations}).value();
  std::size_t const less = usage().cells_used - before - by_default;
  BOOST_TEST(by_default * sizeof(detail::cell) < 36U * 1024);
  BOOST_TEST(less * sizeof(detail::cell) < 12U * 1024);

  for (double const value :
       {0x1.0000000000001p-20, 0x1p-19, 0.001, 0.5, 1.0, 7.0, 39'999.0, 0x1p16, -0.25, -0x1p16}) {
    all.observe(value);
    some.observe(value);
  }
  auto now = gather(families);
  BOOST_TEST((native_of(now, "all").positive == native_of(now, "some").positive));
  BOOST_TEST((native_of(now, "all").negative == native_of(now, "some").negative));
  BOOST_TEST(native_of(now, "some").schema == 3);
  for (double const value : {0x1p-20, -0x1p-21, 0.0})
    some.observe(value);
  BOOST_TEST(native_of(gather(families), "some").zero_count == 3U);

  some.observe(std::nextafter(0x1p16, 1e300));
  some.observe(-0x1p40);
  some.observe(std::numeric_limits<double>::max());
  auto const wide = native_of(gather(families), "some");
  BOOST_TEST(wide.schema == native_schema_min);
  BOOST_TEST(total(wide) == 16U);
  // 65536^(key - 1) < |v| <= 65536^key
  BOOST_TEST(
      (wide.positive == std::vector<native_bucket>{{-1, 2}, {0, 3}, {1, 3}, {2, 1}, {64, 1}}));
  BOOST_TEST((wide.negative == std::vector<native_bucket>{{0, 1}, {1, 1}, {3, 1}}));
}

BOOST_AUTO_TEST_CASE(a_range_that_cannot_be_is_refused) {
  registry families{{.self_metrics = false}};
  for (double const bad :
       {0.0, -1.0, 0x1.0000000000001p64, std::nan(""), std::numeric_limits<double>::infinity()}) {
    auto const made = families.add_histogram({.name = "v", .native = {{.expected_max = bad}}});
    BOOST_TEST_REQUIRE(!made);
    BOOST_TEST((made.error() == registration_errc::bad_native));
  }
  native_options const reversed{.zero_threshold = 0.5, .expected_max = 0.5};
  BOOST_TEST(!families.add_histogram({.name = "v", .native = reversed}));
  native_options const narrow{.zero_threshold = 1, .expected_max = 1.5};
  families.add_histogram({.name = "v", .native = narrow}).value().observe(1.25);
  BOOST_TEST(native_of(gather(families), "v").positive.front().count == 1U);
}

BOOST_AUTO_TEST_CASE(all_parts_count_the_same_observations) {
  registry families;
  auto const made =
      families
          .add_histogram(
              {.name = "v", .bounds = {-1, 0, 1, 10}, .native = {{.zero_threshold = 0.001}}})
          .value();
  for (double const value : {-5.0, -1.0, -0.001, 0.0, -0.0, 0.0005, 0.5, 1.0, 3.0, 3.0, 1e6})
    made.observe(value);
  made.observe(std::numeric_limits<double>::quiet_NaN());
  made.observe(std::numeric_limits<double>::infinity());
  auto const now = gather(families);
  native_histogram const native = native_of(now, "v");
  BOOST_TEST(native.schema == 3);
  BOOST_TEST(native.zero_threshold == 0.001);
  BOOST_TEST(native.zero_count == 4U);
  // base = 2^(1/8): 5 is in (4.757, 5.187], key 19; 1 in key 0; 3 in (2.828, 3.084], key 13;
  // 0.5 in key -8; 10^6 in (953268, 1048576], key 160.
  BOOST_TEST((native.negative == std::vector<native_bucket>{{0, 1}, {19, 1}}));
  BOOST_TEST((native.positive == std::vector<native_bucket>{{-8, 1}, {0, 1}, {13, 2}, {160, 1}}));
  BOOST_TEST(test::number_of(now, "v", 0, 4) == 11U);
  BOOST_TEST(total(native) == 11U);
}

BOOST_AUTO_TEST_CASE(too_many_buckets_halve_the_schema_for_good) {
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .native = {{.schema = 5, .bucket_limit = 8}}}).value();
  for (int i = 0; i < 8; ++i)
    made.observe(1 + i * 0.03);
  BOOST_TEST(native_of(gather(families), "v").schema == 5);
  made.observe(100);
  auto const halved = native_of(gather(families), "v");
  BOOST_TEST(halved.schema == 4);
  BOOST_TEST(halved.positive.size() <= 8U);
  BOOST_TEST(total(halved) == 9U);
  for (int i = 0; i < 40; ++i)
    made.observe(std::exp2(i));
  auto const coarse = native_of(gather(families), "v");
  BOOST_TEST(coarse.schema == -3);
  BOOST_TEST(total(coarse) == 49U);
  BOOST_TEST(native_of(gather(families), "v").schema == -3);
}

BOOST_AUTO_TEST_CASE(values_beyond_the_fine_buckets_are_kept_in_coarse_ones) {
  registry families;
  auto const made = families.add_histogram({.name = "v", .native = native_options{}}).value();
  made.observe(3);
  BOOST_TEST(native_of(gather(families), "v").schema == 3);
  made.observe(std::numeric_limits<double>::max());
  made.observe(-0x1p65);
  made.observe(0x1p80);
  made.observe(std::nextafter(0x1p80, 1e300));
  made.observe(-0x1p64);
  made.observe(std::nextafter(-0x1p80, -1e300));
  made.observe(5e-324);
  auto const now = native_of(gather(families), "v");
  BOOST_TEST(now.schema == -4);
  // base = 2^16: 3 is in (1, 2^16], key 1; 2^65 in (2^64, 2^80], key 5.
  BOOST_TEST((now.positive == std::vector<native_bucket>{{1, 1}, {5, 1}, {6, 1}, {64, 1}}));
  BOOST_TEST((now.negative == std::vector<native_bucket>{{4, 1}, {5, 1}, {6, 1}}));
  BOOST_TEST(now.zero_count == 1U);
}

BOOST_AUTO_TEST_CASE(a_writer_stopped_between_any_two_stores_leaves_equal_parts) {
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .bounds = {1, 2, 3}, .native = native_options{}})
          .value();
  made.observe(1.5);
  auto const first = gather(families);
  auto const &definition = *test::find_family(first, "v")->definition;
  detail::histogram_shape const &shape = *definition.place.shape;
  std::uint64_t written = 1;
  for (int i = 0; i < 40; ++i) {
    detail::cell *const set = detail::thread_cells + definition.place.first +
                              static_cast<std::size_t>(i % 2) * shape.cells_per_set;
    int stores = 0;
    auto const look = [&](std::uint64_t most) {
      auto const now = gather(families);
      std::uint64_t const counted = test::number_of(now, "v", 0, 3);
      BOOST_TEST(total(native_of(now, "v")) == counted, "after store " << stores << " of " << i);
      BOOST_TEST((counted == written || counted == most));
    };
    double const value = i % 7 == 0 ? 0.0 : (i % 2 == 0 ? 0.1 : -1) * (1 << i % 5);
    detail::write_observation(set, shape, value, [&] {
      ++stores;
      look(written + 1);
    });
    BOOST_TEST(stores == 4);
    look(++written);
  }
}

BOOST_AUTO_TEST_CASE(parts_agree_under_full_load) {
  constexpr std::uint64_t observations = test::is_sanitized ? 200'000 : 3'000'000;
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .bounds = {1, 8, 64}, .native = native_options{}})
          .value();
  std::atomic<int> left{2};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t k = 0; k < observations; ++k)
        made.observe(static_cast<double>(k * 7 % 200));
      --left;
    });
  }
  std::uint64_t unequal = 0;
  std::uint64_t gathers = 0;
  while (left > 0) {
    auto const now = gather(families);
    unequal += total(native_of(now, "v")) == test::number_of(now, "v", 0, 3) ? 0U : 1U;
    ++gathers;
  }
  threads.clear();
  BOOST_TEST(unequal == 0U);
  BOOST_TEST(gathers > 5U);
  auto const end = gather(families);
  BOOST_TEST(total(native_of(end, "v")) == 2 * observations);
}

BOOST_AUTO_TEST_CASE(a_reset_begins_all_parts_at_0) {
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .bounds = {1, 2}, .native = {{.bucket_limit = 4}}})
          .value();
  for (int i = 0; i < 30; ++i)
    made.observe(std::exp2(i));
  auto const before = gather(families);
  auto const *family = test::find_family(before, "v");
  auto const started = detail::start_ms(*family, family->series[0]);
  BOOST_TEST(native_of(before, "v").schema < 3);
  BOOST_TEST(families.reset_family("v"));
  auto const empty = gather(families);
  BOOST_TEST(total(native_of(empty, "v")) == 0U);
  BOOST_TEST(native_of(empty, "v").schema == 3);  // with its resolution
  BOOST_TEST(test::number_of(empty, "v", 0, 2) == 0U);
  BOOST_TEST(test::double_of(empty, "v", 0, 3).value() == 0.0);
  family = test::find_family(empty, "v");
  BOOST_TEST(detail::start_ms(*family, family->series[0]) >= started);
  BOOST_TEST(detail::start_ms(*family, family->series[0]) == family->reset->at_ms);
  made.observe(1.5);
  auto const after = gather(families);
  BOOST_TEST(test::number_of(after, "v", 0, 0) == 0U);
  BOOST_TEST(test::number_of(after, "v", 0, 1) == 1U);
  BOOST_TEST(test::double_of(after, "v", 0, 3).value() == 1.5);
  BOOST_TEST((native_of(after, "v").positive == std::vector<native_bucket>{{5, 1}}));
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
  registry families;
  auto const code = [&](native_options const &options) {
    auto const made = families.add_histogram({.name = "bad", .native = options});
    BOOST_TEST_REQUIRE(!made);
    return made.error();
  };
  BOOST_TEST((code({.schema = 9}) == registration_errc::bad_native));
  BOOST_TEST((code({.schema = -5}) == registration_errc::bad_native));
  BOOST_TEST((code({.bucket_limit = 0}) == registration_errc::bad_native));
  BOOST_TEST((code({.zero_threshold = 0}) == registration_errc::bad_native));
  BOOST_TEST((code({.zero_threshold = std::nan("")}) == registration_errc::bad_native));
  families.add_histogram({.name = "v"}).value();
  auto const other = families.add_histogram({.name = "v", .native = native_options{}});
  BOOST_TEST((!other && other.error() == registration_errc::shape_conflict));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
