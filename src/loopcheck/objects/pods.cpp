// SPDX-License-Identifier: Apache-2.0
#include "pods.hpp"

#include <algorithm>
#include <array>

namespace loopcheck {
namespace {

constexpr std::array<std::string_view, 6> kinds = {"Deployment", "StatefulSet", "DaemonSet",
                                                   "ReplicaSet", "Job",         "CronJob"};

}  // namespace

std::span<std::string_view const> workload_kinds() noexcept {
  return kinds;
}

bool is_owned(object const &of) {
  auto const owners = of["metadata"]["ownerReferences"].items();
  return std::any_of(owners.begin(), owners.end(),
                     [](value const &each) { return each["controller"].boolean_or(false); });
}

value const &pod_template(object const &workload) {
  if (workload.id.kind == "CronJob") return workload.spec()["jobTemplate"]["spec"]["template"];
  return workload.spec()["template"];
}

labels template_labels(object const &workload) {
  return to_labels(pod_template(workload)["metadata"]["labels"]);
}

value const &pod_spec(object const &of) {
  return of.id.kind == "Pod" ? of.spec() : pod_template(of)["spec"];
}

std::string pod_spec_field(object const &of) {
  if (of.id.kind == "Pod") return "spec";
  if (of.id.kind == "CronJob") return "spec.jobTemplate.spec.template.spec";
  return "spec.template.spec";
}

bool is_operator(value const &container) {
  auto const image = container["image"].text();
  return image.find("prometheus-operator") != std::string_view::npos &&
         image.find("reloader") == std::string_view::npos;
}

bool is_ready(object const &pod) {
  auto const conditions = pod["status"]["conditions"].items();
  return std::any_of(conditions.begin(), conditions.end(), [](value const &each) {
    return each["type"].text() == "Ready" && each["status"].text() == "True";
  });
}

bool runs(object const &pod, object const &prometheus) {
  auto const &has = pod["metadata"]["labels"];
  auto const name = prometheus.id.kind == "PrometheusAgent" ? "prometheus-agent" : "prometheus";
  return pod.id.space == prometheus.id.space &&
         has["operator.prometheus.io/name"].text() == prometheus.id.name &&
         has["app.kubernetes.io/name"].text() == name;
}

}  // namespace loopcheck
