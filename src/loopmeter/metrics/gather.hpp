// SPDX-License-Identifier: Apache-2.0
// From shards to totals: one pass over the shards gives a snapshot, a flat array of numbers with a
// layout that says whose they are. The layout is kept from gather to gather and changes only with
// a new family or a series' first event; encoders keep what they derive from it for as long.
#pragma once

#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/layout.hpp>
#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace loopmeter::metrics {

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
