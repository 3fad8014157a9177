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

bool has(std::vector<object const *> const &objects, auto const &holds) {
  return std::any_of(objects.begin(), objects.end(),
                     [&](auto const *each) { return holds(*each); });
}

bool has(chain const &of, auto const &holds) {
  return (of.monitor != nullptr && holds(*of.monitor)) || has(of.services, holds) ||
         has(of.workloads, holds) || has(of.pods, holds);
}

bool is_in(focus const &on, chain const &of) {
  if (on.space && !has(of, [&](object const &each) { return each.id.space == *on.space; })) {
    bool const names_it = of.monitor != nullptr && !of.any_namespace && of.looks_into(*on.space);
    if (!names_it) return false;
  }
  auto const is_named = [&](object const &each) {
    return std::find(on.named.begin(), on.named.end(), each.id) != on.named.end();
  };
  if (!on.named.empty() && !has(of, is_named)) return false;
  return !on.wanted ||
         has(of, [&](object const &each) { return on.wanted->matches(each.label_map()); });
}

// A Service with its Pods; a workload or a Pod with the Services that lead to it, or alone.
chain lone_chain(object const &of, neighbours const &near) {
  chain made;
  if (of.id.kind == "Service") {
    add_service(made, near, of);
    return made;
  }
  bool const is_pod = of.id.kind == "Pod";
  auto const has = is_pod ? of.label_map() : template_labels(of);
  for (auto const &service : near.all.of_kind("Service")) {
    if (service.id.space != of.id.space || service.spec()["selector"].size() == 0) continue;
    try {
      if (selector::from_map(service.spec()["selector"]).matches(has))
        add_service(made, near, service);
    } catch (selector_error const &) {  // leads nowhere
    }
  }
  append(is_pod ? made.pods : made.workloads, {&of});
  return made;
}

void add_named(std::vector<chain> &to, focus const &on, neighbours const &near) {
  for (auto const &id : on.named) {
    auto const is_it = [&](object const &each) { return each.id == id; };
    if (std::any_of(to.begin(), to.end(), [&](chain const &each) { return has(each, is_it); }))
      continue;
    if (auto const *const named = near.all.find(id)) to.push_back(lone_chain(*named, near));
  }
}

// Services that want a monitor, and no chain has.
void add_forgotten(std::vector<chain> &to, focus const &on, neighbours const &near,
                   std::set<object const *> const &taken) {
  auto const services = near.all.of_kind("Service");
  bool const nothing_else =
      on.eager && to.empty() && std::none_of(services.begin(), services.end(), wants_a_monitor);
  // A monitor that misses its Services is one mistake, not one more for each Service there.
  std::vector<chain> missing;
  for (auto const &each : to)
    if (each.services.empty() && each.pods.empty() && each.workloads.empty())
      missing.push_back(each);
  for (auto const &service : services) {
    if (taken.contains(&service)) continue;
    auto const is_meant = [&](chain const &each) {
      return each.looks_into(service.id.space) ||
             (each.choice && each.choice->matches(service.label_map()));
    };
    if (std::any_of(missing.begin(), missing.end(), is_meant)) continue;
    if (!nothing_else && !wants_a_monitor(service)) continue;
    auto lone = lone_chain(service, near);
    if (is_in(on, lone) && !has(lone.pods, [&](auto const &pod) { return taken.contains(&pod); }))
      to.push_back(std::move(lone));
  }
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

object const &chain::subject() const {
  if (monitor != nullptr) return *monitor;
  if (!services.empty()) return *services.front();
  return workloads.empty() ? *pods.front() : *workloads.front();
}

std::vector<chain> chains_of(inventory const &all, prediction const &predicted, focus const &on) {
  neighbours const near(all);
  std::vector<chain> made;
  std::set<object const *> taken;
  for (auto const *const kind : {"ServiceMonitor", "PodMonitor"}) {
    for (auto const &monitor : all.of_kind(kind)) {
      auto added = chain_of(monitor, near);
      taken.insert(added.services.begin(), added.services.end());
      taken.insert(added.pods.begin(), added.pods.end());
      if (is_in(on, added)) made.push_back(std::move(added));
    }
  }
  add_predictions(made, predicted);
  add_named(made, on, near);
  if (!on.named.empty()) return made;
  add_forgotten(made, on, near, taken);
  if (!made.empty() || !on.eager) return made;
  for (auto const kind : workload_kinds()) {
    for (auto const &workload : all.of_kind(kind)) {
      if (is_owned(workload)) continue;
      chain lone;
      lone.workloads.push_back(&workload);
      if (is_in(on, lone)) made.push_back(std::move(lone));
    }
  }
  return made;
}

}  // namespace loopcheck
