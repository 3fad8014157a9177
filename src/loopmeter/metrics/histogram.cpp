// SPDX-License-Identifier: Apache-2.0
// Shapes of histograms, the reading of a set, and the records of threads without a shard.
#include <loopmeter/metrics/histogram.hpp>

#include <loopmeter/base/assert.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>

namespace loopmeter::metrics {
namespace detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr cell_offset cells_for(std::size_t bucket_count) {
  std::size_t const cells = histogram_cell::buckets + bucket_count;
  return static_cast<cell_offset>((cells + cells_per_line - 1) / cells_per_line * cells_per_line);
}

// A shape and the bounds it points to.
struct shape_storage {
  struct alignas(64) block {
    double bounds[histogram_shape::bounds_per_block];
  };

  explicit shape_storage(std::span<double const> bounds)
      : blocks(bounds.size() / histogram_shape::bounds_per_block + 1),
        shape{.bound_count = bounds.size(),
              .padded_count = blocks.size() * histogram_shape::bounds_per_block,
              .cells_per_set = cells_for(bounds.size() + 1),
              .bounds = blocks.front().bounds} {
    for (std::size_t i = 0; i < shape.padded_count; ++i) {
      blocks[i / histogram_shape::bounds_per_block].bounds[i % histogram_shape::bounds_per_block] =
          i < bounds.size() ? bounds[i] : infinity;
    }
  }

  std::vector<block> blocks;
  histogram_shape shape;
};

// Never destroyed: handles outlive main(). Bounded by the lists of bounds that a program declares.
struct shape_table {
  std::mutex mutex;
  std::vector<std::unique_ptr<shape_storage>> shapes;
};

shape_table &all_shapes() {
  static shape_table *const table = new shape_table;
  return *table;
}

// The shared shard has many writers, a set allows one: they take turns. A gather does not take this
// lock, so a writer that is stopped here delays only others without a shard.
constinit std::mutex shared_set_mutex;

}  // namespace

namespace {
alignas(64) constinit double const no_bounds[histogram_shape::bounds_per_block] = {
    infinity, infinity, infinity, infinity, infinity, infinity, infinity, infinity};
}  // namespace

constinit histogram_shape const empty_shape{.bound_count = 0,
                                            .padded_count = histogram_shape::bounds_per_block,
                                            .cells_per_set = cells_for(1),
                                            .bounds = no_bounds};
static_assert(2 * cells_for(1) <= fixed_cells::discard_count);

histogram_shape const &intern_shape(std::span<double const> bounds) {
  LOOPMETER_ASSERT(bounds.size() <= histogram_bounds_max);
  shape_table &table = all_shapes();
  std::lock_guard const lock{table.mutex};
  for (auto const &known : table.shapes) {
    if (std::ranges::equal(known->shape.finite_bounds(), bounds)) return known->shape;
  }
  return table.shapes.emplace_back(std::make_unique<shape_storage>(bounds))->shape;
}

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
    detail::cell *const set = cells + offset_ + side * shape_->cells_per_set;
    first = detail::write_observation(set, shape_->bucket_of(value), value);
  }
  detail::count_fallback();
  if (first) detail::touch(offset_);
}

std::vector<double> exponential_bounds(double start, double factor, std::size_t count) {
  std::vector<double> bounds;
  for (double bound = start; bounds.size() < count; bound *= factor) bounds.push_back(bound);
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
