// SPDX-License-Identifier: Apache-2.0
// Link 1: Pods are wanted, exist and are ready; their ports are ones that Kubernetes takes.
#include <algorithm>
#include <map>
#include <string>

#include <loopcheck/objects/pods.hpp>

#include "links.hpp"

namespace loopcheck {
namespace {

// RFC 6335, section 5.1, in lower case; as the API server checks it.
bool is_port_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.size() <= 15 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
             std::string_view::npos &&
         name.find_first_of(letters) != std::string_view::npos && name.front() != '-' &&
         name.back() != '-' && name.find("--") == std::string_view::npos;
}

bool wants_none(object const &workload, std::string &field) {
  if (workload.id.kind == "Job" || workload.id.kind == "CronJob") {
    field = "spec.suspend";
    return workload.spec()["suspend"].boolean_or(false);
  }
  field = "spec.replicas";
  return workload.spec()["replicas"].integer() == 0;
}

// A job between its runs, a DaemonSet without a node to run on: no Pod is what was asked for.
bool rests(object const &workload) {
  if (workload.id.kind == "Job" || workload.id.kind == "CronJob") return true;
  return workload.id.kind == "DaemonSet" &&
         workload["status"]["desiredNumberScheduled"].integer() == 0;
}

value at_path(std::vector<std::string> const &keys, value leaf) {
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    leaf = value::map({{*key, std::move(leaf)}});
  }
  return leaf;
}

void check_wanted(chain const &of, context const &known, findings &made) {
  if (!of.pods.empty()) return;
  for (auto const *const workload : of.workloads) {
    std::string field;
    if (wants_none(*workload, field)) {
      auto found = make_finding("LC0101", *workload, field);
      bool const suspended = field == "spec.suspend";
      found.found = suspended ? "suspend: true" : "replicas: 0";
      found.expected = suspended ? "suspend: false" : "replicas: 1 or more";
      found.fix = suspended ? "let it run" : "scale it up";
      found.change =
          patch{workload->id, suspended ? at_path({"spec", "suspend"}, value(false))
                                        : at_path({"spec", "replicas"}, value(std::int64_t{1}))};
      made.push_back(std::move(found));
    } else if (known.live && !rests(*workload)) {
      auto found = make_finding("LC0102", *workload, "");
      found.found = "no Pod with the labels of its template";
      found.expected = "Pods";
      found.fix = "kubectl -n " + workload->id.space + " describe " + workload->id.kind + " " +
                  workload->id.name + ", and its Events";
      made.push_back(std::move(found));
    }
  }
}

// Why a Pod that is there does not serve: its containers' own words, or its condition's.
std::string trouble_of(object const &pod) {
  auto const &status = pod["status"];
  for (auto const *const list : {"initContainerStatuses", "containerStatuses"}) {
    for (auto const &container : status[list].items()) {
      for (auto const *const state : {"waiting", "terminated"}) {
        auto const reason = container["state"][state]["reason"].text();
        if (reason.empty() || reason == "Completed") continue;
        return std::string(container["name"].text()).append(": ").append(reason);
      }
    }
  }
  for (auto const &condition : status["conditions"].items()) {
    if (condition["status"].text() == "True" || condition["message"].text().empty()) continue;
    return std::string(condition["type"].text()).append(": ").append(condition["message"].text());
  }
  return "phase " + status["phase"].text_or("unknown");
}

// A Pod of a manifest has no conditions: nothing speaks against it.
bool waits(object const &pod) {
  auto const &status = pod["status"];
  if (status["conditions"].size() == 0) return status["phase"].text() == "Pending";
  return !is_ready(pod);
}

void check_ready(chain const &of, findings &made) {
  std::vector<object const *> waiting;
  std::size_t alive = 0;
  for (auto const *const pod : of.pods) {
    auto const phase = pod->root["status"]["phase"].text();
    if (phase == "Succeeded" || phase == "Failed") continue;
    ++alive;
    if (waits(*pod)) waiting.push_back(pod);
  }
  if (waiting.empty()) return;
  bool const none = waiting.size() == alive;
  auto found = make_finding(none ? "LC0103" : "LC0107", *waiting.front(), "status.conditions");
  found.found = std::to_string(waiting.size()) + " of " + std::to_string(alive) +
                " Pods not ready; " + trouble_of(*waiting.front());
  found.expected = "Ready";
  found.fix =
      "kubectl -n " + waiting.front()->id.space + " describe pod " + waiting.front()->id.name;
  made.push_back(std::move(found));
}

void check_port(object const &on, std::string const &field, value const &port,
                std::map<std::string, std::string, std::less<>> &names, findings &made) {
  auto const name = port["name"].text();
  if (port.has("name") && !is_port_name(name)) {
    auto found = make_finding("LC0104", on, field + ".name");
    found.found = "name: " + std::string(name) + " (" + std::to_string(name.size()) + " octets)";
    found.expected = "at most 15 of a-z, 0-9 and single dashes, one of them a letter";
    found.fix = "rename it, here and where it is used";
    made.push_back(std::move(found));
  }
  auto const number = port["containerPort"].integer();
  if (!number || *number < 1 || *number > 65535) {
    auto found = make_finding("LC0105", on, field + ".containerPort");
    found.found = "containerPort: " + port["containerPort"].text_or("nothing");
    found.expected = "1 to 65535";
    found.fix = "write the port that the program listens on";
    made.push_back(std::move(found));
  }
  if (name.empty()) return;
  auto const [first, fresh] = names.try_emplace(std::string(name), field);
  if (fresh) return;
  auto found = make_finding("LC0106", on, field + ".name");
  found.found = "name: " + std::string(name) + ", as in " + first->second;
  found.expected = "a name of its own";
  found.fix = "rename one of the two";
  made.push_back(std::move(found));
}

void check_ports(object const &on, findings &made) {
  std::map<std::string, std::string, std::less<>> names;
  for (auto const *const list : {"initContainers", "containers"}) {
    std::size_t container = 0;
    for (auto const &each : pod_spec(on)[list].items()) {
      std::size_t port = 0;
      for (auto const &declared : each["ports"].items()) {
        check_port(on,
                   pod_spec_field(on) + "." + list + "[" + std::to_string(container) + "].ports[" +
                       std::to_string(port++) + "]",
                   declared, names, made);
      }
      ++container;
    }
  }
}

void check_own_selector(object const &workload, findings &made) {
  auto const &written = workload.spec()["selector"];
  if (workload.id.kind == "Job" || workload.id.kind == "CronJob" || written.is_null()) return;
  auto const has = template_labels(workload);
  try {
    auto const unmet = selector::from(written).unmet(has);
    if (unmet.empty()) return;
    auto found = make_finding("LC0108", workload, "spec.selector");
    found.found = "the template's labels do not meet " + text(unmet.front());
    found.expected = "labels of spec.template.metadata.labels";
    found.fix = "write the same labels in both";
    made.push_back(std::move(found));
  } catch (selector_error const &e) {
    auto found = make_finding("LC0108", workload, "spec.selector");
    found.found = e.what();
    found.expected = "a selector that the API server takes";
    found.fix = "correct it";
    made.push_back(std::move(found));
  }
}

}  // namespace

findings check_workload(chain const &of, context const &known) {
  findings made;
  check_wanted(of, known, made);
  check_ready(of, made);
  for (auto const *const workload : of.workloads) {
    check_ports(*workload, made);
    check_own_selector(*workload, made);
  }
  for (auto const *const pod : of.pods) {
    if (of.workloads.empty()) check_ports(origin_of(*pod, known.all), made);
  }
  return made;
}

}  // namespace loopcheck
