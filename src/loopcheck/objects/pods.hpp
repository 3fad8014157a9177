// SPDX-License-Identifier: Apache-2.0
// Pods and what makes them, as everybody here needs to see them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "object.hpp"

namespace loopcheck {

/// Kinds that make Pods.
std::span<std::string_view const> workload_kinds() noexcept;

/// A ReplicaSet of a Deployment, a Job of a CronJob: the owner's business.
bool is_owned(object const &of);

/// What a workload makes its Pods from; null where it is not there.
value const &pod_template(object const &workload);
labels template_labels(object const &workload);

/// Of a Pod, or of a workload's template; and where that stands: "spec.template.spec", "spec".
value const &pod_spec(object const &workload_or_pod);
std::string pod_spec_field(object const &workload_or_pod);

/// A container of the Prometheus Operator itself, by its image; not of its reloaders.
bool is_operator(value const &container);

/// The condition Ready is True.
bool is_ready(object const &pod);

/// One of the Pods that the Operator runs for this Prometheus or PrometheusAgent.
bool runs(object const &pod, object const &prometheus);

}  // namespace loopcheck
