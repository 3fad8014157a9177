// SPDX-License-Identifier: Apache-2.0
// The families of a server, and the one place that counts a finished request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <loopmeter/http/method.hpp>
#include <loopmeter/http/status.hpp>
#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/limit_table.hpp>
#include <loopmeter/server/route.hpp>

namespace loopmeter::server {

/// A value of the label `path`: a route's pattern, or `other`.
struct path_label {
  std::uint16_t index = 0;
};
constexpr std::size_t label_index(path_label path) noexcept {
  return path.index;
}

/// A value of the label `code`.
struct code_label {
  std::uint16_t status = http::status_min;
};
constexpr std::size_t label_index(code_label code) noexcept {
  return static_cast<std::size_t>(code.status - http::status_min);
}

/// Requests of all resources: `<service>_http_requests_total{path,method,code}` and
/// `<service>_http_request_duration_seconds{path,method}`, and the same under `loopmeter_` for
/// internal resources. Thread-safe; recording costs some 10 ns and allocates nothing.
class request_metrics {
 public:
  /// Throws metrics::registration_error.
  request_metrics(metrics::registry &registry, std::string_view service, route_table const &table);

  /// `resource` is an index of the table, or route_table::not_found, which is counted as `unknown`
  /// says. A sampled `trace` becomes an exemplar of the service's requests and durations. Returns
  /// whose families counted it.
  accounting record(std::size_t resource, http::method method, std::uint16_t status,
                    std::chrono::nanoseconds duration,
                    metrics::trace_context const *trace = nullptr,
                    accounting unknown = accounting::service) const noexcept;

 private:
  struct families {
    metrics::counter_family<path_label, http::method, code_label> requests;
    metrics::histogram_family<path_label, http::method> durations;
  };
  struct place {
    accounting counted;
    path_label path;
  };

  families register_families(metrics::registry &registry, std::string_view prefix,
                             accounting counted, route_table const &table);

  std::vector<place> places_;  // one a resource, then `other` of each kind
  families service_;
  families internal_;
};

/// What the server says of its connections and of itself.
struct connection_metrics {
  enum class accept_error : std::uint8_t { descriptors, memory, aborted, other };

  explicit connection_metrics(metrics::registry &registry);

  metrics::level open;
  metrics::counter accepted;
  metrics::counter_family<accept_error> accept_errors;
  metrics::counter handler_exceptions;
  metrics::counter cut;
  metrics::counter_family<limit> limit_hits;
  metrics::gauge max;
};

}  // namespace loopmeter::server
