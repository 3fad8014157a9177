// SPDX-License-Identifier: Apache-2.0
#include "target_groups.hpp"

#include <set>

namespace loopcheck {

std::vector<std::string> target_groups::namespaces(scrape_job const &job) const {
  auto const found = job.all_namespaces
                         ? all_.namespaces()
                         : std::set<std::string>(job.namespaces.begin(), job.namespaces.end());
  return {found.begin(), found.end()};
}

target_groups::of_namespace &target_groups::in(scrape_job const &job, std::string const &space) {
  std::string selectors;
  for (auto const &one : job.selectors) {
    selectors += one.role + "=" + one.label + ";";
  }
  // Where Pods of other namespaces may be pointed at, the groups differ.
  selectors += job.all_namespaces ? "*" : "";
  auto const [found, fresh] =
      known_.try_emplace(key(job.role, job.attach_node, job.discovery_version, selectors, space));
  if (fresh) {
    found->second.groups = groups_in(job, space, all_);
    for (auto const &one : found->second.groups) {
      found->second.targets += one.targets->size();
    }
  }
  return found->second;
}

std::vector<std::size_t> const &target_groups::of_namespace::with(std::string const &label,
                                                                  std::string const &text) {
  auto const [found, fresh] = by_label_.try_emplace(label);
  if (fresh) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      auto const &all = groups[i].targets->front().all;
      if (auto const held = all.find(label); held != all.end()) {
        found->second[held->second].push_back(i);
      }
    }
  }
  static std::vector<std::size_t> const none;
  auto const listed = found->second.find(text);
  return listed == found->second.end() ? none : listed->second;
}

std::vector<discovered> discover(scrape_job const &job, inventory const &all) {
  std::vector<discovered> result;
  for (auto const &space : target_groups(all).namespaces(job)) {
    for (auto const &group : groups_in(job, space, all)) {
      result.insert(result.end(), group.targets->begin(), group.targets->end());
    }
  }
  return result;
}

}  // namespace loopcheck
