// SPDX-License-Identifier: Apache-2.0
// Source: makeSelectorLabels and the makers of StatefulSets in the Operator's pkg/prometheus,
// pkg/alertmanager and pkg/thanos.
#include "operated_pods.hpp"

#include <array>
#include <string_view>

namespace loopcheck {
namespace {

struct operated {
  std::string_view kind;
  std::string_view prefix;  ///< of the StatefulSet's name
  std::string_view name;    ///< app.kubernetes.io/name
  std::string_view label;   ///< whose value is the object's name; empty: none
  std::string_view container;
  std::int64_t port;
};

constexpr std::array<operated, 4> kinds = {{
    {"Prometheus", "prometheus-", "prometheus", "prometheus", "prometheus", 9090},
    {"PrometheusAgent", "prom-agent-", "prometheus-agent", "", "prometheus", 9090},
    {"Alertmanager", "alertmanager-", "alertmanager", "alertmanager", "alertmanager", 9093},
    {"ThanosRuler", "thanos-ruler-", "thanos-ruler", "thanos-ruler", "thanos-ruler", 10902},
}};

value port(std::string name, std::int64_t number, char const *protocol = "TCP") {
  return value::map({{"name", std::move(name)}, {"containerPort", number}, {"protocol", protocol}});
}

value container(std::string_view name, value ports) {
  return value::map({{"name", std::string(name)}, {"ports", std::move(ports)}});
}

value labels_for(operated const &as, object const &of) {
  auto made = of.spec()["podMetadata"]["labels"];
  if (!made.is_map()) made = value::map();
  auto const version = of.spec()["version"].text();
  if (!version.empty() && !made.has("app.kubernetes.io/version")) {
    made.set("app.kubernetes.io/version",
             std::string(version.substr(version.starts_with('v') ? 1 : 0)));
  }
  made.set("app.kubernetes.io/instance", of.id.name);
  made.set("app.kubernetes.io/managed-by", "prometheus-operator");
  made.set("app.kubernetes.io/name", std::string(as.name));
  if (!as.label.empty()) made.set(std::string(as.label), of.id.name);
  if (as.container == "prometheus") {
    made.set("operator.prometheus.io/name", of.id.name);
    made.set("operator.prometheus.io/shard", "0");
  }
  return made;
}

value containers_for(operated const &as, object const &of) {
  auto const &spec = of.spec();
  auto own = value::list();
  if (!spec["listenLocal"].boolean_or(false)) {
    own.push(port(spec["portName"].text_or("web"), as.port));
  }
  if (as.kind == "Alertmanager") {
    own.push(port("mesh-tcp", 9094));
    own.push(port("mesh-udp", 9094, "UDP"));
  }
  if (as.kind == "ThanosRuler") own.push(port("grpc", 10901));
  auto made =
      value::list({container(as.container, std::move(own)),
                   container("config-reloader", value::list({port("reloader-web", 8080)}))});
  if (as.kind == "Prometheus" && spec["thanos"].is_map()) {
    made.push(container("thanos-sidecar", value::list({port("http", 10902), port("grpc", 10901)})));
  }
  for (auto const &added : spec["containers"].items()) {
    bool merged = false;
    for (auto &each : made.items_mutable()) {
      if (each["name"].text() != added["name"].text()) continue;
      merged = true;
      for (auto const &more : added["ports"].items())
        each.find_mutable("ports")->push(more);
    }
    if (!merged) made.push(added);
  }
  return made;
}

object pod_for(operated const &as, object const &of) {
  auto spec = value::map({{"containers", containers_for(as, of)}});
  for (auto const *const each : {"hostNetwork", "serviceAccountName"}) {
    if (of.spec().has(each)) spec.set(each, of.spec()[each]);
  }
  return running_pod(of, std::string(as.prefix) + of.id.name + "-0",
                     value::map({{"labels", labels_for(as, of)}}), std::move(spec));
}

}  // namespace

object running_pod(object const &of, std::string const &name, value metadata, value spec) {
  metadata.set("name", name);
  metadata.set("namespace", of.id.space);
  auto status = value::map({{"phase", "Running"}, {"podIP", name + ".invalid"}});
  status.set("conditions", value::list({value::map({{"type", "Ready"}, {"status", "True"}})}));
  object made;
  made.id = {"Pod", of.id.space, name};
  made.api_version = "v1";
  made.derived_from = of.id;
  made.file = of.file;
  made.root = value::map({{"apiVersion", "v1"}, {"kind", "Pod"}});
  made.root.set("metadata", std::move(metadata));
  made.root.set("spec", std::move(spec));
  made.root.set("status", std::move(status));
  made.root.set_where(of.root.where());
  return made;
}

std::vector<object> operated_pods(inventory const &all) {
  std::vector<object> made;
  for (auto const &as : kinds) {
    for (auto const &of : all.of_kind(as.kind)) {
      // What stands in for an object that is not in the input runs nowhere.
      if (of.file.empty() || of.spec()["replicas"].integer().value_or(1) < 1) continue;
      made.push_back(pod_for(as, of));
    }
  }
  return made;
}

}  // namespace loopcheck
