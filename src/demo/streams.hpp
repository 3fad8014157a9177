// SPDX-License-Identifier: Apache-2.0
// The handlers that have content in pieces: of any size, in the memory of one piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/stream.hpp>
#include <loopmeter/server/task.hpp>

namespace demo {

/// `POST /echo`: the content, as it comes.
loopmeter::server::task<void> echo(loopmeter::server::exchange &x, loopmeter::server::stream &io);

/// `GET /stream?bytes=N&chunk=N&pause_ms=N`: so many octets (1 MiB), the alphabet again and again,
/// in pieces of so many (16 KiB), each so long after the one before (at once). 400 for values that
/// are out of bounds, or would take longer than stream_time_max.
loopmeter::server::task<void> stream(loopmeter::server::exchange &x, loopmeter::server::stream &io);

/// What a query asks of /stream.
struct stream_request {
  std::int64_t bytes = 1024 * 1024;
  std::int64_t chunk = 16 * 1024;
  std::int64_t pause_ms = 0;
};

inline constexpr std::int64_t stream_bytes_max = 1'000'000'000'000;
inline constexpr std::int64_t stream_chunk_max = 64 * 1024;
inline constexpr std::int64_t stream_pause_ms_max = 60'000;
inline constexpr std::int64_t stream_pauses_ms_max = 3'600'000;  ///< all together

/// Empty for a value that is out of bounds, or not a number.
std::optional<stream_request> parse_stream_request(std::string_view query);

/// `size` octets of the alphabet, from the place `from` of it.
std::string alphabet(std::int64_t from, std::int64_t size);

}  // namespace demo
