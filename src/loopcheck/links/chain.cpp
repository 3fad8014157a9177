// SPDX-License-Identifier: Apache-2.0
#include "chain.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <loopcheck/objects/pods.hpp>

#include "label_index.hpp"

namespace loopcheck {
namespace {

struct neighbours {
  inventory const &all;
  label_index services, pods, workloads;
  std::set<std::string> spaces;

  explicit neighbours(inventory const &known) : all(known), spaces(known.namespaces()) {
    for (auto const &each : all.of_kind("Service"))
      services.add(each, each.label_map());
    for (auto const &each : all.of_kind("Pod"))
      pods.add(each, each.label_map());
    for (auto const kind : workload_kinds()) {
      for (auto const &each : all.of_kind(kind)) {
        if (!is_owned(each)) workloads.add(each, template_labels(each));
      }
    }
  }
};

void append(std::vector<object const *> &to, std::vector<object const *> const &more) {
  for (auto const *const each : more) {
    if (std::find(to.begin(), to.end(), each) == to.end()) to.push_back(each);
  }
}

void add_pods(chain &to, neighbours const &near, selector const &choice, std::string_view space) {
  append(to.pods, near.pods.matching(choice, space));
  append(to.workloads, near.workloads.matching(choice, space));
}

void add_service(chain &to, neighbours const &near, object const &service) {
  to.services.push_back(&service);
  try {
    add_pods(to, near, selector::from_map(service.spec()["selector"]), service.id.space);
  } catch (selector_error const &) {  // of no Pods, then
  }
}

chain chain_of(object const &monitor, neighbours const &near) {
  chain made;
  made.monitor = &monitor;
  auto const &where = monitor.spec()["namespaceSelector"];
  made.any_namespace = where["any"].boolean_or(false);
  for (auto const &each : where["matchNames"].items())
    made.namespaces.emplace_back(each.text());
  if (made.namespaces.empty()) made.namespaces.push_back(monitor.id.space);
  try {
    made.choice = selector::from(monitor.spec()["selector"]);
  } catch (selector_error const &e) {
    made.choice_error = e.what();
    return made;
  }
  for (auto const &space : near.spaces) {
    if (!made.looks_into(space)) continue;
    if (made.of_pods()) {
      add_pods(made, near, *made.choice, space);
      continue;
    }
    for (auto const *const service : near.services.matching(*made.choice, space)) {
      add_service(made, near, *service);
    }
  }
  return made;
}

void add_predictions(std::vector<chain> &to, prediction const &predicted) {
  std::map<object_id, chain *> of_monitor;
  for (auto &each : to)
    of_monitor.emplace(each.monitor->id, &each);
  for (auto const &seen : predicted.monitors) {
    if (auto const at = of_monitor.find(seen.monitor); at != of_monitor.end()) {
      at->second->seen_by.push_back(&seen);
    }
  }
  for (auto const &found : predicted.targets) {
    if (auto const at = of_monitor.find(found.monitor); at != of_monitor.end()) {
      at->second->targets.push_back(&found);
    }
  }
}

bool wants_a_monitor(object const &service) {
  auto const ports = service.spec()["ports"].items();
  return std::any_of(ports.begin(), ports.end(), [](value const &port) {
    auto const name = port["name"].text();
    return name == "metrics" || name == "http-metrics" || name == "https-metrics";
  });
}

}  // namespace

object const &origin_of(object const &pod, inventory const &all) {
  auto const *const origin = all.find(pod.derived_from);
  return origin == nullptr ? pod : *origin;
}

bool chain::looks_into(std::string_view space) const {
  return any_namespace ||
         std::find(namespaces.begin(), namespaces.end(), space) != namespaces.end();
}

std::string chain::endpoints_field() const {
  return of_pods() ? "spec.podMetricsEndpoints" : "spec.endpoints";
}

std::span<value const> chain::endpoints() const {
  if (monitor == nullptr) return {};
  return monitor->spec()[of_pods() ? "podMetricsEndpoints" : "endpoints"].items();
}

std::vector<prediction::monitored const *> chain::selecting() const {
  std::vector<prediction::monitored const *> made;
  std::copy_if(seen_by.begin(), seen_by.end(), std::back_inserter(made),
               [](auto const *each) { return each->chosen.selected; });
  return made;
}

std::vector<chain> chains_of(inventory const &all, prediction const &predicted) {
  neighbours const near(all);
  std::vector<chain> made;
  std::set<object const *> taken_services, taken_pods;
  for (auto const *const kind : {"ServiceMonitor", "PodMonitor"}) {
    for (auto const &monitor : all.of_kind(kind)) {
      auto &added = made.emplace_back(chain_of(monitor, near));
      taken_services.insert(added.services.begin(), added.services.end());
      taken_pods.insert(added.pods.begin(), added.pods.end());
    }
  }
  add_predictions(made, predicted);
  // A monitor that misses its Services is one mistake, not one more for each Service.
  bool const one_misses = std::any_of(made.begin(), made.end(), [](chain const &each) {
    return each.services.empty() && each.pods.empty();
  });
  if (one_misses) return made;
  bool const nothing_else = made.empty();
  for (auto const &service : all.of_kind("Service")) {
    if (taken_services.contains(&service)) continue;
    if (!nothing_else && !wants_a_monitor(service)) continue;
    chain lone;
    add_service(lone, near, service);
    bool const by_pod_monitor = std::any_of(lone.pods.begin(), lone.pods.end(),
                                            [&](auto *pod) { return taken_pods.contains(pod); });
    if (!by_pod_monitor) made.push_back(std::move(lone));
  }
  if (made.empty()) {
    for (auto const kind : workload_kinds()) {
      for (auto const &workload : all.of_kind(kind)) {
        if (is_owned(workload)) continue;
        chain lone;
        lone.workloads.push_back(&workload);
        made.push_back(std::move(lone));
      }
    }
  }
  return made;
}

}  // namespace loopcheck
