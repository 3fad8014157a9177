// SPDX-License-Identifier: Apache-2.0
// THE table of limits: a row for each number of limits.hpp, from which come the flags of a service,
// their help, docs/limits.md, and the label of `loopmeter_http_limit_hits_total`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/base/setting.hpp>
#include <loopmeter/server/limits.hpp>

namespace loopmeter::server {

/// The rows, in the order of the table.
enum class limit : std::uint8_t {
  request_line_bytes,
  head_bytes,
  head_lines,
  body_bytes,
  streamed_body_bytes,
  chunk_extension_bytes,
  trailer_bytes,
  idle_timeout,
  head_timeout,
  body_timeout,
  body_rate,
  body_grace,
  write_stall_timeout,
  linger_timeout,
  linger_bytes,
  pipelined_requests,
  requests_per_connection,
  max_connections,
  reserved_connections,
  reserved_timeout,
  waiting_requests,
  held_body_bytes,
  unsent_bytes,
  backlog,
  accepts_per_wake,
  accept_backoff,
  user_timeout,
  keepalive_idle,
  keepalive_interval,
};

struct limit_row {
  limit which;
  setting<limits> number;
  /// What a client sees when it strikes; empty where there is nothing to count.
  std::string_view strikes;
};

std::span<limit_row const> limit_table() noexcept;

/// "head_bytes": the flag behind its dot, as a label value.
std::string label_of(limit_row const &row);

/// The label values, in the order of the enum.
std::vector<std::string> limit_labels();

/// What of a message was too much.
limit limit_of(http::bound exceeded) noexcept;

}  // namespace loopmeter::server
