// SPDX-License-Identifier: Apache-2.0
// What the running Prometheus servers say, to be laid beside what was predicted.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "cluster.hpp"
#include "collect.hpp"
#include "prometheus_api.hpp"

namespace loopcheck {

struct observed_server {
  std::string name;           ///< "pod monitoring/prometheus-k8s-0", or its URL
  std::string version;        ///< empty: not told
  bool agent = false;         ///< it answers no queries
  bool told_samples = false;  ///< it said what it keeps of its targets
  std::optional<bool> reload_successful;
  std::optional<std::set<std::string>> pools;  ///< of the running configuration
};

/// All servers of one Prometheus object: its shards and replicas.
struct observed_prometheus {
  object_id id;
  std::optional<std::set<std::string>> generated;  ///< pools that the operator has written
  std::string why_not_generated;
  std::vector<observed_server> servers;   ///< that answered at least something
  std::vector<std::string> not_answered;  ///< "prometheus-k8s-1: not ready", a line each
  std::optional<merged_targets> targets;  ///< of the pools that were asked for
  /// Of `up`, when it was last written, in Unix seconds, and how many samples the last scrape left
  /// in the end; by the target's labels. Nothing: no server answered.
  std::optional<std::map<labels, double>> up_at_s, samples_kept;
};

/// One expression, asked of all servers.
struct observed_query {
  std::size_t series = 0;       ///< that it gives now
  std::optional<double> age_s;  ///< of the newest sample, up to an hour, of the oldest selector
  std::string error;            ///< of the first server that did not answer; empty: all did
};

struct observation {
  std::vector<observed_prometheus> each;
  std::map<std::string, observed_query, std::less<>> queries;  ///< by expression
  std::optional<std::set<std::string>> metric_names;           ///< that have samples

  observed_prometheus const *of(object_id const &prometheus) const noexcept;
};

/// One Prometheus object, and of what it is asked.
struct observe_subject {
  object const *prometheus = nullptr;
  std::set<std::string> pools;  ///< of the monitors that are checked
  std::set<std::string> jobs;   ///< values of the label `job` of their targets
};

struct observe_options {
  std::optional<url> at;  ///< instead of the Pods, through the API server
  prometheus_login login;
  std::chrono::milliseconds timeout{10'000};
  std::size_t parallel = 4;  ///< servers at a time
  /// Each with its selectors, as instant vectors: "up{job=\"x\"}".
  std::map<std::string, std::vector<std::string>> expressions;
};

/// A server that does not answer is a line in not_answered. With a URL, which of several Prometheus
/// objects is there is told by its external label `prometheus`; where it tells nothing, or another
/// one: throws input_error. What does not show its configuration there (Thanos) is no Prometheus.
///
/// Cost: some ten requests for each server, three more for each selector of an expression.
observation observe(cluster &through, collected const &from,
                    std::vector<observe_subject> const &subjects, observe_options const &options);

}  // namespace loopcheck
