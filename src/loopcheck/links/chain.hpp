// SPDX-License-Identifier: Apache-2.0
// One chain: a monitor with all that it leads to, or a Service or workload that no monitor takes.
// The links look at it, each at its own part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/selector.hpp>
#include <loopcheck/prediction/targets.hpp>

namespace loopcheck {

struct chain {
  object const *monitor = nullptr;  ///< null: nobody monitors the Services or workloads below
  bool any_namespace = false;
  std::vector<std::string> namespaces;  ///< that the monitor looks into, where not any
  std::optional<selector> choice;       ///< the monitor's; none where it is malformed
  std::string choice_error;

  std::vector<object const *> services;   ///< that the choice matches, as Kubernetes would match
  std::vector<object const *> workloads;  ///< whose Pods the Services or the choice would match
  std::vector<object const *> pods;       ///< that they do match

  std::vector<prediction::monitored const *> seen_by;  ///< each Prometheus object
  std::vector<target const *> targets;                 ///< predicted, with the dropped ones

  bool of_pods() const { return monitor != nullptr && monitor->id.kind == "PodMonitor"; }
  bool looks_into(std::string_view space) const;
  /// "spec.endpoints" or "spec.podMetricsEndpoints".
  std::string endpoints_field() const;
  std::span<value const> endpoints() const;
  /// Prometheus objects that select it.
  std::vector<prediction::monitored const *> selecting() const;
};

/// A chain for each monitor, and one for each Service that wants to be monitored (a port named
/// metrics, or nothing but it in the input) and that no monitor takes.
std::vector<chain> chains_of(inventory const &all, prediction const &predicted);

/// The object to mend: what a derived Pod was derived from, else the Pod itself.
object const &origin_of(object const &pod, inventory const &all);

}  // namespace loopcheck
