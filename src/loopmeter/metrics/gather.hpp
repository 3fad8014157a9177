// SPDX-License-Identifier: Apache-2.0
// From shards to totals: one pass over the shards gives a snapshot, a flat array of numbers with a
// layout that says whose they are. The layout is kept from gather to gather and changes only with
// a new family or a series' first event; encoders keep what they derive from it for as long.
#pragma once

#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loopmeter::metrics {

/// How the 64 bits of a value are to be read.
enum class value_kind : std::uint8_t { u64, i64, f64 };

namespace detail {

/// A registered family; never changes.
struct family_definition {
  std::string name;
  std::string help;
  instrument_kind kind = instrument_kind::counter;
  std::vector<label_domain> labels;
  family_place place;
  std::uint32_t series_count = 1;

  metric_type type() const noexcept;
  value_kind kind_of_values() const noexcept;  // of a histogram: its counts; its sum is f64
  std::size_t values_per_series() const noexcept;
};

/// A family's part of a layout: its exposed series, by rising number, and where their values begin.
struct family_layout {
  std::shared_ptr<family_definition const> definition;  // outlives the registry in a snapshot
  std::vector<std::uint32_t> series;
  std::size_t first_value = 0;

  bool operator==(family_layout const &) const = default;
};

/// Whose the values of a snapshot are: families by name, their series in the order of their
/// numbers, of a histogram its cumulated buckets, +Inf last, then its sum and its count. Families
/// without an exposed series are not in it.
struct layout {
  bool operator==(layout const &) const = default;

  std::vector<family_layout> families;
  std::size_t value_count = 0;
};

}  // namespace detail

/// The state of a registry. Each counter is monotone from one snapshot to the next; buckets, count
/// and sum of a histogram belong together; a level is not negative.
struct snapshot {
  std::shared_ptr<detail::layout const> layout;  // shared: with the registry and with encoders
  std::vector<std::uint64_t> values;             // one for each value of the layout
  std::vector<foreign_family> foreign;           // by name; no name occurs in the layout too
};

/// Adds up all shards; asks the sources first. Thread-safe: gathers take turns, no writer waits for
/// them nor they for a writer. Cost: about 1 ns per exposed series and shard, 20 per histogram.
snapshot gather(registry const &registry);

/// The same into an old snapshot, of which it reuses the memory.
void gather(registry const &registry, snapshot &reused);

/// How gathers got on with writers since the process began; for tests and the curious.
struct gather_statistics {
  std::uint64_t reads = 0;    ///< histogram sets read
  std::uint64_t retries = 0;  ///< attempts at them that a writer spoilt
  int attempts_max = 0;       ///< most attempts at one set
  std::uint64_t torn = 0;     ///< sets that no attempt read whole
};
gather_statistics statistics() noexcept;

}  // namespace loopmeter::metrics
