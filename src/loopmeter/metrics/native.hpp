// SPDX-License-Identifier: Apache-2.0
// Native histograms: exponential buckets that need no bounds. A value's bucket follows from its
// bits, so a writer has one array of cells per sign for all values that occur, of which only the
// pages in use take memory, and never reorganises anything. That a series has at most so many
// buckets is the gather's work: it halves the schema of what it merged.
// https://prometheus.io/docs/specs/native_histograms/
#pragma once

#include <loopmeter/metrics/shard.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace loopmeter::metrics {

inline constexpr int native_schema_min = -4;
inline constexpr int native_schema_max = 8;
inline constexpr double native_threshold_min = 0x1p-64;
inline constexpr double native_expected_max = 0x1p64;

/// How a histogram is native.
struct native_options {
  bool operator==(native_options const &) const = default;

  /// Buckets grow by the factor 2^(2^-schema): -4 is 65536, 0 is 2, 3 is 1.09, 8 is 1.003.
  int schema = 3;
  /// Most buckets in an exposition; where a series has more its schema is lowered, for good.
  std::size_t bucket_limit = 160;
  /// Values this close to 0 count in the zero bucket. At least 2^-64 (5e-20).
  double zero_threshold = native_threshold_min;
  /// Values beyond it, of either sign, are kept by powers of 65536, and the schema of their series
  /// is lowered to -4. At most 2^64, rounded up to a power of 65536.
  ///
  /// Between the threshold and this each series takes address space for 2^schema buckets an octave:
  /// 35 KB as it is; 12 KB for durations of 1 µs (0x1p-20) to 18 hours (0x1p16).
  double expected_max = native_expected_max;
};

/// A bucket of a native histogram with observations in it. With base = 2^(2^-schema) bucket `key`
/// holds base^(key - 1) < |v| <= base^key.
struct native_bucket {
  bool operator==(native_bucket const &) const = default;

  std::int32_t key = 0;
  std::uint64_t count = 0;
};

/// The native part of a histogram series. Its count and sum are the classic part's.
struct native_histogram {
  bool operator==(native_histogram const &) const = default;

  std::int32_t schema = 0;  ///< -4 (coarse) to 8
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;           ///< |v| <= zero_threshold
  std::vector<native_bucket> positive{};  ///< by rising key; none is empty
  std::vector<native_bucket> negative{};
};

namespace detail {

/// Merges buckets until the schema is `schema`; no effect if it is that coarse already.
void lower_schema(native_histogram &histogram, std::int32_t schema);

/// Takes away what `earlier`, an older reading of the same series with the same schema, had.
void subtract(native_histogram &histogram, native_histogram const &earlier);

/// The native part of a set of cells: two places for the observation under way, the number of
/// values near 0, how far each sign's array is in use, and the arrays.
namespace native_cell {
inline constexpr std::uint32_t pending = 0;  // and the next: the cell that observation n goes to
inline constexpr std::uint32_t zero = 2;
inline constexpr std::uint32_t spans = 3;   // of each sign: low, high; see native_shape::span_of()
inline constexpr std::uint32_t arrays = 7;  // positive, negative
}  // namespace native_cell

/// Where a value falls. Kept for the life of the process, one for each schema and threshold in use.
///
/// An array covers zero_threshold < |v| <= expected_max at the schema (at 0 where it is negative),
/// then the rest up to 2^1024 at schema -4, which is what a series falls to when it has a value out
/// there.
struct native_shape {
  static constexpr std::int32_t coarse_octaves = 16;  // in a bucket of schema -4

  native_options options;
  double fine_max;                 // 2^fine_exponent_max
  std::int32_t fine_exponent_min;  // of the octave that the threshold is in
  std::int32_t fine_exponent_max;  // a multiple of coarse_octaves
  std::int32_t stored_schema;
  std::uint32_t fraction_shift;         // which bits of a mantissa number its bin
  std::uint16_t const *bounds_before;   // for each bin: the bounds below it
  std::uint64_t const *bound_fraction;  // the mantissas of the bounds in an octave, then a last
  std::uint32_t fine_count;
  std::uint32_t coarse_count;
  std::uint32_t cell_count;

  std::uint32_t array_count() const noexcept { return fine_count + coarse_count; }

  /// The cell of the native part that counts a finite value. About 2 ns.
  std::uint32_t cell_of(double value) const noexcept {
    std::uint64_t const bits = std::bit_cast<std::uint64_t>(value);
    double const size = std::fabs(value);
    if (!(size > options.zero_threshold)) return native_cell::zero;
    std::uint32_t const array =
        native_cell::arrays + static_cast<std::uint32_t>(bits >> 63) * array_count();
    std::uint64_t const fraction = bits & ((std::uint64_t{1} << 52) - 1);
    auto const exponent = static_cast<std::int32_t>(bits >> 52 & 0x7ff) - 1023;
    if (size > fine_max) {
      // An exact power of two is the last of its bucket.
      auto const octave = static_cast<std::uint32_t>(exponent - fine_exponent_max);
      return array + fine_count +
             (octave - (fraction == 0 ? 1U : 0U)) / std::uint32_t{coarse_octaves};
    }
    std::uint32_t const before = bounds_before[fraction >> fraction_shift];
    std::uint32_t const place = before + (bound_fraction[before] < fraction ? 1U : 0U);
    auto const octave = static_cast<std::uint32_t>(exponent - fine_exponent_min);
    // The value is above the threshold, and with it above 2^fine_exponent_min: the bucket that ends
    // there is not in the array.
    return array + (octave << stored_schema) + place - 1;
  }

  /// Notes in the set's spans that a cell of an array is in use. Only the set's writer calls it.
  void widen(cell *native, std::uint32_t used) const noexcept {
    if (used == native_cell::zero) return;
    std::uint32_t const index = used - native_cell::arrays;
    bool const negative = index >= array_count();
    std::uint32_t const place = negative ? index - array_count() : index;
    cell *const span = native + native_cell::spans + (negative ? 2 : 0);
    // relaxed loads: the caller is the only writer. Both cells only grow, so that a reader with an
    // old one reads less, never what is not there. release: who sees the bucket sees the span.
    if (array_count() - place > span[0].load(std::memory_order_relaxed)) [[unlikely]]
      span[0].store(array_count() - place, std::memory_order_release);
    if (place + 1 > span[1].load(std::memory_order_relaxed)) [[unlikely]]
      span[1].store(place + 1, std::memory_order_release);
  }
};

/// The one shape of these options, which are in range.
native_shape const &intern_native(native_options const &options);

/// The native part of one set as it was read, or of several added up: the counts of its cells.
class native_counts {
 public:
  /// Empty, for cells of that shape. Reuses memory.
  void reset(native_shape const &shape);
  /// Reads a set's native part; returns the number of its observations. Its loads are acquire.
  std::uint64_t read(cell const *native);
  void add(native_counts const &other);
  /// One more in that cell.
  void count(std::uint32_t place_in_set);

  /// At the stored schema, or -4 where there are values beyond 2^64.
  native_histogram to_histogram() const;

 private:
  struct span {
    std::uint32_t first;
    std::uint32_t last;  // behind
  };
  void widen(std::size_t sign, std::uint32_t first, std::uint32_t last);

  native_shape const *shape_ = nullptr;
  std::uint64_t zero_ = 0;
  span spans_[2]{};
  std::vector<std::uint64_t> counts_;  // of both arrays; what is outside the spans is 0
};

}  // namespace detail
}  // namespace loopmeter::metrics
