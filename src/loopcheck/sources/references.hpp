// SPDX-License-Identifier: Apache-2.0
// The Secrets and ConfigMaps that monitors name: a key that is not there makes the operator reject
// the monitor. Pure.
#pragma once

#include <set>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

/// Ids of kind Secret and ConfigMap in the monitor's namespace, from the spec of a ServiceMonitor
/// or PodMonitor: `{name, key}` under one of the operator's field names for them.
std::set<object_id> referred_to(object const &monitor);

}  // namespace loopcheck
