// SPDX-License-Identifier: Apache-2.0
// The life of shards: reserved at a thread's first record, handed on at its end, never unmapped.
// Everything here has constant initialisation and no destructor, so that records made before main()
// and while the process exits find it in order.
#include <loopmeter/metrics/shard.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <mutex>

namespace loopmeter::metrics {
namespace detail {

constinit thread_local cell *thread_cells = nullptr;
constinit std::atomic<cell *> shared_cells{nullptr};
constinit epoch_line epoch;

namespace {

void *reserve_with_mmap(std::size_t bytes) noexcept {
  void *const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // Advice only, its failure changes nothing: huge pages would turn a few touched cells into 2 MiB,
  // and a core dump need not hold what can be scraped.
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  madvise(memory, bytes, MADV_DONTDUMP);
  return memory;
}

// What the whole process shares. The mutex guards all that is not atomic; the write side takes it
// in a thread's first record only.
struct cell_space {
  std::mutex mutex;
  reserve_function reserve = reserve_with_mmap;
  std::size_t shard_bytes = shard_bytes_default;
  std::size_t shards = 0;  // without the shared one
  std::uint64_t cells_used = fixed_cells::end;
  std::uint64_t cells_max = 0;
  shard *free = nullptr;
  bool open = false;
  std::atomic<shard *> first{nullptr};
  std::atomic<std::atomic<std::uint64_t> *> touched{nullptr};  // a bit per cell
  alignas(128) std::atomic<std::uint64_t> touch_generation{0};
};
constinit cell_space space;

// What a thread knows of itself beside its cells.
enum class thread_phase : std::uint8_t { fresh, holding, refused, ended };
constinit thread_local thread_phase phase = thread_phase::fresh;
constinit thread_local shard *held = nullptr;

// Adds a shard to the list of all; under the mutex.
shard *publish_shard(cell *cells) noexcept {
  shard *const added = new (std::nothrow) shard{cells, nullptr, nullptr};
  if (added == nullptr) return nullptr;
  // relaxed: only this function stores it, under the mutex.
  added->next = space.first.load(std::memory_order_relaxed);
  // release: who finds the shard in the list sees its fields.
  space.first.store(added, std::memory_order_release);
  return added;
}

// Makes the shared shard and the touched bits; under the mutex.
bool open_space() noexcept {
  if (space.open) return true;
  void *const bits = space.reserve(space.shard_bytes / 64 + sizeof(std::uint64_t));
  void *const cells = space.reserve(space.shard_bytes);
  if (bits == nullptr || cells == nullptr || publish_shard(static_cast<cell *>(cells)) == nullptr) {
    if (bits != nullptr) munmap(bits, space.shard_bytes / 64 + sizeof(std::uint64_t));
    if (cells != nullptr) munmap(cells, space.shard_bytes);
    return false;
  }
  space.cells_max = space.shard_bytes / sizeof(cell);
  // release, twice: who reads the pointer sees zeroed memory behind it.
  space.touched.store(static_cast<std::atomic<std::uint64_t> *>(bits), std::memory_order_release);
  shared_cells.store(static_cast<cell *>(cells), std::memory_order_release);
  space.open = true;
  return true;
}

// Hands the thread's shard on when the thread ends. The mutex orders this thread's stores before
// those of the next holder, so each cell still has one writer at a time.
struct shard_lease {
  ~shard_lease() {
    // First, so that a destructor that runs after this one records into the shared shard.
    thread_cells = nullptr;
    phase = thread_phase::ended;
    std::lock_guard const lock{space.mutex};
    held->next_free = space.free;
    space.free = held;
    held = nullptr;
  }
};

shard *take_shard() noexcept {
  std::lock_guard const lock{space.mutex};
  if (!open_space()) return nullptr;
  if (shard *const waiting = space.free; waiting != nullptr) {
    space.free = waiting->next_free;
    return waiting;
  }
  if (space.shards == shards_max) return nullptr;
  void *const cells = space.reserve(space.shard_bytes);
  if (cells == nullptr) return nullptr;
  shard *const added = publish_shard(static_cast<cell *>(cells));
  if (added == nullptr) {
    munmap(cells, space.shard_bytes);
    return nullptr;
  }
  ++space.shards;
  return added;
}

}  // namespace

shard const *first_shard() noexcept {
  // acquire: the fields of each shard in the list, as published.
  return space.first.load(std::memory_order_acquire);
}

cell *claim_thread_cells() noexcept {
  if (phase != thread_phase::fresh) return thread_cells;
  held = take_shard();
  if (held == nullptr) {
    phase = thread_phase::refused;  // for good: a thread must not try mmap at each record
    return nullptr;
  }
  thread_local shard_lease lease;
  static_cast<void>(lease);
  phase = thread_phase::holding;
  thread_cells = held->cells;
  return thread_cells;
}

void touch(cell_offset offset) noexcept {
  // acquire: pairs with open_space().
  auto *const bits = space.touched.load(std::memory_order_acquire);
  if (bits == nullptr) return;
  // release, twice: a layout that sees the new generation sees the bit. The generation moves also
  // when the bit was set: the other thread that set it may not have come to move it, and a scrape
  // that follows this event must not find an old layout.
  bits[offset / 64].fetch_or(std::uint64_t{1} << (offset % 64), std::memory_order_release);
  space.touch_generation.fetch_add(1, std::memory_order_release);
}

bool touched(cell_offset offset) noexcept {
  // acquire, twice: pairs with open_space() and touch().
  auto const *const bits = space.touched.load(std::memory_order_acquire);
  if (bits == nullptr) return false;
  std::uint64_t const word = bits[offset / 64].load(std::memory_order_acquire);
  return (word >> (offset % 64) & 1) != 0;
}

std::uint64_t touch_generation() noexcept {
  // acquire: the bits of all touches up to this one are seen by who reads them next.
  return space.touch_generation.load(std::memory_order_acquire);
}

allocation allocate_cells(std::uint64_t count, cell_offset alignment) noexcept {
  std::lock_guard const lock{space.mutex};
  if (!open_space()) return {.first = {}, .error = allocation_error::unavailable};
  std::uint64_t const first = (space.cells_used + alignment - 1) / alignment * alignment;
  if (first > space.cells_max || count > space.cells_max - first) {
    return {.first = {}, .error = allocation_error::exhausted};
  }
  space.cells_used = first + count;
  return {.first = static_cast<cell_offset>(first), .error = {}};
}

void count_fallback() noexcept {
  // acquire: pairs with open_space().
  cell *const cells = shared_cells.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  // relaxed: a counter, it orders nothing.
  cells[fixed_cells::fallback_records].fetch_add(1, std::memory_order_relaxed);
}

void count_overflow() noexcept {
  add_slow(fixed_cells::overflows, 1, std::memory_order_relaxed);  // relaxed: it orders nothing
}

void add_slow(cell_offset offset, std::uint64_t n, std::memory_order order) noexcept {
  bool first = false;
  if (cell *const own = claim_thread_cells(); own != nullptr) {
    first = bump(own[offset], n, order);
  } else {
    // acquire: pairs with open_space(). Without a cell space there are only default handles.
    cell *const cells = shared_cells.load(std::memory_order_acquire);
    if (cells == nullptr) return;
    // The caller's order, which means the same here: an addition is a store, and as a
    // read-modify-write it continues the release sequence of the one before it.
    first = cells[offset].fetch_add(n, order) == 0;
    count_fallback();
  }
  if (first) touch(offset);
}

void add_double_slow(cell_offset offset, double n) noexcept {
  bool first = false;
  if (cell *const own = claim_thread_cells(); own != nullptr) {
    // relaxed, twice: one writer, and a sum orders nothing.
    std::uint64_t const before = own[offset].load(std::memory_order_relaxed);
    own[offset].store(to_bits(to_double(before) + n), std::memory_order_relaxed);
    first = before == 0;
  } else {
    // acquire: pairs with open_space().
    cell *const cells = shared_cells.load(std::memory_order_acquire);
    if (cells == nullptr) return;
    // relaxed, twice: the exchange is atomic by itself, and a sum orders nothing.
    std::uint64_t before = cells[offset].load(std::memory_order_relaxed);
    while (!cells[offset].compare_exchange_weak(before, to_bits(to_double(before) + n),
                                                std::memory_order_relaxed)) {
    }
    first = before == 0;
    count_fallback();
  }
  if (first) touch(offset);
}

void set_reserve_function(reserve_function reserve) noexcept {
  std::lock_guard const lock{space.mutex};
  space.reserve = reserve == nullptr ? reserve_with_mmap : reserve;
}

}  // namespace detail

bool set_shard_bytes(std::size_t bytes) noexcept {
  if (bytes < shard_bytes_min || bytes > shard_bytes_max) return false;
  std::lock_guard const lock{detail::space.mutex};
  if (detail::space.open) return false;
  auto const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  detail::space.shard_bytes = (bytes + page - 1) / page * page;
  return true;
}

bool prepare_thread() noexcept {
  return detail::claim_thread_cells() != nullptr;
}

cell_space_usage usage() noexcept {
  std::lock_guard const lock{detail::space.mutex};
  return {.cells_used = detail::space.cells_used,
          .cells_max = detail::space.cells_max,
          .shards = detail::space.shards};
}

}  // namespace loopmeter::metrics
