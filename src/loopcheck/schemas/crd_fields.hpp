// SPDX-License-Identifier: Apache-2.0
// Which fields a CRD of the Operator knows: by version, from a table of its releases, or from the
// CRDs themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/scrape_job.hpp>

namespace loopcheck {

struct unknown_field {
  std::string field;               ///< "spec.endpoints[0].prot"
  std::string nearest;             ///< "port"; empty: nothing is near
  std::optional<int> first_minor;  ///< the field exists from 0.N on
};

/// Of ServiceMonitors and PodMonitors. Immutable, thread-safe.
class crd_fields {
 public:
  /// By the table. Versions before 0.60 count as 0.60.
  static crd_fields of_version(version_number const &operator_version);
  /// From the CustomResourceDefinitions among the objects, where they have both kinds; nothing
  /// otherwise.
  static std::optional<crd_fields> of_objects(inventory const &all);

  /// Fields below spec that the CRD does not know, outermost ones only. Empty for other kinds.
  std::vector<unknown_field> unknown(object const &monitor) const;

  /// "the CRDs of 0.88", "the CRD in crds.yaml".
  std::string const &name() const noexcept { return name_; }

 private:
  std::vector<std::string> known_;  // "ServiceMonitor spec.endpoints[].port", sorted
  std::string name_;

  void walk(value const &at, std::string const &pattern, std::string const &field,
            std::vector<unknown_field> &found) const;
  bool knows(std::string const &pattern) const;
};

}  // namespace loopcheck
