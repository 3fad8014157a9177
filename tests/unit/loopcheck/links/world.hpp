// SPDX-License-Identifier: Apache-2.0
// A cluster in which all is well, for tests that change what is seen of it.
#pragma once

#include <loopcheck/links/links.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <string>

#include <loopcheck/prediction/targets.hpp>

#include "../prediction/manifests.hpp"

namespace loopcheck::test {

inline constexpr char const *objects = R"(
kind: Deployment
metadata: {name: demo, namespace: demo}
spec:
  template:
    metadata: {labels: {app: demo}}
    spec: {containers: [{name: main, ports: [{name: http, containerPort: 8080}]}]}
---
kind: Service
metadata: {name: demo, namespace: demo, labels: {app: demo}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: http}]}
---
kind: ServiceMonitor
metadata: {name: m, namespace: demo}
spec: {selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics}]}
---
kind: Prometheus
metadata: {name: k8s, namespace: monitoring}
spec: {serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}
---
kind: Pod
metadata:
  name: prometheus-k8s-0
  namespace: monitoring
  labels: {app.kubernetes.io/name: prometheus, operator.prometheus.io/name: k8s}
status: {conditions: [{type: Ready, status: "True"}]}
---
kind: Pod
metadata: {name: operator, namespace: monitoring}
spec: {containers: [{image: "prometheus-operator:v0.93.0"}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
kind: ClusterRole
metadata: {name: p}
rules:
- {apiGroups: ["", discovery.k8s.io], resources: ["*"], verbs: [get, list, watch]}
---
kind: ClusterRoleBinding
metadata: {name: p}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: p}
subjects: [{kind: ServiceAccount, name: default, namespace: monitoring}]
)";

inline std::string const pool = "serviceMonitor/demo/m/0";

/// A cluster in which all is well, until a test changes what is seen.
struct world {
  inventory all;
  prediction predicted;
  std::vector<chain> chains;
  observation seen;
  query_sources queries;

  explicit world(std::string const &more = "",
                 std::function<void(inventory &)> const &change = nullptr) {
    all = manifests(objects + more);
    derive(all);
    for (auto const *const kind :
         {"Pod", "Service", "ServiceMonitor", "PodMonitor", "Prometheus", "PrometheusAgent",
          "Endpoints", "EndpointSlice", "Namespace", "Role", "RoleBinding", "ClusterRole",
          "ClusterRoleBinding", "NetworkPolicy", "Secret", "ConfigMap", "ServiceAccount"})
      all.set_known(kind, inventory::knowledge::complete);
    if (change) change(all);
    predicted = predict(all, {});
    focus on;
    on.eager = false;
    chains = chains_of(all, predicted, on);
    auto &one = seen.each.emplace_back();
    one.id = {"Prometheus", "monitoring", "k8s"};
    one.generated.emplace(std::set<std::string>{pool});
    one.servers.push_back({"pod monitoring/prometheus-k8s-0", "3.5.0", false, true, true,
                           std::set<std::string>{pool}});
    live_targets up;
    one.up_at_s.emplace();
    one.samples_kept.emplace();
    for (auto const &each : predicted.targets) {
      if (!each.active()) continue;
      live_target made;
      made.server = one.servers.front().name;
      made.pool = each.pool;
      made.final = each.final;
      made.url = each.url;
      made.health = "up";
      up.active.push_back(made);
      (*one.up_at_s)[each.final] = 1e9;
      (*one.samples_kept)[each.final] = 100;
    }
    one.targets = merge({up});
  }

  observed_prometheus &prometheus() { return seen.each.front(); }
  live_target &target() { return prometheus().targets->active.front().worst; }

  verdict checked() const {
    context known(all, predicted);
    known.live = true;
    known.observed = &seen;
    known.queries = queries;
    return check(chains, known);
  }
  /// Codes of what breaks or cannot be decided.
  std::string codes() const {
    std::string made;
    for (auto const &each : checked().all) {
      if (each.severity == severity::error) made += each.code + " ";
      if (each.severity == severity::undecided) made += each.code + "? ";
    }
    return made;
  }
  finding found(std::string const &code) const {
    for (auto const &each : checked().all)
      if (each.code == code) return each;
    BOOST_FAIL("no " + code + " in " + codes());
    return {};
  }
};

}  // namespace loopcheck::test
