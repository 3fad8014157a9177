// SPDX-License-Identifier: Apache-2.0
// Link 4: a Prometheus object selects the monitor, and somebody acts on it.
#include <algorithm>
#include <string>

#include <loopcheck/objects/pods.hpp>

#include "links.hpp"
#include "mend.hpp"
#include "near_miss.hpp"

namespace loopcheck {
namespace {

std::string selector_field(chain const &of) {
  return of.of_pods() ? "spec.podMonitorSelector" : "spec.serviceMonitorSelector";
}

std::string space_selector_field(chain const &of) {
  return of.of_pods() ? "spec.podMonitorNamespaceSelector" : "spec.serviceMonitorNamespaceSelector";
}

value const &spec_of(object const &prometheus, std::string_view field) {
  return prometheus.spec()[field.substr(std::string_view("spec.").size())];
}

bool is_unmanaged(object const &prometheus) {
  for (auto const *const key :
       {"serviceMonitorSelector", "podMonitorSelector", "probeSelector", "scrapeConfigSelector"}) {
    if (!prometheus.spec()[key].is_null()) return false;
  }
  return true;
}

finding nil_selector(chain const &of, object const &prometheus) {
  auto const field = selector_field(of);
  auto made = make_finding(is_unmanaged(prometheus) ? "LC0405" : "LC0404", prometheus, field);
  made.found = "nil: selects none";
  made.expected = "{} for all, or labels";
  made.fix = "write " + field.substr(5) + ": {}";
  if (is_unmanaged(prometheus)) {  // whoever writes its Secret by hand would lose that
    made.fix += ", if the Operator is to write its configuration";
    return made;
  }
  made.change =
      patch{prometheus.id, value::map({{"spec", value::map({{field.substr(5), value::map()}})}})};
  return made;
}

finding other_labels(chain const &of, object const &prometheus, selector const &wanted) {
  auto made = make_finding("LC0402", *of.monitor, "metadata.labels");
  auto const unmet = wanted.unmet(of.monitor->label_map());
  made.found = text(of.monitor->label_map());
  made.expected = wanted.text() + " (" + selector_field(of) + " of " + prometheus.id.text() + ")";
  std::string missing;
  for (auto const &each : unmet)
    missing += (missing.empty() ? "" : ", ") + text(each);
  made.fix = "give the monitor: " + missing;
  made.change =
      patch{of.monitor->id,
            value::map({{"metadata", value::map({{"labels", labels_that_meet(unmet)}})}})};
  return made;
}

finding other_namespace(chain const &of, object const &prometheus, inventory const &all) {
  auto const field = space_selector_field(of);
  auto const &written = spec_of(prometheus, field);
  auto made = make_finding("LC0403", *of.monitor, "metadata.namespace");
  made.found = "namespace " + of.monitor->id.space + " (" +
               text(all.namespace_labels(of.monitor->id.space)) + ")";
  if (written.is_null()) {
    made.expected = "namespace " + prometheus.id.space + ": " + field + " of " +
                    prometheus.id.text() + " is nil, which means its own";
    made.fix = "write " + field.substr(5) + ": {} in the Prometheus object, or move the monitor";
    made.change =
        patch{prometheus.id, value::map({{"spec", value::map({{field.substr(5), value::map()}})}})};
    return made;
  }
  auto const wanted = selector::from(written);
  made.expected = wanted.text() + " (" + field + " of " + prometheus.id.text() + ")";
  auto const unmet = wanted.unmet(all.namespace_labels(of.monitor->id.space));
  // The label of its name cannot be changed, and one that is there may be there for others.
  bool const by_label = std::all_of(unmet.begin(), unmet.end(), [](auto const &each) {
    using op = selector::requirement::op;
    return each.key != "kubernetes.io/metadata.name" &&
           (each.how == op::in || each.how == op::exists);
  });
  made.fix = by_label ? "label the Namespace so" : "move the monitor, or widen the selector";
  if (!by_label) return made;
  made.change =
      patch{{"Namespace", "", of.monitor->id.space},
            value::map({{"metadata", value::map({{"labels", labels_that_meet(unmet)}})}})};
  return made;
}

finding not_selected(chain const &of, prediction::monitored const &seen, inventory const &all) {
  auto const &prometheus = *all.find(seen.prometheus);
  auto const &written = spec_of(prometheus, selector_field(of));
  try {
    if (written.is_null()) return nil_selector(of, prometheus);
    auto const wanted = selector::from(written);
    if (!wanted.matches(of.monitor->label_map())) return other_labels(of, prometheus, wanted);
    return other_namespace(of, prometheus, all);
  } catch (selector_error const &e) {
    auto made = make_finding("LC0404", prometheus, seen.chosen.field);
    made.found = e.what();
    made.expected = "a label selector";
    made.fix = "correct it";
    return made;
  }
}

void check_runs(object const &prometheus, context const &known, findings &made) {
  if (prometheus.spec()["paused"].boolean_or(false)) {
    auto found = make_finding("LC0406", prometheus, "spec.paused");
    found.found = "paused: true";
    found.expected = "paused: false";
    found.fix = "write paused: false";
    found.change =
        patch{prometheus.id, value::map({{"spec", value::map({{"paused", value(false)}})}})};
    made.push_back(std::move(found));
  }
  if (!known.live || known.all.known("Pod") != inventory::knowledge::complete) return;
  std::size_t pods = 0;
  for (auto const &pod : known.all.of_kind("Pod")) {
    if (!runs(pod, prometheus)) continue;
    ++pods;
    if (is_ready(pod)) return;
  }
  auto found = make_finding("LC0407", prometheus, "");
  found.found = pods == 0 ? "no Pod" : std::to_string(pods) + " Pods, none ready";
  found.expected = "a ready Pod";
  found.fix = "kubectl -n " + prometheus.id.space +
              " get statefulset,pod -l operator.prometheus.io/name=" + prometheus.id.name;
  made.push_back(std::move(found));
}

// "--namespaces=a,b" → true where it names `space`.
bool names(std::string_view argument, std::string_view flag, std::string_view space, bool &given) {
  if (!argument.starts_with(flag)) return false;
  given = true;
  auto list = argument.substr(flag.size());
  while (!list.empty()) {
    auto const one = list.substr(0, list.find(','));
    if (one == space) return true;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return false;
}

// Whether an Operator that runs as `container` acts on monitors there.
bool watches(value const &container, std::string_view space) {
  bool only = false, named = false, given = false, denied = false;
  for (auto const *const list : {"command", "args"}) {
    for (auto const &each : container[list].items()) {
      for (std::string_view const flag : {"--namespaces=", "-namespaces="}) {
        if (each.text() != flag) named |= names(each.text(), flag, space, only);
      }
      denied |= names(each.text(), "--deny-namespaces=", space, given);
    }
  }
  return (!only || named) && !denied;
}

finding not_watched(chain const &of, object const &by) {
  auto made = make_finding("LC0409", *of.monitor, "metadata.namespace");
  made.found = "namespace " + of.monitor->id.space;
  made.expected =
      "a namespace that " + by.id.text() + " watches: see its --namespaces and --deny-namespaces";
  made.fix = "change the flags, or move the monitor";
  return made;
}

// What it has written last is older than what is wanted: nobody follows.
bool is_behind(object const &prometheus) {
  auto const wanted = prometheus["metadata"]["generation"].integer();
  for (auto const &each : prometheus["status"]["conditions"].items()) {
    auto const done = each["observedGeneration"].integer();
    if (each["type"].text() == "Reconciled" && wanted && done && *done < *wanted) return true;
  }
  return false;
}

void check_operator(chain const &of, context const &known, findings &made) {
  if (!known.live || known.all.known("Pod") != inventory::knowledge::complete) return;
  std::size_t there = 0, ready = 0;
  for (auto const &pod : known.all.of_kind("Pod")) {
    for (auto const &container : pod.spec()["containers"].items()) {
      if (!is_operator(container)) continue;
      ++there;
      ready += is_ready(pod) ? 1 : 0;
    }
  }
  object const *blind = nullptr;
  bool watched = false;
  for (auto const &each : known.all.of_kind("Deployment")) {
    for (auto const &container : pod_spec(each)["containers"].items()) {
      if (!is_operator(container)) continue;
      ++there;
      watched = watched || watches(container, of.monitor->id.space);
      blind = &each;
    }
  }
  if (!watched && blind != nullptr) made.push_back(not_watched(of, *blind));
  if (ready > 0) return;
  // It may run where we did not look, or under a name that we do not know.
  auto const selecting = of.selecting();
  bool const behind = std::any_of(selecting.begin(), selecting.end(), [&](auto const *each) {
    return is_behind(*known.all.find(each->prometheus));
  });
  if (there == 0 && !behind) return;
  auto found = make_finding("LC0408", *of.monitor, "");
  found.found = "no ready Pod with an image prometheus-operator";
  found.expected = "one";
  found.fix = "kubectl get deployments,pods -A -l app.kubernetes.io/name=prometheus-operator";
  made.push_back(std::move(found));
}

}  // namespace

findings check_prometheus(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) return made;
  if (of.seen_by.empty()) {
    auto found = make_finding("LC0401", *of.monitor, "");
    for (auto const *const kind : {"Prometheus", "PrometheusAgent"}) {
      auto const how = known.all.known(kind);
      if (!known.live || how == inventory::knowledge::forbidden) {
        found.severity = severity::undecided;
        found.found = known.all.why_unknown(kind);
      }
    }
    if (found.found.empty()) found.found = "none";
    found.expected = "a Prometheus object";
    found.fix = "give it by --prometheus";
    made.push_back(std::move(found));
    return made;
  }
  auto const selecting = of.selecting();
  for (auto const *const seen : of.seen_by) {
    if (seen->chosen.selected) continue;
    auto found = not_selected(of, *seen, known.all);
    if (!selecting.empty()) {
      found.code = "LC0411";
      found.severity = severity::info;
      found.change.reset();
      found.fix = "nothing, if that is meant";
    }
    made.push_back(std::move(found));
  }
  for (auto const *const seen : selecting)
    check_runs(*known.all.find(seen->prometheus), known, made);
  if (!selecting.empty()) check_operator(of, known, made);
  return made;
}

}  // namespace loopcheck
