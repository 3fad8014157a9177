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

set_reading read_set(cell const *set, histogram_shape const &shape,
                     std::span<std::uint64_t> buckets, native_counts &native) {
  using namespace histogram_cell;
  cell const *const native_cells = set + shape.native_first;
  set_reading reading;
  for (;;) {
    ++reading.attempts;
    // acquire, all of them: each pairs with the writer's release of the same cell; what follows
    // from that is written in histogram_set.hpp.
    std::uint64_t const at_first = set[count].load(std::memory_order_acquire);
    std::uint64_t in_native = 0;
    if (shape.native != nullptr) {
      native.reset(*shape.native);
      in_native = native.read(native_cells);
    }
    std::uint64_t b = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] = set[histogram_cell::buckets + i].load(std::memory_order_acquire);
      b += buckets[i];
    }
    reading.sum = to_double(set[sums + (b & 1)].load(std::memory_order_acquire));
    std::uint64_t const pending =
        shape.native == nullptr
            ? 0
            : native_cells[native_cell::pending + (b & 1)].load(std::memory_order_acquire);
    // acquire is enough although nothing is read after it: what was read above is ordered before
    // this load by its own acquire, so count cannot be older than they are.
    bool const at_rest = set[count].load(std::memory_order_acquire) == at_first;
    reading.torn = !at_rest && reading.attempts == read_attempts_max;
    if (!at_rest && !reading.torn) continue;
    if (at_rest && shape.native != nullptr && in_native != b) {
      native.count(static_cast<std::uint32_t>(pending));
    }
    return reading;
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
    first = detail::write_observation(set, *shape_, value);
  }
  detail::count_fallback();
  if (first) detail::touch(offset_);
}

void histogram::keep_exemplar(double value, trace_context const &trace) const noexcept {
  if (!detail::is_finite(value)) return;
  std::size_t const bucket = shape_->bound_count == 0 && shape_->native != nullptr
                                 ? shape_->native->cell_of(value) % shape_->exemplar_count
                                 : shape_->bucket_of(value);
  detail::cell_offset const slot =
      offset_ + shape_->first_exemplar() +
      static_cast<detail::cell_offset>(bucket) * detail::cells_per_line;
  detail::leave_exemplar(slot, value, trace);
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
