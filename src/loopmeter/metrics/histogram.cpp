// SPDX-License-Identifier: Apache-2.0
// The reading of a set, and the observations of threads without a shard.
#include <loopmeter/metrics/histogram.hpp>

#include <mutex>

namespace loopmeter::metrics {
namespace detail {
namespace {

// The shared shard has many writers, a set allows one: they take turns. A gather does not take this
// lock, so a writer that is stopped here delays only others without a shard.
constinit std::mutex shared_set_mutex;

}  // namespace

set_reading read_set(cell const *set, std::span<std::uint64_t> buckets) noexcept {
  set_reading reading;
  for (;;) {
    ++reading.attempts;
    // acquire, all of them: each pairs with the writer's release of the same cell; what follows
    // from that is written in histogram_set.hpp.
    std::uint64_t const count = set[histogram_cell::count].load(std::memory_order_acquire);
    std::uint64_t in_buckets = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] = set[histogram_cell::buckets + i].load(std::memory_order_acquire);
      in_buckets += buckets[i];
    }
    cell const &sum = set[histogram_cell::sum + (in_buckets & 1)];
    reading.sum = to_double(sum.load(std::memory_order_acquire));
    // acquire is enough although nothing is read after it: what was read above is ordered before
    // this load by its own acquire, so count cannot be older than they are.
    if (set[histogram_cell::count].load(std::memory_order_acquire) == count) return reading;
    if (reading.attempts == read_attempts_max) {
      reading.torn = true;
      return reading;
    }
  }
}

}  // namespace detail

void histogram::observe_slow(double value) const noexcept {
  if (detail::claim_thread_cells() != nullptr) {
    observe(value);
    return;
  }
  // acquire: pairs with open_space(). Null where there are only default handles.
  detail::cell *const cells = detail::shared_cells.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  bool first = false;
  {
    std::lock_guard const lock{detail::shared_set_mutex};
    // relaxed: as in observe(); read under the lock, so that one writer at most is late.
    std::uint64_t const side = detail::epoch.value.load(std::memory_order_relaxed) & 1;
    detail::cell *const set = cells + offset_ + (side == 0 ? 0 : shape_->cells_per_set);
    first = detail::write_observation(set, shape_->bucket_of(value), value);
  }
  detail::count_fallback();
  if (first) detail::touch(offset_);
}

std::vector<double> exponential_bounds(double start, double factor, std::size_t count) {
  std::vector<double> bounds;
  for (double bound = start; bounds.size() < count; bound *= factor)
    bounds.push_back(bound);
  return bounds;
}

std::vector<double> linear_bounds(double start, double width, std::size_t count) {
  std::vector<double> bounds;
  for (std::size_t i = 0; i < count; ++i) {
    bounds.push_back(start + width * static_cast<double>(i));
  }
  return bounds;
}

}  // namespace loopmeter::metrics
