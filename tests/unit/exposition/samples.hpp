// SPDX-License-Identifier: Apache-2.0
// Snapshots that the tests of all formats encode: of a registry with a bit of everything, with
// times and exemplars that do not change from run to run.
#pragma once

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace loopmeter::exposition::test {

inline constexpr std::int64_t start_ms = 1'700'000'000'123;

using shared_snapshot = std::shared_ptr<metrics::snapshot const>;

/// No family at all.
shared_snapshot empty_state();
/// Every type, native histograms, exemplars, families of sources.
shared_snapshot loaded_state();
/// What can be difficult: names and values of odd UTF-8, numbers at the edges, names that clash.
shared_snapshot hostile_state();

/// The same with this start for every family.
metrics::snapshot with_start(metrics::snapshot of, std::int64_t start);

/// An exemplar of a value, with a trace that follows from `seed`.
metrics::exemplar exemplar_of(std::size_t value_index, double observed, std::uint8_t seed);

/// Where the values of a family begin in a snapshot.
std::size_t first_value(metrics::snapshot const &snapshot, std::string_view family);

std::string encoded(metrics::snapshot const &snapshot, format as, encoder_options options = {});

}  // namespace loopmeter::exposition::test
