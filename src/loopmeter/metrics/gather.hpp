// SPDX-License-Identifier: Apache-2.0
// From shards to totals: one pass over the shards gives a snapshot, a flat array of numbers with a
// layout that says whose they are. The layout is kept from gather to gather and changes only with
// a new family or a series' first event; encoders keep what they derive from it for as long.
#pragma once

#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/open_series.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace loopmeter::metrics {

/// How the 64 bits of a value are to be read.
enum class value_kind : std::uint8_t { u64, i64, f64 };

namespace detail {

/// A registered family; never changes.
struct family_definition {
  std::string name;
  std::string help;
  std::string unit{};  // the name's last word (before _total), or empty
  instrument_kind kind = instrument_kind::counter;
  std::vector<label_domain> labels;  // of an open family without values
  open_store *open = nullptr;        // the series of an open family
  family_place place;
  std::uint32_t series_count = 1;  // of a closed family
  std::int64_t start_ms = 0;       // when its series began at 0, since 1970
  std::size_t series_limit = 0;    // of an open family

  metric_type type() const noexcept;
  value_kind kind_of_values() const noexcept;  // of a histogram: its counts; its sum is f64
  std::size_t values_per_series() const noexcept;
  bool is_native() const noexcept;  // a histogram with a native part
};

/// An exposed series.
struct series_layout {
  bool operator==(series_layout const &) const = default;

  cell_offset first_cell = 0;
  std::uint32_t number = 0;           // of a closed family: its place in the domains
  open_series const *open = nullptr;  // of an open family; lives as long as the process
};

/// The values of a series, as a snapshot has them.
struct series_values {
  std::vector<std::uint64_t> values;
  native_histogram native;
};

/// What is subtracted from the series of a family since it was reset: their values at that moment.
struct family_reset {
  std::int64_t at_ms = 0;
  std::unordered_map<cell_offset, series_values> before{};  // by the first cell of a series
};

/// A family's part of a layout: its exposed series, in the order of their numbers or creation, and
/// where their values begin.
struct family_layout {
  std::shared_ptr<family_definition const> definition;  // outlives the registry in a snapshot
  std::vector<series_layout> series;
  std::size_t first_value = 0;
  std::size_t first_native = 0;  // in snapshot::natives; only of a family that is_native()
  std::shared_ptr<family_reset const> reset{};  // shared as the definition is; null: never

  bool operator==(family_layout const &) const = default;
};

/// Whose the values of a snapshot are: families by name, their series in the order of their
/// numbers, of a histogram its cumulated buckets, +Inf last, then its sum and its count. Families
/// without an exposed series are not in it.
struct layout {
  bool operator==(layout const &) const = default;

  std::vector<family_layout> families;
  std::size_t value_count = 0;
  std::size_t native_count = 0;
};

/// The labels of an exposed series, names in the family's order.
struct label_view {
  std::string_view name;
  std::string_view value;
};
std::vector<label_view> labels_of(family_layout const &family, series_layout const &series);

/// When the values of a series began at 0, in milliseconds since 1970.
std::int64_t start_ms(family_layout const &family, series_layout const &series) noexcept;

}  // namespace detail

/// The state of a registry. Each counter is monotone from one snapshot to the next; buckets, count
/// and sum of a histogram belong together, native part included; a level is not negative.
struct snapshot {
  std::shared_ptr<detail::layout const> layout;  // shared: with the registry and with encoders
  std::vector<std::uint64_t> values;             // one for each value of the layout
  std::vector<native_histogram> natives;         // one for each series of the native families
  std::vector<exemplar> exemplars;               // by value_index; several may share one
  std::vector<foreign_family> foreign;           // by name; no name occurs in the layout too
};

/// How long sources may take where the caller does not say.
inline constexpr std::chrono::milliseconds collect_time_default{5000};

/// Adds up all shards, with what the sources gave within `collect_time` (the others are left out
/// and counted). Thread-safe: gathers take turns, no writer waits for them nor they for a writer.
/// Cost: about 1 ns per exposed series and shard, 20 per histogram.
snapshot gather(registry const &registry,
                std::chrono::milliseconds collect_time = collect_time_default);

/// The same into an old snapshot, of which it reuses the memory.
void gather(registry const &registry, snapshot &reused,
            std::chrono::milliseconds collect_time = collect_time_default);

/// How gathers got on with writers since the process began; for tests and the curious.
struct gather_statistics {
  std::uint64_t reads = 0;    ///< histogram sets read
  std::uint64_t retries = 0;  ///< attempts at them that a writer spoilt
  int attempts_max = 0;       ///< most attempts at one set
  std::uint64_t torn = 0;     ///< sets that no attempt read whole
};
gather_statistics statistics() noexcept;

}  // namespace loopmeter::metrics
