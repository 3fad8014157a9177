// SPDX-License-Identifier: Apache-2.0
#include "beyond_input.hpp"

#include <algorithm>

#include <loopcheck/objects/pods.hpp>

namespace loopcheck {
namespace {

// Of an API that Kubernetes does not have itself. The Operator's own Pods are derived.
bool is_custom(object const &of) {
  auto const group = std::string_view(of.api_version).substr(0, of.api_version.find('/'));
  return group.find('.') != std::string_view::npos && !group.ends_with(".k8s.io") &&
         group != "monitoring.coreos.com";
}

}  // namespace

std::string beyond_input(inventory const &all, near_labels const &near, bool any_candidate,
                         std::function<bool(std::string_view)> const &in_namespace) {
  auto const there = [&](object const &each) { return in_namespace(each.id.space); };
  auto const kinds = workload_kinds();
  bool const runs = std::any_of(kinds.begin(), kinds.end(), [&](auto const kind) {
    auto const every = all.of_kind(kind);
    return std::any_of(every.begin(), every.end(), there);
  });
  if (!runs && !(any_candidate && near.likely)) return "the input has none";
  if (near.likely) return {};
  for (auto const &kind : all.kinds()) {
    for (auto const &each : all.of_kind(kind)) {
      if (is_custom(each) && there(each))
        return "the operator of " + each.id.text() + " may make it";
    }
  }
  return {};
}

}  // namespace loopcheck
