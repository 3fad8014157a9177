// SPDX-License-Identifier: Apache-2.0
// Every bound of the server, in one place, with its unit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <loopmeter/http/body.hpp>
#include <loopmeter/http/head.hpp>

namespace loopmeter::server {

struct limits {
  http::head_limits head;
  http::body_limits body;

  /// No request under way: the connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};
  /// From the first octet of a request to the end of its head: 408.
  std::chrono::milliseconds head_timeout{10'000};
  /// From the end of the head to the end of the body: 408.
  std::chrono::milliseconds body_timeout{30'000};
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

  /// Length of the accept queue (bounded by net.core.somaxconn).
  int listen_backlog = 4096;
  /// Connections accepted in a row before the worker looks at the others.
  unsigned accepts_per_wake_max = 64;
  /// After the kernel refused a descriptor or memory: pause before the next accept.
  std::chrono::milliseconds accept_backoff{100};
};

}  // namespace loopmeter::server
