// SPDX-License-Identifier: Apache-2.0
// The gauge, which has one cell for all threads (that of the shared shard), and refusals.
#include <loopmeter/metrics/instruments.hpp>

namespace loopmeter::metrics {
namespace detail {

void refuse_observation() noexcept {
  counter{fixed_cells::refused_observations}.inc();
}

namespace {

// A touch writes to two lines that all threads share, so it is done only where it is needed. A
// thread that finds the bit set by another may precede that one's new layout by a moment: a gauge
// tells how things are, a later scrape shows it as well.
void touch_once(cell_offset offset) noexcept {
  if (!touched(offset)) touch(offset);
}

}  // namespace
}  // namespace detail

void gauge::set(double value) const noexcept {
  // acquire: pairs with open_space(). Null where there are only default handles.
  detail::cell *const cells = detail::shared_cells.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  // relaxed: the value stands for itself, it orders nothing.
  cells[offset_].store(detail::to_bits(value), std::memory_order_relaxed);
  detail::touch_once(offset_);
}

void gauge::add(double amount) const noexcept {
  // acquire: pairs with open_space().
  detail::cell *const cells = detail::shared_cells.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  // relaxed, twice: the exchange is atomic by itself, and a gauge orders nothing.
  std::uint64_t before = cells[offset_].load(std::memory_order_relaxed);
  while (!cells[offset_].compare_exchange_weak(
      before, detail::to_bits(detail::to_double(before) + amount), std::memory_order_relaxed)) {
  }
  detail::touch_once(offset_);
}

}  // namespace loopmeter::metrics
