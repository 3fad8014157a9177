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
  /// What it is called by: the monitor, or the Service, workload or Pod that has none.
  object const &subject() const;
};

/// Which chains are looked at; empty: all of them.
struct focus {
  /// In which something of the chain lives, or which its monitor names.
  std::optional<std::string> space;
  std::vector<object_id> named;    ///< of which the chain has one; they exist
  std::optional<selector> wanted;  ///< labels of its monitor, of a Service or of a workload
  /// Where nothing else is there, every Service and workload is meant: so with files, which
  /// somebody chose.
  bool eager = true;
};

/// A chain for each monitor, and one for each Service that wants to be monitored (a port named
/// metrics, or nothing but it in the input) and that no monitor takes; one for each object that is
/// named and that no other chain has.
std::vector<chain> chains_of(inventory const &all, prediction const &predicted,
                             focus const &on = {});

/// The object to mend: what a derived Pod was derived from, else the Pod itself.
object const &origin_of(object const &pod, inventory const &all);

}  // namespace loopcheck
