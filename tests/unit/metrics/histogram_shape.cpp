// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/histogram_shape.hpp>

#include <loopmeter/metrics/histogram.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace loopmeter::metrics {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double largest = std::numeric_limits<double>::max();

// Compares bucket_of() with a binary search, at each bound, beside it, and at values drawn.
void check_buckets(std::vector<double> const &bounds) {
  auto const &shape = detail::intern_shape(bounds);
  std::vector<double> values{0.0, -0.0, smallest, -smallest, largest, -largest, 1, -1};
  for (double const bound : bounds) {
    values.push_back(bound);
    values.push_back(std::nextafter(bound, infinity));
    values.push_back(std::nextafter(bound, -infinity));
  }
  std::mt19937_64 random{7};
  for (int i = 0; i < 2000; ++i) {
    values.push_back(std::bit_cast<double>(random()));
    double const low = bounds.empty() ? 0 : bounds.front() - 1;
    double const high = bounds.empty() ? 1 : bounds.back() + 1;
    values.push_back(low + (high - low) * std::generate_canonical<double, 53>(random));
  }
  std::size_t wrong = 0;
  for (double const value : values) {
    if (!std::isfinite(value)) continue;
    auto const expected = std::ranges::lower_bound(bounds, value) - bounds.begin();
    wrong += shape.bucket_of(value) != static_cast<std::size_t>(expected) ? 1U : 0U;
  }
  BOOST_TEST(wrong == 0U, bounds.size() << " bounds");
}

BOOST_AUTO_TEST_SUITE(histogram_shapes)

BOOST_AUTO_TEST_CASE(a_value_equal_to_a_bound_is_in_its_bucket) {
  detail::histogram_shape const &shape = detail::intern_shape(std::array{-1.0, 0.0, 0.1, 5.0});
  BOOST_TEST(shape.bucket_of(-largest) == 0U);
  BOOST_TEST(shape.bucket_of(-1) == 0U);
  BOOST_TEST(shape.bucket_of(std::nextafter(-1.0, 0.0)) == 1U);
  BOOST_TEST(shape.bucket_of(-0.0) == 1U);
  BOOST_TEST(shape.bucket_of(0) == 1U);
  BOOST_TEST(shape.bucket_of(smallest) == 2U);
  BOOST_TEST(shape.bucket_of(0.1) == 2U);
  BOOST_TEST(shape.bucket_of(std::nextafter(0.1, 1.0)) == 3U);
  BOOST_TEST(shape.bucket_of(5) == 3U);
  BOOST_TEST(shape.bucket_of(largest) == 4U);
}

BOOST_AUTO_TEST_CASE(the_bucket_is_what_a_binary_search_finds) {
  check_buckets({});
  for (double const only : {0.0, -0.0, smallest, -smallest, 1.0, -1.0, largest, -largest}) {
    check_buckets({only});
  }
  check_buckets({-0.0, smallest, 2 * smallest, 1e-300, 1, 1e300, largest});
  check_buckets({0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
  check_buckets({-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3});
  check_buckets({-5, -4});
  check_buckets(linear_bounds(1, 1, 12));
  check_buckets(linear_bounds(0, 0.1, histogram_bounds_max));
  check_buckets(linear_bounds(1e6, 1, histogram_bounds_max));  // closer than bins can tell
  check_buckets(exponential_bounds(1e-9, 1.1, histogram_bounds_max));
  std::mt19937_64 random{7};
  for (std::size_t count : {1U, 2U, 3U, 8U, 12U, 255U, 256U}) {
    std::vector<double> bounds;
    for (std::size_t i = 0; i < count; ++i) {
      bounds.push_back(std::generate_canonical<double, 53>(random) * 100 - 50);
    }
    std::ranges::sort(bounds);
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    check_buckets(bounds);
  }
}

BOOST_AUTO_TEST_CASE(usual_bounds_take_one_comparison) {
  for (auto const &bounds : {std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5},
                             linear_bounds(0, 1, 20), exponential_bounds(0.0001, 1.5, 40)}) {
    auto const &shape = detail::intern_shape(bounds);
    BOOST_TEST(shape.bounds_in_bin_max == 1U);
    BOOST_TEST(shape.last_bin < detail::histogram_shape::bins_max);
  }
}

BOOST_AUTO_TEST_CASE(equal_bounds_share_a_shape) {
  auto const &shape = detail::intern_shape(std::array{1.0, 2.0});
  BOOST_TEST(&shape == &detail::intern_shape(std::array{1.0, 2.0}));
  BOOST_TEST(&shape != &detail::intern_shape(std::array{1.0, 3.0}));
  BOOST_TEST(shape.cells_per_set % detail::cells_per_line == 0U);
  BOOST_TEST(shape.cells_per_set >= detail::histogram_cell::buckets + shape.bucket_count());
}

BOOST_AUTO_TEST_CASE(finite_is_what_the_library_says) {
  for (double const value :
       {0.0, -0.0, smallest, -smallest, largest, -largest, 1.0, infinity, -infinity,
        std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::signaling_NaN()}) {
    BOOST_TEST(detail::is_finite(value) == std::isfinite(value));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
