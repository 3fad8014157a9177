// SPDX-License-Identifier: Apache-2.0
// What somebody probably meant: labels that come nearest to a selector, and ports by their names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/selector.hpp>

namespace loopcheck {

struct near_labels {
  object const *of = nullptr;  ///< null: nothing comes near
  labels has;
  std::size_t unmet = 0;  ///< requirements
  bool likely = false;    ///< one is met, or fails by a typo or a key: this was meant
};

/// Of `candidates`, whose labels meet most of the requirements; the first one of equals. What meets
/// none, and has no such value under another key either, is not near, unless it is the only one.
near_labels nearest_labels(selector const &choice,
                           std::vector<std::pair<object const *, labels>> const &candidates);

/// Labels that say what something is, without those that change: versions, charts, hashes.
labels lasting(labels const &of);

/// {key: value} as a map, for patches.
value to_value(labels const &of);

/// "app=demo,tier=web".
std::string text(labels const &of);

/// A patch for matchLabels: keys that `has` lacks become null, those with another value its value;
/// where nothing of the selector fits, all lasting labels of `has`.
value match_labels_patch(selector const &choice, labels const &has);

/// A port as a Service or a container has it.
struct port_of {
  std::string name;
  std::int64_t number = 0;
  std::string field;
};
std::vector<port_of> service_ports(object const &service);
/// Declared by the containers of a Pod or of a workload's template, init containers included.
std::vector<port_of> container_ports(object const &pod_or_workload);
/// "http (8080), metrics (9090)".
std::string text(std::vector<port_of> const &of);

}  // namespace loopcheck
