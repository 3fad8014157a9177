// SPDX-License-Identifier: Apache-2.0
// Histograms: classic, native or both at once. The cells of one in a shard are two sets, [count,
// sums, buckets, native part]; the epoch says which of them is written, so that a gather reads a
// set that has come to rest. How a set is written and read without either side waiting is in
// histogram_set.hpp.
#pragma once

#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/histogram_set.hpp>
#include <loopmeter/metrics/histogram_shape.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loopmeter::metrics {

/// Counts values in buckets, with their sum. Units are base units (seconds, bytes). Cost: about
/// 4 ns, whatever the number of threads and of bounds (with several bounds below 0: 2 ns more for
/// each), and 3 ns more for a native part; memory: two sets of bounds + 4 cells for each thread
/// that uses it, of a native part the pages in use. A NaN or infinite
/// value is refused and counted in loopmeter_refused_observations_total; a sum of finite values may
/// still overflow to an infinity. Negative values are allowed, but then the sum may fall.
class histogram {
 public:
  constexpr histogram() noexcept = default;
  constexpr histogram(detail::cell_offset offset, detail::histogram_shape const &shape) noexcept
      : shape_{&shape}, offset_{offset} {}

  void observe(double value) const noexcept {
    if (!detail::is_finite(value)) [[unlikely]] {
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
    detail::cell *const set = cells + offset_ + (side == 0 ? 0 : shape_->cells_per_set);
    if (detail::write_observation(set, *shape_, value)) [[unlikely]] {
      detail::touch(offset_);
    }
  }

  /// The same, and where the histogram keeps exemplars the first observation of each bucket since
  /// the last scrape leaves its trace there, if somebody keeps that trace. Cost: some 3 ns more;
  /// for one that leaves its trace 40.
  void observe(double value, trace_context const &trace) const noexcept {
    observe(value);
    if (trace.sampled && shape_->exemplar_count != 0) keep_exemplar(value, trace);
  }

 private:
  void observe_slow(double value) const noexcept;
  void keep_exemplar(double value, trace_context const &trace) const noexcept;

  detail::histogram_shape const *shape_ = &detail::empty_shape;
  detail::cell_offset offset_ = detail::fixed_cells::discard;
};

/// Bounds at start, start * factor, …; count of them. For latencies in seconds.
std::vector<double> exponential_bounds(double start, double factor, std::size_t count);
/// Bounds at start, start + width, …; count of them.
std::vector<double> linear_bounds(double start, double width, std::size_t count);

}  // namespace loopmeter::metrics
