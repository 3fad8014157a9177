// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/open_series.hpp>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/metrics/labels.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

namespace loopmeter::metrics::detail {
namespace {

// Differs from process to process, so that nobody can prepare values that collide.
std::uint64_t make_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}
std::uint64_t hash_seed() noexcept {
  static std::uint64_t const seed = make_seed();
  return seed;
}

__extension__ using uint128 = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  uint128 const product = uint128{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(char const *from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// A text as words: all but the last two, then those, which may overlap. No call to memcpy or memcmp
// with a size that is not known: for texts as short as label values the call would be most of it.
template <class Visit>
void visit_words(std::string_view text, Visit visit) noexcept {
  std::size_t const size = text.size();
  char const *const at = text.data();
  if (size >= 8) {
    for (std::size_t i = 0; i + 16 < size; i += 8)
      visit(load(at + i));
    visit(load(at + (size >= 16 ? size - 16 : 0)));
    visit(load(at + size - 8));
  } else if (size >= 4) {
    std::uint32_t ends[2];
    std::memcpy(&ends[0], at, 4);
    std::memcpy(&ends[1], at + size - 4, 4);
    visit(std::uint64_t{ends[0]} << 32 | ends[1]);
  } else if (size > 0) {
    auto const byte = [at](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(at[i])};
    };
    visit(byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1));
  }
}

std::uint64_t hash_of(std::span<std::string_view const> values) noexcept {
  constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15U;
  std::uint64_t hash = hash_seed();
  for (std::string_view const value : values) {
    hash ^= value.size();  // it tells "ab", "c" from "a", "bc"
    visit_words(value, [&](std::uint64_t word) { hash = mix(hash ^ word, odd); });
    hash += odd;
  }
  return mix(hash, odd);
}

bool is_equal(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  std::size_t const size = a.size();
  if (size < 8) {
    std::uint64_t word_a = 0;
    std::uint64_t word_b = 0;
    visit_words(a, [&](std::uint64_t word) { word_a = word; });
    visit_words(b, [&](std::uint64_t word) { word_b = word; });
    return word_a == word_b;
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (load(a.data() + i) != load(b.data() + i)) return false;
  }
  return load(a.data() + size - 8) == load(b.data() + size - 8);
}

bool are_equal(std::vector<std::string> const &stored, std::span<std::string_view const> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_equal(stored[i], values[i])) return false;
  }
  return true;
}

// What a thread knows: series of all open families, by hash, with open addressing. It holds each
// series that the thread uses, so the limits of the families bound it.
class thread_table {
 public:
  struct slot {
    open_store const *store = nullptr;  // null: free
    open_series const *series = nullptr;
    std::uint64_t hash = 0;
  };

  open_series const *find(open_store const *store, std::uint64_t hash,
                          std::span<std::string_view const> values) const noexcept {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = hash & mask(); slots_[at].store != nullptr; at = (at + 1) & mask()) {
      slot const &known = slots_[at];
      if (known.hash != hash || known.store != store) continue;
      // relaxed: a series may be removed at any moment, and one record more or less is nobody's.
      if (known.series->removed.load(std::memory_order_relaxed)) continue;
      if (are_equal(known.series->values, values)) return known.series;
    }
    return nullptr;
  }

  void add(open_store const *store, open_series const *series) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    place({.store = store, .series = series, .hash = series->hash});
    ++used_;
  }

 private:
  std::size_t mask() const noexcept { return slots_.size() - 1; }

  void place(slot const &added) noexcept {
    std::size_t at = added.hash & mask();
    while (slots_[at].store != nullptr)
      at = (at + 1) & mask();
    slots_[at] = added;
  }

  // Twice the room for those that are still exposed; removed ones go.
  void grow() {
    std::vector<slot> old = std::move(slots_);
    std::size_t const kept = static_cast<std::size_t>(std::ranges::count_if(old, is_live));
    slots_.assign(std::bit_ceil(std::max<std::size_t>(64, 4 * (kept + 1))), slot{});
    used_ = kept;
    for (slot const &known : old) {
      if (is_live(known)) place(known);
    }
  }

  static bool is_live(slot const &known) noexcept {
    // relaxed: see find().
    return known.store != nullptr && !known.series->removed.load(std::memory_order_relaxed);
  }

  std::vector<slot> slots_;
  std::size_t used_ = 0;
};

// Null before a thread's first use and after its end, where the families' own tables serve.
constinit thread_local thread_table *own_table = nullptr;
constinit thread_local bool table_ended = false;

thread_table *claim_table() {
  if (own_table != nullptr || table_ended) return own_table;
  struct owner {
    ~owner() {
      own_table = nullptr;
      table_ended = true;
    }
    thread_table table;
  };
  thread_local owner owned;
  own_table = &owned.table;
  return own_table;
}

}  // namespace

open_store &make_open_store(std::size_t labels, cell_offset cells_per_series, cell_offset alignment,
                            std::size_t limit, cell_offset spare) {
  struct store_table {
    std::mutex mutex;
    std::vector<std::unique_ptr<open_store>> stores;
  };
  static store_table *const all = new store_table;
  std::lock_guard const lock{all->mutex};
  return *all->stores.emplace_back(
      std::make_unique<open_store>(labels, cells_per_series, alignment, limit, spare));
}

open_store::open_store(std::size_t labels, cell_offset cells_per_series, cell_offset alignment,
                       std::size_t limit, cell_offset spare)
    : labels_{labels},
      cells_per_series_{cells_per_series},
      alignment_{alignment},
      limit_{limit},
      spare_{spare} {}

cell_offset open_store::find(std::span<std::string_view const> values) noexcept {
  std::uint64_t const hash = hash_of(values);
  if (own_table != nullptr) [[likely]] {
    if (auto const *known = own_table->find(this, hash, values)) return known->first_cell;
  }
  try {
    return find_or_create(values, hash)->first_cell;
  } catch (...) {  // no memory: nothing that data can cause may end the process
    count_overflow();
    return fixed_cells::discard;
  }
}

open_series const *open_store::find_or_create(std::span<std::string_view const> values,
                                              std::uint64_t hash) {
  open_series const *found = nullptr;
  {
    std::shared_lock const lock{mutex_};
    found = lookup(values, hash);
    bool const full = found == nullptr && by_hash_.size() >= limit_ && overflow_ != nullptr;
    if (full) {
      count_overflow();
      return overflow_;
    }
  }
  if (found == nullptr) {
    bool const valid = std::ranges::all_of(values, is_utf8);
    std::lock_guard const lock{mutex_};
    found = lookup(values, hash);  // another thread may have been faster
    if (found == nullptr && valid && by_hash_.size() < limit_) found = create(values, hash);
    if (found == nullptr) {
      count_overflow();
      return overflow();
    }
  }
  if (thread_table *const table = claim_table()) table->add(this, found);
  return found;
}

open_series const *open_store::lookup(std::span<std::string_view const> values,
                                      std::uint64_t hash) const {
  auto const [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (are_equal(at->second->values, values)) return at->second;
  }
  return nullptr;
}

// A new series, exposed; null where the cell space is full.
open_series *open_store::create(std::span<std::string_view const> values, std::uint64_t hash) {
  allocation const cells = allocate_cells(cells_per_series_, alignment_);
  return cells.first ? enter(values, hash, *cells.first) : nullptr;
}

open_series *open_store::enter(std::span<std::string_view const> values, std::uint64_t hash,
                               cell_offset cells) {
  open_series &made = all_.emplace_back();
  made.values.assign(values.begin(), values.end());
  made.hash = hash;
  made.first_cell = cells;
  made.start_ms = unix_milliseconds();
  by_hash_.emplace(hash, &made);
  touch(made.first_cell);
  return &made;
}

open_series const *open_store::overflow() {
  static open_series const nowhere{};
  if (overflow_ == nullptr) {
    std::vector<std::string_view> const values(labels_, overflow_value);
    std::uint64_t const hash = hash_of(values);
    overflow_ = lookup(values, hash);  // somebody may have asked for just these values
    if (overflow_ == nullptr && spare_) {
      overflow_ = enter(values, hash, *spare_);
      spare_.reset();
    }
  }
  return overflow_ == nullptr ? &nowhere : overflow_;
}

bool open_store::remove(std::span<std::string_view const> values) {
  std::uint64_t const hash = hash_of(values);
  std::lock_guard const lock{mutex_};
  auto const [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (!are_equal(at->second->values, values)) continue;
    // relaxed: a thread that does not see it yet writes where nobody looks, as handles do.
    at->second->removed.store(true, std::memory_order_relaxed);
    if (at->second == overflow_) {
      overflow_ = nullptr;
      // Where there are none left, what overflows from now on is dropped, and counted as before.
      if (!spare_) spare_ = allocate_cells(cells_per_series_, alignment_).first;
    }
    touch(at->second->first_cell);  // moves the layout
    by_hash_.erase(at);
    return true;
  }
  return false;
}

std::vector<open_series const *> open_store::exposed() const {
  std::shared_lock const lock{mutex_};
  std::vector<open_series const *> series;
  series.reserve(by_hash_.size());
  for (open_series const &one : all_) {
    // relaxed: `removed` is stored under the mutex.
    if (!one.removed.load(std::memory_order_relaxed)) series.push_back(&one);
  }
  return series;
}

}  // namespace loopmeter::metrics::detail
