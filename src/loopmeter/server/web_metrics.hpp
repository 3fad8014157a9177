// SPDX-License-Identifier: Apache-2.0
// What is counted of a web configuration: registered only where there is one.
#pragma once

#include <cstddef>
#include <cstdint>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/web/tls_stream.hpp>

namespace loopmeter::web {

constexpr std::size_t label_index(tls_version version) noexcept {
  return static_cast<std::size_t>(version);
}

}  // namespace loopmeter::web

namespace loopmeter::server {

/// Of a password that had to be hashed. `overload`: too many were waiting.
enum class login_outcome : std::uint8_t { accepted, refused, overload };
constexpr std::size_t label_index(login_outcome outcome) noexcept {
  return static_cast<std::size_t>(outcome);
}

/// Thread-safe.
struct web_metrics {
  /// Throws metrics::registration_error.
  explicit web_metrics(metrics::registry &registry);

  metrics::gauge reload_successful;
  metrics::gauge reload_success_time;
  metrics::gauge certificate_expiry;
  metrics::counter_family<web::tls_version> handshakes;
  metrics::counter_family<web::tls_failure> handshake_failures;
  metrics::counter truncations;
  metrics::counter_family<login_outcome> logins;
};

}  // namespace loopmeter::server
