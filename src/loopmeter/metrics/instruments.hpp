// SPDX-License-Identifier: Apache-2.0
// The handles that code records with. A handle is a place in the cell space: small, copyable, valid
// for the life of the process, also after its registry. Any thread may record through any copy; it
// writes to its own shard, so nothing is shared and nothing waits. Not from a signal handler: it
// could come between the load and the store of the thread that it interrupts.
//
// A default-constructed handle is valid too: what it records is dropped.
#pragma once

#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <cstdint>
#include <limits>

namespace loopmeter::metrics {

namespace detail {
/// Counts an observation or addition that was refused (not finite, or negative for a counter).
void refuse_observation() noexcept;

/// The slot of a counter that keeps no exemplars: those cells have no room for one.
inline constexpr cell_offset no_exemplar = 0;
}  // namespace detail

/// A count that only grows, exact to 2^64. Cost: about 1 ns, whatever the number of threads.
class counter {
 public:
  constexpr counter() noexcept = default;
  constexpr explicit counter(detail::cell_offset offset,
                             detail::cell_offset exemplar = detail::no_exemplar) noexcept
      : offset_{offset}, exemplar_{exemplar} {}

  /// Adds n. Adding 0 is no event: it does not make the series appear.
  void inc(std::uint64_t n = 1) const noexcept {
    if (n == 0) return;
    detail::cell *const cells = detail::thread_cells;
    // relaxed: a counter promises its own value only, and orders nothing for its reader.
    if (cells == nullptr) [[unlikely]] {
      detail::add_slow(offset_, n, std::memory_order_relaxed);
    } else if (detail::bump(cells[offset_], n, std::memory_order_relaxed)) [[unlikely]] {
      detail::touch(offset_);
    }
  }

  /// The same, and where the counter keeps exemplars the first call since the last scrape leaves
  /// its trace there, with n, if somebody keeps that trace. Cost: some 2 ns more; for one that
  /// leaves its trace 40. Nothing for inc() without a trace.
  void inc(std::uint64_t n, trace_context const &trace) const noexcept {
    inc(n);
    if (trace.sampled && exemplar_ != detail::no_exemplar && n != 0) {
      detail::leave_exemplar(exemplar_, static_cast<double>(n), trace);
    }
  }

 private:
  detail::cell_offset offset_ = detail::fixed_cells::discard;
  detail::cell_offset exemplar_ = detail::no_exemplar;
};

/// A sum of amounts >= 0, such as seconds. Cost: about 1.5 ns. A negative or non-finite amount is
/// refused and counted in loopmeter_refused_observations_total.
class float_counter {
 public:
  constexpr float_counter() noexcept = default;
  constexpr explicit float_counter(detail::cell_offset offset,
                                   detail::cell_offset exemplar = detail::no_exemplar) noexcept
      : offset_{offset}, exemplar_{exemplar} {}

  void inc(double n) const noexcept {
    if (!is_amount(n)) [[unlikely]] {
      if (n != 0) detail::refuse_observation();
      return;
    }
    detail::cell *const cells = detail::thread_cells;
    if (cells == nullptr) [[unlikely]] {
      detail::add_double_slow(offset_, n);
      return;
    }
    // relaxed: one writer, and nothing is ordered by it (see counter).
    std::uint64_t const before = cells[offset_].load(std::memory_order_relaxed);
    std::uint64_t const after = detail::to_bits(detail::to_double(before) + n);
    cells[offset_].store(after, std::memory_order_relaxed);  // relaxed: as above
    if (before == 0) [[unlikely]]
      detail::touch(offset_);
  }

  /// The same with a trace: see counter.
  void inc(double n, trace_context const &trace) const noexcept {
    inc(n);
    if (trace.sampled && exemplar_ != detail::no_exemplar && is_amount(n)) {
      detail::leave_exemplar(exemplar_, n, trace);
    }
  }

 private:
  // In this form it also excludes NaN.
  static bool is_amount(double n) noexcept {
    return n > 0 && n <= std::numeric_limits<double>::max();
  }

  detail::cell_offset offset_ = detail::fixed_cells::discard;
  detail::cell_offset exemplar_ = detail::no_exemplar;
};

/// A value that is set. One cell for all threads: about 1 ns alone, a cache line that travels when
/// several threads set it at once; for what goes up and down per event take a level.
class gauge {
 public:
  constexpr gauge() noexcept = default;
  constexpr explicit gauge(detail::cell_offset offset) noexcept : offset_{offset} {}

  /// Any double, NaN and the infinities included: they are values of the format.
  void set(double value) const noexcept;
  /// Adds to the value, atomically; negative amounts subtract.
  void add(double amount) const noexcept;

 private:
  detail::cell_offset offset_ = detail::fixed_cells::discard;
};

/// A number of things there are at the moment (requests in flight, open connections): ups and downs
/// are counted apart and per thread. Each dec() must come after the inc() that it takes back, on
/// whichever thread; then no reader sees a negative number. Cost: as counter.
class level {
 public:
  constexpr level() noexcept = default;
  constexpr explicit level(detail::cell_offset offset) noexcept : ups_{offset} {}

  static constexpr detail::cell_offset cell_count = 2;

  void inc(std::uint64_t n = 1) const noexcept {
    if (n == 0) return;
    detail::cell *const cells = detail::thread_cells;
    // relaxed: the up is published by the release of the down that follows it.
    if (cells == nullptr) [[unlikely]] {
      detail::add_slow(ups_, n, std::memory_order_relaxed);
    } else if (detail::bump(cells[ups_], n, std::memory_order_relaxed)) [[unlikely]] {
      detail::touch(ups_);
    }
  }

  void dec(std::uint64_t n = 1) const noexcept {
    if (n == 0) return;
    detail::cell *const cells = detail::thread_cells;
    // release: a gather that reads this down (acquire) reads the up before it too, so that
    // ups - downs >= 0. The first down is no event of its own: its up made the series appear.
    if (cells == nullptr) [[unlikely]] {
      detail::add_slow(ups_ + 1, n, std::memory_order_release);
    } else {
      detail::bump(cells[ups_ + 1], n, std::memory_order_release);
    }
  }

 private:
  detail::cell_offset ups_ = detail::fixed_cells::discard;
};

/// A constant 1 with labels that say something. There is nothing to record.
struct info {};

}  // namespace loopmeter::metrics
