// SPDX-License-Identifier: Apache-2.0
// THE table of what is read from a cluster: where each kind is listed, and what of an object is
// kept. All else (managedFields, env, volumes, most of status) is dropped as soon as its page is
// parsed, so that memory follows what is checked and not what the cluster holds.
#pragma once

#include <span>
#include <string_view>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

/// Where a kind's objects are needed.
enum class reach {
  scope,       ///< in the namespaces that are checked, and in those that take part in the chain
  everywhere,  ///< in all namespaces, since any of them may select what is checked
  cluster,     ///< it has no namespace
};

struct resource_row {
  std::string_view kind;
  std::string_view group;     ///< "/api/v1", "/apis/apps/v1"
  std::string_view resource;  ///< "pods"
  loopcheck::reach reach;
  /// Paths beside metadata, separated by spaces. "a.b" keeps b of a, "a[].b" b of each of a's
  /// items; what stands last is kept whole.
  std::string_view kept;
  std::string_view label_selector = {}, field_selector = {};
  bool of_servers = false;  ///< of interest in the namespaces in which Prometheus runs, too
};

std::span<resource_row const> resources() noexcept;
resource_row const *find_resource(std::string_view kind) noexcept;

/// An item of a list → an object, with what its row keeps. Of metadata: name, namespace, uid,
/// labels, annotations up to 1 KiB each (kubectl's last-applied never), ownerReferences,
/// generation, creationTimestamp, deletionTimestamp. A list's items need not name their kind.
object kept_object(value item, resource_row const &as);

}  // namespace loopcheck
