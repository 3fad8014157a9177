// SPDX-License-Identifier: Apache-2.0
// Every bound of the server, in one place, with its unit. limit_table.hpp has them as rows: flags,
// help, documents and the metric of those that strike. docs/limits.md has the memory they allow.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <loopmeter/http/body.hpp>
#include <loopmeter/http/head.hpp>

namespace loopmeter::server {

struct limits {
  http::head_limits head;
  http::body_limits body;
  /// In place of body.body_bytes_max for what a streaming handler reads, which is never held.
  std::uint64_t streamed_body_bytes_max = std::uint64_t{1} << 40U;

  /// No request under way: the connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};
  /// From the first octet of a request to the end of its head: 408.
  std::chrono::milliseconds head_timeout{10'000};
  /// From the end of the head to the end of the body: 408.
  std::chrono::milliseconds body_timeout{30'000};
  /// Octets a second that a body must bring, on average, once the grace is over: 408. 0: any pace.
  std::uint32_t body_bytes_per_second_min = 1024;
  std::chrono::milliseconds body_grace{5'000};
  /// The peer takes nothing of an answer: the connection is cut.
  std::chrono::milliseconds write_stall_timeout{30'000};
  /// After our FIN: how long, and how much, we read and throw away so that the peer can read our
  /// last answer instead of a reset.
  std::chrono::milliseconds linger_timeout{2'000};
  std::size_t linger_bytes_max = 256 * 1024;

  /// Requests answered, reads included, before other connections of the worker get their turn.
  unsigned pipelined_requests_max = 64;
  /// Then `Connection: close`.
  std::uint32_t requests_per_connection_max = 10'000;

  /// Open connections, of all workers together. 0: as many as descriptors allow; a server has the
  /// number that it computed.
  std::size_t connections_max = 0;
  /// Connections beyond these that are accepted all the same, for probes and scrapes: on them, the
  /// service's routes answer 503. Each worker has its part, rounded up.
  std::size_t connections_reserved = 32;
  /// No request under way, or no whole head, on a connection of the reserve: it is closed.
  std::chrono::milliseconds reserved_timeout{1'000};

  /// Requests whose handler waits, for each worker: 503 beyond. Probes and scrapes do not count.
  std::size_t waiting_requests_max = 16'384;
  /// Content of requests held in memory, for each worker: what would exceed it is answered 503.
  std::size_t held_body_bytes_max = std::size_t{64} << 20U;
  /// Output held for readers that are slow, for each worker: beyond, the connection whose reader
  /// has taken nothing for the longest is cut.
  std::size_t unsent_bytes_max = std::size_t{64} << 20U;

  /// Length of the accept queue (bounded by net.core.somaxconn).
  std::uint32_t listen_backlog = 4096;
  /// Connections accepted in a row before the worker looks at the others.
  unsigned accepts_per_wake_max = 64;
  /// After the kernel refused a descriptor or memory: pause before the next accept.
  std::chrono::milliseconds accept_backoff{100};

  /// What was sent is not acknowledged, or a peer does not answer: the kernel ends the connection
  /// (TCP_USER_TIMEOUT). Longer than a write stall, which is told apart by the metrics.
  std::chrono::milliseconds user_timeout{60'000};
  /// Silence before the kernel asks whether a peer is still there, and between such questions.
  std::chrono::milliseconds keepalive_idle{60'000};
  std::chrono::milliseconds keepalive_interval{10'000};

  /// From the end of the head: when a body of which so much has come is too slow.
  std::chrono::milliseconds body_time_at(std::uint64_t octets) const noexcept {
    if (body_bytes_per_second_min == 0) return std::chrono::milliseconds::max();
    auto const earned = octets * 1000 / body_bytes_per_second_min;
    return body_grace + std::chrono::milliseconds(static_cast<std::int64_t>(earned));
  }
  /// The same for a body that is held as a whole, which has an absolute end besides.
  std::chrono::milliseconds whole_body_time_at(std::uint64_t octets) const noexcept {
    return std::min(body_timeout, body_time_at(octets));
  }
};

}  // namespace loopmeter::server
