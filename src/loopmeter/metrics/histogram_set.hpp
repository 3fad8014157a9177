// SPDX-License-Identifier: Apache-2.0
// How a histogram's set of cells is written by its one writer and read by a gather: neither waits,
// and what is read belongs together wherever the writer stands, also when it never moves again.
//
// Of n observations, count is n, the buckets add up to n and sum[n & 1] is their sum. A writer goes
// from n to n + 1 in three stores, each a release:
//   1. sum[(n + 1) & 1] = sum[n & 1] + value    the sum of n stays in the other place
//   2. bucket[i] += 1                           from here the buckets add up to n + 1
//   3. count = n + 1
// A reader loads, each an acquire: count (c1), all buckets (they add up to b), sum[b & 1], count
// (c2), and takes it when c1 == c2. Why that is right:
//   - c1 == c means that the stores of the first c observations are seen.
//   - A bucket of observation c + 2, or a store to the sum in its turn, follows count = c + 1 in
//     the writer; a reader who saw it would see c2 >= c + 1. So b is c or c + 1.
//   - b == c: sum[c & 1] holds the sum of c; it is next written by observation c + 2, see above.
//   - b == c + 1: store 2 was seen, so store 1 is; sum[(c + 1) & 1] is next written by c + 3.
#pragma once

#include <loopmeter/metrics/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace loopmeter::metrics::detail {

namespace histogram_cell {
inline constexpr std::size_t count = 0;
inline constexpr std::size_t sum = 1;  // and the next
inline constexpr std::size_t buckets = 3;
}  // namespace histogram_cell

/// Does nothing: what runs between the stores of a writer outside tests.
struct between_stores {
  void operator()() const noexcept {}
};

/// Writes one observation to a set that only the caller writes; `between` runs after each of the
/// first two stores, so that a test can look from there. True when it was the set's first.
template <class Between = between_stores>
bool write_observation(cell *set, std::size_t bucket, double value, Between &&between = {}) {
  cell *const sums = set + histogram_cell::sum;
  cell &in_bucket = set[histogram_cell::buckets + bucket];
  // relaxed, three times: the caller is the only writer, it reads its own stores.
  std::uint64_t const n = set[histogram_cell::count].load(std::memory_order_relaxed);
  double const sum = to_double(sums[n & 1].load(std::memory_order_relaxed));
  std::uint64_t const before = in_bucket.load(std::memory_order_relaxed);
  // release: a reader that sees this store, made in the turn of n + 1, sees count = n too.
  sums[(n + 1) & 1].store(to_bits(sum + value), std::memory_order_release);
  between();
  // release: a reader that counts this observation in its bucket sees the sum with it.
  in_bucket.store(before + 1, std::memory_order_release);
  between();
  // release: a reader that sees count = n + 1 sees the buckets of n + 1 observations.
  set[histogram_cell::count].store(n + 1, std::memory_order_release);
  return n == 0;
}

/// Attempts at one set before a gather takes what it has, see read_set().
inline constexpr int read_attempts_max = 64;

struct set_reading {
  double sum = 0;
  int attempts = 0;
  bool torn = false;  // no attempt met a writer at rest: the sum may be off by what was in flight
};

/// Reads a set; `buckets` receives the number in each, not cumulated. Never waits.
///
/// An attempt fails only when the writer finished an observation during it. The set that a gather
/// reads is not the epoch's, so a writer finishes there what it had begun (one observation) and
/// what its core had still to make visible (a store buffer full). More than 64 in a row takes a
/// core that loads an old epoch again and again, which cache coherence excludes. Should it happen,
/// the last reading is taken and counted in loopmeter_torn_reads_total: each of its buckets was
/// right when it was read, and count is derived from them, so only the sum is in doubt.
set_reading read_set(cell const *set, std::span<std::uint64_t> buckets) noexcept;

}  // namespace loopmeter::metrics::detail
