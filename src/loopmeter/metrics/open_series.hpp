// SPDX-License-Identifier: Apache-2.0
// Families whose label values are known only at run time (tenants, shards, upstreams). with() finds
// the handle of a series: in a table of the calling thread, by hash and full comparison; on a miss
// in the family's own, under its lock, where a series is created by its first use.
//
// What comes from outside must not be able to fill the memory: a family has a limit, beyond which
// values share one overflow series, with `_other` for every label.
#pragma once

#include <loopmeter/metrics/family.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace loopmeter::metrics {

inline constexpr std::size_t series_limit_default = 2000;
inline constexpr std::string_view overflow_value = "_other";

/// Names the labels of an open family: `open_labels{"tenant", "region"}`.
template <std::size_t N>
struct open_labels {
  template <std::convertible_to<std::string_view>... Names>
  constexpr explicit open_labels(Names const &...label_names) noexcept
      : names{std::string_view{label_names}...} {}

  std::array<std::string_view, N> names;
};
template <class... Names>
open_labels(Names const &...) -> open_labels<sizeof...(Names)>;

namespace detail {

/// Never changes but for `removed`, and lives as long as the process: threads keep pointers to it.
struct open_series {
  std::vector<std::string> values;
  std::uint64_t hash = 0;
  cell_offset first_cell = fixed_cells::discard;
  std::int64_t start_ms = 0;
  std::atomic<bool> removed{false};
};

/// All series of one open family. Lives as long as the process.
class open_store {
 public:
  /// `spare`: the cells of the first overflow series, so that there is one when all others are
  /// gone.
  open_store(std::size_t labels, cell_offset cells_per_series, cell_offset alignment,
             std::size_t limit, cell_offset spare);
  open_store(open_store const &) = delete;
  open_store &operator=(open_store const &) = delete;

  /// The first cell of the series with these values; of the overflow series where there is no room
  /// for another, or a value is not UTF-8. Cost: about 10 ns once the thread knows it. Thread-safe.
  cell_offset find(std::span<std::string_view const> values) noexcept;

  /// Takes a series out of the exposition; false if there is none. Its cells are not used again: a
  /// handle may still write there. The same values get a new series, from 0.
  bool remove(std::span<std::string_view const> values);

  /// The exposed series by their creation; overflow last.
  std::vector<open_series const *> exposed() const;

  std::size_t label_count() const noexcept { return labels_; }
  std::size_t limit() const noexcept { return limit_; }

 private:
  open_series const *find_or_create(std::span<std::string_view const> values, std::uint64_t hash);
  open_series *create(std::span<std::string_view const> values, std::uint64_t hash);
  open_series *enter(std::span<std::string_view const> values, std::uint64_t hash,
                     cell_offset cells);
  open_series const *lookup(std::span<std::string_view const> values, std::uint64_t hash) const;
  open_series const *overflow();

  std::size_t const labels_;
  cell_offset const cells_per_series_;
  cell_offset const alignment_;
  std::size_t const limit_;

  mutable std::shared_mutex mutex_;                                // guards what follows
  std::deque<open_series> all_;                                    // their addresses stay
  std::unordered_multimap<std::uint64_t, open_series *> by_hash_;  // without those removed
  open_series const *overflow_ = nullptr;
  std::optional<cell_offset> spare_;
};

/// Makes a store that is never freed, since threads and handles keep pointers to it.
open_store &make_open_store(std::size_t labels, cell_offset cells_per_series, cell_offset alignment,
                            std::size_t limit, cell_offset spare);

/// What the registration of an open family finds.
struct open_place {
  open_store *store = nullptr;
  family_place place;
};

}  // namespace detail

/// A family with open labels, as a value. Copyable; any thread may use any copy. A
/// default-constructed one accepts every value and drops what is recorded.
template <class Instrument, std::size_t N>
class open_family {
 public:
  constexpr open_family() noexcept = default;
  open_family(detail::open_store &store, detail::family_place const &place) noexcept
      : store_{&store}, place_{place} {}

  /// The handle of one series, exposed from now on: one value for each label, in their order.
  /// Never fails: see series_limit. Keep the handle where the values do not change.
  template <std::convertible_to<std::string_view>... Values>
    requires(sizeof...(Values) == N)
  Instrument with(Values const &...values) const noexcept {
    if (store_ == nullptr) [[unlikely]]
      return Instrument{};
    std::array<std::string_view, N> const views{std::string_view{values}...};
    return detail::make_handle<Instrument>(store_->find(views), place_);
  }

  /// Takes one series out of the exposition; false if there is none. What is recorded through
  /// handles to it is dropped; with() begins a new one at 0.
  template <std::convertible_to<std::string_view>... Values>
    requires(sizeof...(Values) == N)
  bool remove(Values const &...values) const {
    std::array<std::string_view, N> const views{std::string_view{values}...};
    return store_ != nullptr && store_->remove(views);
  }

 private:
  detail::open_store *store_ = nullptr;
  detail::family_place place_;
};

template <std::size_t N>
using open_counter_family = open_family<counter, N>;
template <std::size_t N>
using open_float_counter_family = open_family<float_counter, N>;
template <std::size_t N>
using open_gauge_family = open_family<gauge, N>;
template <std::size_t N>
using open_level_family = open_family<level, N>;
template <std::size_t N>
using open_histogram_family = open_family<histogram, N>;

}  // namespace loopmeter::metrics
