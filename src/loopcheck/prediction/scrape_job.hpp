// SPDX-License-Identifier: Apache-2.0
// The scrape configuration that the Prometheus Operator generates for one endpoint of a monitor.
// Source: prometheus-operator pkg/prometheus/promcfg.go and resource_selector.go, by version; its
// feature gates are off, as they are by default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "relabel.hpp"

namespace loopcheck {

enum class sd_role { endpoints, endpointslice, pod };
std::string_view text(sd_role of) noexcept;  ///< "endpoints", as in the configuration

/// Major, minor, patch of "v0.88.0", "3.8.1". Compares as numbers.
struct version_number {
  int major = 0, minor = 0, patch = 0;  ///< a pre-release is one patch before its version
  static std::optional<version_number> parse(std::string_view text);
  std::string text() const;
  auto operator<=>(version_number const &) const = default;
};

struct sd_selector {  ///< of selectorMechanism: RoleSelector
  std::string role;   ///< "service", "pod", …
  std::string label;
  std::string field;
};

/// What the section `global` gives to each job that does not say it itself.
struct scrape_global {
  std::string interval = "30s";  ///< the API server's default
  std::string timeout;           ///< empty: 10s, or the interval where that is less
  std::optional<std::int64_t> sample_limit, target_limit, label_limit, label_name_length_limit,
      label_value_length_limit, keep_dropped_targets;
  std::string body_size_limit;
  std::vector<std::string> scrape_protocols;
  std::optional<bool> scrape_native_histograms, scrape_classic_histograms,
      convert_classic_histograms_to_nhcb;
  label_scheme names = label_scheme::utf8;  ///< metric_name_validation_scheme
};

/// How targets are shared out, and by which rules. Source: the operator's feature gates as they are
/// by default, of Kubernetes before 1.35.
struct sharding {
  std::int64_t shards = 1;
  bool knows_inactive = false;     ///< since 0.92: a shard beyond them scrapes nothing
  std::vector<std::string> zones;  ///< since 0.92, by topology: shard i serves zone i modulo these
  /// What the hash of a target is taken by.
  std::int64_t modulus() const noexcept;
};

struct scrape_job {
  std::string name;  ///< "serviceMonitor/<ns>/<name>/<i>": Prometheus' scrape pool
  object_id monitor;
  object_id prometheus;
  std::size_t endpoint = 0;
  std::string endpoint_field;  ///< "spec.endpoints[0]"
  version_number prometheus_version;
  /// Whose discovery it is: the same, unless predict() is told otherwise.
  version_number discovery_version;
  scrape_global global;
  sharding shared_out;

  sd_role role = sd_role::endpoints;
  bool all_namespaces = false;
  std::vector<std::string> namespaces;  ///< where not all
  std::vector<sd_selector> selectors;
  bool attach_node = false;
  bool attach_namespace = false;  ///< the operator has no field for it yet
  value api_server;               ///< of the discovery, where it is not Prometheus' own cluster

  std::string interval, timeout;  ///< as configured; empty: Prometheus' global one
  std::string path = "/metrics";
  std::string scheme = "http";
  std::vector<std::pair<std::string, std::vector<std::string>>> params;
  bool honor_labels = false;
  std::optional<bool> honor_timestamps;
  std::vector<relabel_rule> relabel_rules, metric_relabel_rules;

  std::optional<std::int64_t> sample_limit, target_limit, label_limit, label_name_length_limit,
      label_value_length_limit, keep_dropped_targets;
  std::string body_size_limit;
  std::vector<std::string> scrape_protocols;
  std::string fallback_scrape_protocol;
  std::optional<bool> scrape_native_histograms, scrape_classic_histograms, enable_http2,
      follow_redirects, track_timestamps_staleness, convert_classic_histograms_to_nhcb;
  std::optional<std::int64_t> native_histogram_bucket_limit;
  std::string native_histogram_min_bucket_factor;
  /// Logins, TLS and proxy in Prometheus' words (basic_auth, tls_config, …), after scrape
  /// classes: a map. What a Secret holds is "<secret>".
  value authorization;
  /// Of the fields that have a default: is it written, even if as the default?
  struct {
    bool path = false, scheme = false, params = false, attach_metadata = false,
         scrape_protocols = false;
  } written;

  bool loads = true;  ///< false: Prometheus refuses the file that it stands in

  /// What counts after `global`, as Prometheus prints durations: "1m".
  std::string effective_interval() const;
  std::string effective_timeout() const;
};

/// Why a monitor is not scraped although it is selected, with the field.
struct rejection {
  std::string field;
  std::string why;
  /// True: the operator leaves the monitor out (Event InvalidConfiguration), and all else goes on.
  /// False: nobody refuses it but Prometheus, which then loads no configuration any more, for
  /// none of its monitors; or the operator, which then writes none (`of` says which object).
  bool loads = true;
  object_id of = {};  ///< whose field it is
};

struct generation {
  std::vector<scrape_job> jobs;  ///< none where one that `loads` rejects it
  std::vector<rejection> rejected;
  bool left_out() const noexcept;  ///< by the operator
};

/// spec.version of a Prometheus object, or what the operator of that version takes where it is
/// absent. No value where the operator could not read it.
std::optional<version_number> prometheus_version(object const &prometheus,
                                                 version_number const &operator_version);

/// The jobs of `monitor` (ServiceMonitor or PodMonitor) in the configuration of `prometheus`
/// (Prometheus or PrometheusAgent; the API server's defaults are filled in where absent), as the
/// operator of that version writes them. Does not ask whether it is selected: see selected_by.
generation scrape_jobs(object const &monitor, object const &prometheus, inventory const &all,
                       version_number const &operator_version);

}  // namespace loopcheck
