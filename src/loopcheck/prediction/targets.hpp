// SPDX-License-Identifier: Apache-2.0
// Objects → the targets that each Prometheus will have, and their labels.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "discovery.hpp"
#include "scrape_job.hpp"

namespace loopcheck {

struct target {
  std::string pool;
  object_id monitor, prometheus, pod, service;
  /// Before relabelling, as Prometheus shows them: those of the discovery and those of the job.
  labels discovered() const;
  std::shared_ptr<labels const> found;    ///< by the discovery; shared with other jobs
  std::shared_ptr<labels const> of_job;   ///< job, __scheme__, …; shared by its targets
  labels final;                           ///< empty where dropped
  std::string url;                        ///< empty where dropped
  std::string interval, timeout;          ///< after relabelling
  std::optional<std::size_t> dropped_by;  ///< index into the job's relabel_rules
  std::string failure;                    ///< why Prometheus can make no target of what it kept
  std::optional<std::size_t> shard;       ///< empty: of each (__tmp_disable_sharding), or dropped

  bool active() const noexcept { return !dropped_by && failure.empty(); }
};

/// What one Prometheus object does with one monitor.
struct selection {
  bool selected = false;
  std::string field;               ///< of the Prometheus object: what decides
  std::string why_not;             ///< in words
  std::vector<std::string> unmet;  ///< "release=prometheus"
};

/// By serviceMonitorSelector and -NamespaceSelector, nil against {}, as the operator selects.
selection selected_by(object const &prometheus, object const &monitor, inventory const &all);

/// Of one job: labels as Prometheus populates and relabels them. Sharding drops none: each target
/// is on one shard. What Prometheus would scrape twice is there once. None for a job whose rules
/// Prometheus would not load.
std::vector<target> targets_of(scrape_job const &job, std::vector<discovered> const &found);

struct prediction {
  struct monitored {
    object_id monitor, prometheus;
    selection chosen;
    generation generated;
    /// For each job: how many targets of other Services or Pods its selector leaves aside.
    std::vector<std::size_t> left_aside;
  };
  /// Fields of Prometheus objects for which the operator writes no configuration.
  std::vector<rejection> invalid;
  std::vector<monitored> monitors;  ///< each monitor with each Prometheus object
  /// Of the selected ones whose pool loads: active, failed, and dropped by what is not the
  /// selector.
  std::vector<target> targets;
};

struct predict_options {
  version_number operator_version{0, 93, 0};
  /// Whose discovery to take, where it is not that of each Prometheus object's version.
  std::optional<version_number> discovery_version;
  bool all_dropped = false;  ///< also those that only the selector drops: there may be millions
};

/// `all` after derive() where it came from files.
prediction predict(inventory const &all, predict_options const &options);

}  // namespace loopcheck
