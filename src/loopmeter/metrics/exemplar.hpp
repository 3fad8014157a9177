// SPDX-License-Identifier: Apache-2.0
// Exemplars: the trace of one request that fell into a bucket or was counted, so that a dashboard
// leads from a slow bucket, or a rise of errors, to a request that was one of them. Trace and span
// are W3C Trace Context's, which all tracers write:
// https://www.w3.org/TR/trace-context/#traceparent-header
#pragma once

#include <loopmeter/metrics/shard.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace loopmeter::metrics {

/// Which trace an observation belongs to; exposed as the labels trace_id and span_id (63 characters
/// with their values, of the 128 that an exemplar may have).
struct trace_context {
  bool operator==(trace_context const &) const = default;

  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = false;  ///< somebody keeps the trace; an observation of another leaves no exemplar
};

/// Reads a `traceparent` field; nothing if it is not valid (level 1: version 00 exactly, later
/// versions by their beginning). Cost: about 30 ns.
std::optional<trace_context> parse_traceparent(std::string_view field) noexcept;

/// The digits of an id, lower-case; `out` has room for two for each byte. Returns their end.
char *write_hex(char *out, std::uint8_t const *bytes, std::size_t count) noexcept;

/// An exemplar in a snapshot.
struct exemplar {
  bool operator==(exemplar const &) const = default;

  std::size_t value_index = 0;  ///< the value of the snapshot that it explains: a bucket, a counter
  double observed = 0;
  std::int64_t timestamp_ms = 0;  ///< since 1970
  trace_context trace{};
};

namespace detail {

/// A slot for an exemplar: a line of cells of one shard.
namespace exemplar_cell {
inline constexpr std::size_t turn = 0;  // odd while the slot is being written
inline constexpr std::size_t generation = 1;
inline constexpr std::size_t value = 2;
inline constexpr std::size_t timestamp = 3;
inline constexpr std::size_t trace = 4;  // and the next
inline constexpr std::size_t span = 6;
}  // namespace exemplar_cell

/// Leaves an exemplar in a slot of the caller's own shard unless it has one of this generation.
void write_exemplar(cell *slot, std::uint64_t generation, double observed,
                    trace_context const &trace) noexcept;

/// Leaves an exemplar of this moment in a slot of the calling thread, unless it has one since the
/// last gather. None where the thread has no shard: the shared one has many writers, a slot allows
/// one.
void leave_exemplar(cell_offset slot, double observed, trace_context const &trace) noexcept;

/// What the slot has (its value_index is 0); nothing if it has none or is just being written.
std::optional<exemplar> read_exemplar(cell const *slot) noexcept;

}  // namespace detail
}  // namespace loopmeter::metrics
