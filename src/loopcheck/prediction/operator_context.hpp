// SPDX-License-Identifier: Apache-2.0
// What the parts of the generator share: one monitor, one Prometheus object, and the versions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scrape_job.hpp"

namespace loopcheck {

struct operator_context {
  object const &monitor;
  object const &prometheus;
  inventory const &all;
  version_number operator_version;
  version_number version;     ///< of Prometheus
  value const &scrape_class;  ///< null where there is none
  sharding shared_out;

  value const &spec() const { return monitor.spec(); }
  value const &prometheus_spec() const { return prometheus.spec(); }
  bool of_services() const { return monitor.id.kind == "ServiceMonitor"; }
  std::string_view endpoints_key() const {
    return of_services() ? "endpoints" : "podMetricsEndpoints";
  }
  std::string endpoint_field(std::size_t index) const {
    return "spec." + std::string(endpoints_key()) + "[" + std::to_string(index) + "]";
  }
  /// A field that an older Prometheus does not know is left out of its configuration.
  bool since(int major, int minor, int patch = 0) const {
    return version >= version_number{major, minor, patch};
  }
  /// The scheme by which the operator checks, which knows the version only.
  label_scheme names() const { return since(3, 0) ? label_scheme::utf8 : label_scheme::legacy; }
};

using rejections = std::vector<rejection>;

constexpr std::string_view sharding_origin = "the operator: sharding";

/// A value of the manifest that is there and not null.
inline bool is_set(value const &of) {
  return !of.is_null();
}
inline bool refers(value const &secret_or_config_map) {
  return is_set(secret_or_config_map["secret"]) || is_set(secret_or_config_map["configMap"]);
}
inline std::optional<bool> optional_bool(value const &of) {
  return of.is_boolean() ? std::optional(of.boolean_or(false)) : std::nullopt;
}

// monitor_checks.cpp
void check_monitor(operator_context const &of, rejections &found);
/// What concerns all monitors of the Prometheus object: then it gets no configuration at all.
void check_prometheus(object const &prometheus, version_number const &operator_version,
                      std::optional<version_number> const &version, rejections &found);
/// What the operator takes and Prometheus does not load.
void check_loading(scrape_job const &job, rejections &found);

// http_client.cpp: logins, TLS and proxy.
value http_client(operator_context const &of, value const &endpoint);
value api_server(operator_context const &of);

// http_checks.cpp
void check_http_client(operator_context const &of, value const &endpoint, std::string const &field,
                       rejections &found);
std::string why_not_tls(value const &tls, bool with_files);
void check_http_loading(value const &client, std::string const &field, rejections &found);

// operator_rules.cpp
relabel_rule written_rule(value const &from, std::string origin);
std::string why_operator_refuses(relabel_rule const &of, value const &written,
                                 version_number const &prometheus,
                                 version_number const &operator_version);
std::vector<relabel_rule> target_rules(operator_context const &of, value const &endpoint,
                                       std::size_t index, sd_role role);
std::vector<relabel_rule> metric_rules(operator_context const &of, value const &endpoint,
                                       std::size_t index);

}  // namespace loopcheck
