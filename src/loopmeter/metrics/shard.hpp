// SPDX-License-Identifier: Apache-2.0
// The memory that everything records into. Cells of 64 bits are numbered in one cell space for the
// whole process; each thread has a shard, which is its own copy of that space, so a cell of a shard
// has one writer and a record needs no atomic read-modify-write. A gather adds the shards up.
//
// A shard is a reservation of address space: only the pages that a thread touches take memory, it
// never moves and is never unmapped. A thread that ends hands its shard to the next that begins.
// Where a thread has no shard (mmap failed, the thread is past its end) its records go to the
// shared shard: slower, counted in loopmeter_fallback_records_total, never lost.
//
// fork() without exec: the child has copies of all shards and goes on from their numbers; shards of
// threads that it did not inherit stay as they were.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

namespace loopmeter::metrics {

/// Address space that each shard reserves, in bytes; 1/64 of it more is reserved once.
inline constexpr std::size_t shard_bytes_default = std::size_t{256} << 20;
inline constexpr std::size_t shard_bytes_min = std::size_t{64} << 10;
inline constexpr std::size_t shard_bytes_max = std::size_t{16} << 30;

/// Threads beyond this many alive at once record into the shared shard.
inline constexpr std::size_t shards_max = 8192;

/// Sets the address space of every shard (rounded up to whole pages), before the first registry or
/// record of the process. False, and nothing changes, when it is too late or out of range.
bool set_shard_bytes(std::size_t bytes) noexcept;

/// Gives the calling thread its shard now (a lock and an mmap) rather than at its first record.
/// False when there is none to give: its records then go to the shared shard.
bool prepare_thread() noexcept;

/// How much of the cell space and how many shards are in use.
struct cell_space_usage {
  std::size_t cells_used = 0;
  std::size_t cells_max = 0;
  std::size_t shards = 0;  ///< those of threads, alive or waiting for their next one
};
cell_space_usage usage() noexcept;

namespace detail {

/// A number of 64 bits; a sum keeps the bits of its double here.
using cell = std::atomic<std::uint64_t>;
static_assert(cell::is_always_lock_free && sizeof(cell) == sizeof(std::uint64_t));

/// A place in the cell space, the same in every shard.
using cell_offset = std::uint32_t;

struct shard {
  cell *cells;
  shard *next;       // of all shards, newest first; written once, before the shard is published
  shard *next_free;  // of those that wait for a thread; under the lock of shard.cpp
};

/// Cells of a line: a histogram set starts on one.
inline constexpr cell_offset cells_per_line = 64 / sizeof(cell);

/// The first cells have fixed owners.
namespace fixed_cells {
/// What a default-constructed handle writes to; nobody reads it.
inline constexpr cell_offset discard = 0;
inline constexpr cell_offset discard_count = 16;
inline constexpr cell_offset refused_observations = 16;
inline constexpr cell_offset fallback_records = 17;
/// One for each collect_error of foreign.hpp.
inline constexpr cell_offset collect_errors = 18;
inline constexpr cell_offset collect_error_count = 4;
inline constexpr cell_offset torn_reads = 22;
inline constexpr cell_offset overflows = 23;
inline constexpr cell_offset end = 32;
}  // namespace fixed_cells

/// The calling thread's shard; null before its first record, after its end and where it has none.
/// constinit, so that reading it is one instruction and no call to an initialiser.
extern constinit thread_local cell *thread_cells;

/// The shared shard; null until the cell space exists. Written once, by the first registration.
extern constinit std::atomic<cell *> shared_cells;

/// Which of a histogram's two sets is written, by its lowest bit. Only gathers change it.
struct alignas(128) epoch_line {
  std::atomic<std::uint64_t> value{0};
};
extern constinit epoch_line epoch;

/// The first of the shards, the newest. The list only grows, so walking it needs no lock.
shard const *first_shard() noexcept;

/// Claims a shard for a thread that has none yet. Null when it gets none.
cell *claim_thread_cells() noexcept;

/// Notes that a series has its first event: it joins the exposition. Called once for each shard
/// and series, and by expect(). Thread-safe, wait-free.
void touch(cell_offset offset) noexcept;
bool touched(cell_offset offset) noexcept;

/// Moves with each touch(): a layout made at an older value may lack a series.
std::uint64_t touch_generation() noexcept;

enum class allocation_error { exhausted, unavailable };
struct allocation {
  std::optional<cell_offset> first;
  allocation_error error = allocation_error::exhausted;  // when there is no first
};

/// Takes `count` neighbouring cells, the first at a multiple of `alignment`. Never given back: a
/// handle to them may live for as long as the process.
allocation allocate_cells(std::uint64_t count, cell_offset alignment) noexcept;

/// The writes of a thread without cells at hand: claims them, or takes the shared shard's.
void add_slow(cell_offset offset, std::uint64_t n, std::memory_order order) noexcept;
void add_double_slow(cell_offset offset, double n) noexcept;

/// Counts one record that goes to the shared shard.
void count_fallback() noexcept;

/// Counts one lookup that fell into the overflow series of an open family.
void count_overflow() noexcept;

/// Adds to a cell of one's own shard; true when this was its first event.
inline bool bump(cell &own, std::uint64_t n, std::memory_order order) noexcept {
  // relaxed: the calling thread is the only writer of its shard, so it reads its own last store.
  std::uint64_t const before = own.load(std::memory_order_relaxed);
  own.store(before + n, order);  // the order is the caller's, with its reason there
  return before == 0;
}

inline double to_double(std::uint64_t bits) noexcept {
  return std::bit_cast<double>(bits);
}
inline std::uint64_t to_bits(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value);
}

/// For tests of the corners: how address space is reserved; null restores mmap.
using reserve_function = void *(*)(std::size_t bytes) noexcept;
void set_reserve_function(reserve_function reserve) noexcept;

}  // namespace detail
}  // namespace loopmeter::metrics
