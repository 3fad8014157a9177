// SPDX-License-Identifier: Apache-2.0
// How a histogram's set of cells is written by its one writer and read by a gather: neither waits,
// and what is read belongs together wherever the writer stands, also when it never moves again.
//
// Of n observations, count is n, the buckets add up to n, those of the native part too, and
// sum[n & 1] is their sum. A writer goes from n to m = n + 1 by stores that are each a release:
//   1. pending[m & 1] = the native bucket    of a native histogram only
//   2. sum[m & 1] = sum[n & 1] + value       the sum of n stays in the other place
//   3. bucket[i] += 1                        from here the buckets add up to m
//   4. native[k] += 1                        from here those of the native part do
//   5. count = m
// A reader loads, each an acquire: count (c1), all native buckets (they add up to d), all buckets
// (to b), sum[b & 1], pending[b & 1], count (c2), and takes it when c1 == c2 = c. Why that is
// right:
//   - c1 == c means that the stores of the first c observations are seen.
//   - A bucket of observation c + 2, or another store of its turn, follows count = c + 1 in the
//     writer; a reader who saw it would see c2 >= c + 1. So b and d are c or c + 1.
//   - b == c: sum[c & 1] holds the sum of c; it is next written by observation c + 2, see above.
//   - b == c + 1: store 3 was seen, so store 2 is; sum[(c + 1) & 1] is next written by c + 3.
//   - d == c + 1: store 4 was seen, so store 3 is, which is loaded later: b == c + 1, too.
//   - d == c and b == c + 1: the native part lacks one observation, whose bucket is in
//     pending[b & 1]: that store came before store 3, and the next there is of c + 3.
#pragma once

#include <loopmeter/metrics/histogram_shape.hpp>
#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace loopmeter::metrics::detail {

/// Does nothing: what runs between the stores of a writer outside tests.
struct between_stores {
  void operator()() const noexcept {}
};

/// The stores of one observation, with or without a native part: two functions, so that a classic
/// histogram asks once and not at each store whether it has one.
template <bool IsNative, class Between>
bool store_observation(cell *set, histogram_shape const &shape, double value, Between &&between) {
  using namespace histogram_cell;
  cell &in_bucket = set[buckets + shape.bucket_of(value)];
  // relaxed, three times: the caller is the only writer, it reads its own stores.
  std::uint64_t const m = set[count].load(std::memory_order_relaxed) + 1;
  double const sum = to_double(set[sums + (~m & 1)].load(std::memory_order_relaxed));
  std::uint64_t const before = in_bucket.load(std::memory_order_relaxed);

  cell *native_cells = nullptr;
  std::uint32_t native_bucket = 0;
  if constexpr (IsNative) {
    native_cells = set + shape.native_first;
    native_bucket = shape.native->cell_of(value);
    // release: a reader that counts this observation in its bucket sees where it belongs here.
    native_cells[native_cell::pending + (m & 1)].store(native_bucket, std::memory_order_release);
    between();
  }
  // release: a reader that sees this store, made in the turn of m, sees count = m - 1 too.
  set[sums + (m & 1)].store(to_bits(sum + value), std::memory_order_release);
  between();
  // release: a reader that counts this observation in its bucket sees the sum with it.
  in_bucket.store(before + 1, std::memory_order_release);
  between();
  if constexpr (IsNative) {
    shape.native->widen(native_cells, native_bucket);
    cell &in_native = native_cells[native_bucket];
    // relaxed: one writer. release: a reader that counts it here, counts it in its bucket, too.
    std::uint64_t const was = in_native.load(std::memory_order_relaxed);
    in_native.store(was + 1, std::memory_order_release);
    between();
  }
  // release: a reader that sees count = m sees the buckets of m observations.
  set[count].store(m, std::memory_order_release);
  return m == 1;
}

/// Writes one observation to a set that only the caller writes; `between` runs after each store but
/// the last, so that a test can look from there. True when it was the set's first.
template <class Between = between_stores>
bool write_observation(cell *set, histogram_shape const &shape, double value,
                       Between &&between = {}) {
  return shape.native == nullptr ? store_observation<false>(set, shape, value, between)
                                 : store_observation<true>(set, shape, value, between);
}

/// Attempts at one set before a gather takes what it has, see read_set().
inline constexpr int read_attempts_max = 64;

struct set_reading {
  double sum = 0;
  int attempts = 0;
  bool torn = false;  // no attempt met a writer at rest: the parts may differ by what was in flight
};

/// Reads a set; `buckets` receives the number in each, not cumulated, and `native` the native part,
/// of a shape that has one. Never waits.
///
/// An attempt fails only when the writer finished an observation during it. The set that a gather
/// reads is not the epoch's, so a writer finishes there what it had begun (one observation) and
/// what its core had still to make visible (a store buffer full). More than 64 in a row takes a
/// core that loads an old epoch again and again, which cache coherence excludes. Should it happen,
/// the last reading is taken and counted in loopmeter_torn_reads_total: each of its buckets was
/// right when it was read, and count is derived from them, so only the sum is in doubt, and the
/// native part.
set_reading read_set(cell const *set, histogram_shape const &shape,
                     std::span<std::uint64_t> buckets, native_counts &native);

}  // namespace loopmeter::metrics::detail
