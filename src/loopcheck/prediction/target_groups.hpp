// SPDX-License-Identifier: Apache-2.0
// Target groups of Prometheus' Kubernetes discovery: what one Pod, Endpoints or EndpointSlice
// object gives. Kept once for all jobs that look at the same objects in the same way.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "discovery.hpp"

namespace loopcheck {

struct target_group {
  /// Their labels of the Service (or of the Pod) are the same. Shared, as each target of each job
  /// keeps its labels.
  std::shared_ptr<std::vector<discovered> const> targets;
};

class target_groups {
 public:
  explicit target_groups(inventory const &all) : all_(all) {}

  /// Groups of the objects in one namespace, in the inventory's order.
  struct of_namespace {
    std::vector<target_group> groups;
    std::size_t targets = 0;
    /// Groups whose targets have this text as this label; made when first asked for.
    std::vector<std::size_t> const &with(std::string const &label, std::string const &text);

   private:
    using index = std::unordered_map<std::string, std::vector<std::size_t>>;
    std::map<std::string, index, std::less<>> by_label_;
  };
  of_namespace &in(scrape_job const &job, std::string const &space);

  /// Namespaces that the job looks at, each once.
  std::vector<std::string> namespaces(scrape_job const &job) const;

 private:
  using key = std::tuple<sd_role, bool, version_number, std::string, std::string>;
  inventory const &all_;
  std::map<key, of_namespace> known_;
};

/// Without caching.
std::vector<target_group> groups_in(scrape_job const &job, std::string const &space,
                                    inventory const &all);

}  // namespace loopcheck
