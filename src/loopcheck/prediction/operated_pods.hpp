// SPDX-License-Identifier: Apache-2.0
// The Pods that the Operator runs for its own objects: Services and monitors of Prometheus and
// Alertmanager themselves lead to them.
#pragma once

#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

/// One for each Prometheus, PrometheusAgent, Alertmanager and ThanosRuler that comes from a file:
/// the first replica of the first shard, with the labels and ports that the Operator gives it.
std::vector<object> operated_pods(inventory const &all);

/// A Pod made of that object, running and ready, at "<name>.invalid".
object running_pod(object const &of, std::string const &name, value metadata, value spec);

}  // namespace loopcheck
