// SPDX-License-Identifier: Apache-2.0
// The server's own metrics with nothing in them. The linker takes these instead of the library's
// request_metrics.cpp: what is left is the same server that counts nothing.
#include <loopmeter/server/request_metrics.hpp>

namespace loopmeter::server {

request_metrics::request_metrics(metrics::registry &, std::string_view, route_table const &) {}

accounting request_metrics::record(std::size_t, http::method, std::uint16_t,
                                   std::chrono::nanoseconds, metrics::trace_context const *,
                                   accounting unknown) const noexcept {
  return unknown;
}

connection_metrics::connection_metrics(metrics::registry &) {}

}  // namespace loopmeter::server
