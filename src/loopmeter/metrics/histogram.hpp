// SPDX-License-Identifier: Apache-2.0
// The classic histogram. Its cells in a shard are two sets, [count, sum 0, sum 1, buckets…]; the
// epoch says which of them is written, so that a gather reads a set that has come to rest. How a
// set is written and read without either side waiting is in histogram_set.hpp.
#pragma once

#include <loopmeter/metrics/histogram_set.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loopmeter::metrics {

inline constexpr std::size_t histogram_bounds_max = 256;

namespace detail {

/// Bounds with what follows from them. Kept for the life of the process, one for each list of
/// bounds in use, so that a handle may point to it.
struct histogram_shape {
  static constexpr std::size_t bounds_per_block = 8;

  std::size_t bound_count;     // without +Inf
  std::size_t padded_count;    // bounds with +Inf behind them, a multiple of the block
  cell_offset cells_per_set;   // a multiple of a line
  double const *bounds;        // padded_count of them, aligned to a line

  std::size_t bucket_count() const noexcept { return bound_count + 1; }
  cell_offset cells_per_series() const noexcept { return 2 * cells_per_set; }
  std::span<double const> finite_bounds() const noexcept { return {bounds, bound_count}; }

  /// The bucket of a finite value: the number of bounds < v, since the rule is v <= le. Compares
  /// with all of them, without a branch that data decides, in the form that compilers vectorise.
  std::size_t bucket_of(double v) const noexcept {
    std::uint64_t below = 0;
    for (std::size_t block = 0; block < padded_count; block += bounds_per_block) {
      for (std::size_t i = 0; i < bounds_per_block; ++i) {
        below += bounds[block + i] < v ? 1U : 0U;
      }
    }
    return below;
  }
};

/// The one shape of these bounds (strictly increasing, finite, at most histogram_bounds_max).
histogram_shape const &intern_shape(std::span<double const> bounds);

/// The shape of a default-constructed histogram: no bounds, so that it fits the discarded cells.
extern constinit histogram_shape const empty_shape;

}  // namespace detail

/// Counts values in buckets, with their sum. Units are base units (seconds, bytes). Cost: about
/// 4 ns with 12 bounds, whatever the number of threads; two sets of bounds + 4 cells per thread that
/// uses it. A NaN or infinite value is refused and counted in loopmeter_refused_observations_total;
/// a sum of finite values may still overflow to an infinity. Negative values are allowed, but then
/// the sum may fall.
class histogram {
 public:
  constexpr histogram() noexcept = default;
  constexpr histogram(detail::cell_offset offset, detail::histogram_shape const &shape) noexcept
      : shape_{&shape}, offset_{offset} {}

  void observe(double value) const noexcept {
    if (!std::isfinite(value)) [[unlikely]] {
      detail::refuse_observation();
      return;
    }
    detail::cell *const cells = detail::thread_cells;
    if (cells == nullptr) [[unlikely]] {
      observe_slow(value);
      return;
    }
    // relaxed: either set may be written at any time, a gather reads both rightly; the epoch only
    // keeps writers away from the one that is being read.
    std::uint64_t const side = detail::epoch.value.load(std::memory_order_relaxed) & 1;
    detail::cell *const set = cells + offset_ + side * shape_->cells_per_set;
    if (detail::write_observation(set, shape_->bucket_of(value), value)) [[unlikely]] {
      detail::touch(offset_);
    }
  }

 private:
  void observe_slow(double value) const noexcept;

  detail::histogram_shape const *shape_ = &detail::empty_shape;
  detail::cell_offset offset_ = detail::fixed_cells::discard;
};

/// Bounds at start, start * factor, …; count of them. For latencies in seconds.
std::vector<double> exponential_bounds(double start, double factor, std::size_t count);
/// Bounds at start, start + width, …; count of them.
std::vector<double> linear_bounds(double start, double width, std::size_t count);

}  // namespace loopmeter::metrics
