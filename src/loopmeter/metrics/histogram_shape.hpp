// SPDX-License-Identifier: Apache-2.0
// The bounds of a histogram, in the form in which a value finds its bucket: without a branch that
// depends on the value, and in a time that does not grow with the number of bounds.
#pragma once

#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace loopmeter::metrics {

inline constexpr std::size_t histogram_bounds_max = 256;

namespace detail {

/// The classic part of a set of cells; see histogram_set.hpp.
namespace histogram_cell {
inline constexpr std::size_t count = 0;
inline constexpr std::size_t sums = 1;
inline constexpr std::size_t buckets = sums + 2;
}  // namespace histogram_cell

/// Neither NaN nor infinite. On the bits: doubled, they are without the sign, and an exponent of
/// all ones is what is left above any finite value.
constexpr bool is_finite(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value) << 1U < 0xffe0'0000'0000'0000U;
}

/// Kept for the life of the process, one for each kind of histogram in use, so that a handle may
/// point to it.
///
/// The bits of a non-negative double, read as an integer, are in the order of its value. Their
/// upper part (the exponent, with as many more bits as tell the bounds apart) numbers a bin; each
/// bin knows the number of bounds in lower ones and its own first, mostly the only one, which is
/// compared with. Bin 0 has all that is below, also what is negative.
struct alignas(64) histogram_shape {
  static constexpr std::int64_t bins_max = 1024;

  /// Both in one place: the second load would be on the way to the bucket's address, and the next
  /// observation must wait until that is known (3.6 ns for one, with two arrays 4.1).
  struct bin {
    double first_bound;  // at or above the bin's beginning; +Inf where there is none
    std::uint64_t bounds_before;
  };

  double const *bounds;  // bound_count of them, then +Inf
  bin const *bins;
  std::int64_t first_bin;   // what the upper bits are in bin 0
  std::int64_t last_bin;    // counted from the first
  std::uint32_t bin_shift;  // how many bits are not in the bin's number
  std::uint32_t bounds_in_bin_max;
  std::uint32_t bound_count;     // without +Inf
  native_shape const *native;    // null: classic only
  cell_offset native_first;      // in a set, where there is a native part
  cell_offset cells_per_set;     // a multiple of a line
  std::uint32_t exemplar_count;  // lines for exemplars behind the two sets

  std::size_t bucket_count() const noexcept { return bound_count + std::size_t{1}; }
  cell_offset first_exemplar() const noexcept { return 2 * cells_per_set; }
  cell_offset cells_per_series() const noexcept {
    return first_exemplar() + exemplar_count * cells_per_line;
  }
  std::span<double const> finite_bounds() const noexcept { return {bounds, bound_count}; }

  /// The bucket of a finite value: the number of bounds < v, since the rule is v <= le.
  std::size_t bucket_of(double v) const noexcept {
    std::int64_t const number = (std::bit_cast<std::int64_t>(v) >> bin_shift) - first_bin;
    bin const &found = bins[std::clamp(number, std::int64_t{0}, last_bin)];
    std::size_t bucket = found.bounds_before + (found.first_bound < v ? 1U : 0U);
    for (std::uint32_t i = 1; i < bounds_in_bin_max; ++i)
      bucket += bounds[bucket] < v ? 1U : 0U;
    return bucket;
  }
};

/// The one shape of these bounds (strictly increasing, finite, at most histogram_bounds_max) and
/// parts.
histogram_shape const &intern_shape(std::span<double const> bounds,
                                    std::optional<native_options> const &native = {},
                                    bool exemplars = false);

/// The shape of a default-constructed histogram: no bounds, so that it fits the discarded cells.
extern constinit histogram_shape const empty_shape;

}  // namespace detail
}  // namespace loopmeter::metrics
