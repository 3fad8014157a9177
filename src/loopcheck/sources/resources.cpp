// SPDX-License-Identifier: Apache-2.0
#include "resources.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>

namespace loopcheck {

namespace {

constexpr std::string_view core = "/api/v1";
constexpr std::string_view apps = "/apis/apps/v1";
constexpr std::string_view rbac = "/apis/rbac.authorization.k8s.io/v1";
constexpr std::string_view monitoring = "/apis/monitoring.coreos.com/v1";

constexpr std::size_t annotation_bytes_max = 1024;

// Args are kept of workloads alone: the operator's say which namespaces it watches.
constexpr std::string_view workload =
    "spec.replicas spec.selector spec.paused spec.serviceName "
    "spec.template.metadata.labels spec.template.metadata.annotations "
    "spec.template.spec.containers[].name spec.template.spec.containers[].image "
    "spec.template.spec.containers[].args spec.template.spec.containers[].ports "
    "spec.template.spec.initContainers[].name spec.template.spec.initContainers[].image "
    "spec.template.spec.initContainers[].ports spec.template.spec.initContainers[].restartPolicy "
    "spec.template.spec.serviceAccountName spec.template.spec.hostNetwork "
    "status.replicas status.readyReplicas status.availableReplicas status.updatedReplicas "
    "status.unavailableReplicas status.observedGeneration status.conditions "
    "status.desiredNumberScheduled status.currentNumberScheduled status.numberReady "
    "status.numberAvailable status.numberUnavailable";

constexpr std::string_view pod =
    "spec.containers[].name spec.containers[].image spec.containers[].ports "
    "spec.initContainers[].name spec.initContainers[].image spec.initContainers[].ports "
    "spec.initContainers[].restartPolicy spec.nodeName spec.hostNetwork spec.serviceAccountName "
    "spec.hostname spec.subdomain spec.restartPolicy spec.readinessGates "
    "status.phase status.reason status.message status.podIP status.podIPs status.hostIP "
    "status.startTime status.conditions "
    "status.containerStatuses[].name status.containerStatuses[].ready "
    "status.containerStatuses[].restartCount status.containerStatuses[].state "
    "status.containerStatuses[].lastState status.containerStatuses[].containerID "
    "status.initContainerStatuses[].name status.initContainerStatuses[].state "
    "status.initContainerStatuses[].containerID";

constexpr std::string_view job_template =
    "spec.template.metadata.labels spec.template.metadata.annotations "
    "spec.template.spec.containers[].name spec.template.spec.containers[].image "
    "spec.template.spec.containers[].ports spec.template.spec.initContainers[].name "
    "spec.template.spec.initContainers[].ports spec.template.spec.serviceAccountName "
    "spec.parallelism spec.completions spec.suspend spec.selector status";

constexpr std::string_view cron_template =
    "spec.schedule spec.suspend spec.jobTemplate.spec.template.metadata.labels "
    "spec.jobTemplate.spec.template.metadata.annotations "
    "spec.jobTemplate.spec.template.spec.containers[].name "
    "spec.jobTemplate.spec.template.spec.containers[].image "
    "spec.jobTemplate.spec.template.spec.containers[].ports status";

constexpr std::array rows{
    resource_row{"Namespace", core, "namespaces", reach::cluster, "status.phase"},
    resource_row{"Prometheus", monitoring, "prometheuses", reach::everywhere, "spec status"},
    resource_row{"PrometheusAgent", "/apis/monitoring.coreos.com/v1alpha1", "prometheusagents",
                 reach::everywhere, "spec status"},
    resource_row{"ServiceMonitor", monitoring, "servicemonitors", reach::everywhere, "spec status"},
    resource_row{"PodMonitor", monitoring, "podmonitors", reach::everywhere, "spec status"},
    resource_row{"PrometheusRule", monitoring, "prometheusrules", reach::everywhere, "spec status"},
    resource_row{"Pod", core, "pods", reach::scope, pod, {}, {}, true},
    resource_row{"Service", core, "services", reach::scope, "spec"},
    resource_row{"Endpoints", core, "endpoints", reach::scope, "subsets"},
    resource_row{"EndpointSlice", "/apis/discovery.k8s.io/v1", "endpointslices", reach::scope,
                 "addressType endpoints ports"},
    resource_row{"Deployment", apps, "deployments", reach::scope, workload},
    resource_row{"StatefulSet", apps, "statefulsets", reach::scope, workload, {}, {}, true},
    resource_row{"DaemonSet", apps, "daemonsets", reach::scope, workload},
    resource_row{"ReplicaSet", apps, "replicasets", reach::scope,
                 "spec.replicas spec.selector status.replicas status.readyReplicas "
                 "status.availableReplicas status.conditions"},
    resource_row{"Job", "/apis/batch/v1", "jobs", reach::scope, job_template},
    resource_row{"CronJob", "/apis/batch/v1", "cronjobs", reach::scope, cron_template},
    resource_row{"NetworkPolicy",
                 "/apis/networking.k8s.io/v1",
                 "networkpolicies",
                 reach::scope,
                 "spec",
                 {},
                 {},
                 true},
    resource_row{"ServiceAccount", core, "serviceaccounts", reach::scope, "", {}, {}, true},
    resource_row{"Role", rbac, "roles", reach::scope, "rules", {}, {}, true},
    resource_row{
        "RoleBinding", rbac, "rolebindings", reach::scope, "roleRef subjects", {}, {}, true},
    resource_row{"ClusterRole", rbac, "clusterroles", reach::cluster, "rules aggregationRule"},
    resource_row{"ClusterRoleBinding", rbac, "clusterrolebindings", reach::cluster,
                 "roleRef subjects"},
    resource_row{"ConfigMap", core, "configmaps", reach::scope, "data", "grafana_dashboard"},
    resource_row{"Event",
                 core,
                 "events",
                 reach::scope,
                 "involvedObject reason message type count firstTimestamp lastTimestamp eventTime "
                 "series reportingComponent",
                 {},
                 "reason=InvalidConfiguration",
                 true},
    resource_row{"Node", core, "nodes", reach::cluster, ""},
    resource_row{"CustomResourceDefinition", "/apis/apiextensions.k8s.io/v1",
                 "customresourcedefinitions", reach::cluster,
                 "spec.group spec.names spec.scope spec.versions[].name spec.versions[].served "
                 "spec.versions[].storage spec.versions[].schema"},
};

/// Paths as a tree. One without branches keeps all below.
struct kept_tree {
  std::map<std::string, kept_tree, std::less<>> branches;
};

void add_paths(kept_tree &to, std::string_view paths) {
  while (!paths.empty()) {
    auto const end = std::min(paths.find(' '), paths.size());
    auto one = paths.substr(0, end);
    paths.remove_prefix(std::min(end + 1, paths.size()));
    for (auto *at = &to; !one.empty();) {
      auto const dot = std::min(one.find('.'), one.size());
      auto key = one.substr(0, dot);
      if (key.ends_with("[]")) key.remove_suffix(2);  // a list says so itself
      at = &at->branches[std::string(key)];
      one.remove_prefix(std::min(dot + 1, one.size()));
    }
  }
}

kept_tree const &tree_of(resource_row const &row) {
  static auto const all = [] {
    std::map<std::string_view, kept_tree> result;
    for (resource_row const &each : rows) {
      auto &tree = result[each.kind];
      add_paths(tree,
                "metadata.name metadata.namespace metadata.uid metadata.labels "
                "metadata.annotations metadata.ownerReferences metadata.generation "
                "metadata.creationTimestamp metadata.deletionTimestamp");
      add_paths(tree, each.kept);
    }
    return result;
  }();
  return all.at(row.kind);
}

/// Depth is that of the tree of paths.
value kept(value &from, kept_tree const &tree) {
  if (tree.branches.empty()) return std::move(from);
  if (from.is_list()) {
    auto result = value::list();
    for (value &each : from.items_mutable())
      result.push(kept(each, tree));
    return result;
  }
  if (!from.is_map()) return std::move(from);
  auto result = value::map();
  for (auto const &[key, below] : tree.branches)
    if (auto *const found = from.find_mutable(key)) result.set(key, kept(*found, below));
  return result;
}

void drop_long_annotations(value &root) {
  auto *const metadata = root.find_mutable("metadata");
  auto *const annotations = metadata == nullptr ? nullptr : metadata->find_mutable("annotations");
  if (annotations == nullptr) return;
  auto left = value::map();
  for (auto const &[key, held, where] : annotations->entries())
    if (held.text().size() <= annotation_bytes_max &&
        key != "kubectl.kubernetes.io/last-applied-configuration")
      left.set(key, held);
  *annotations = std::move(left);
}

/// A schema's words for people are half of it. A property may be called description: that one is a
/// map. Depth is bounded by the parser's.
void drop_descriptions(value &schema) {
  if (auto const *words = schema.find("description"); words != nullptr && words->is_text())
    schema.erase("description");
  if (schema.is_list()) {
    for (value &each : schema.items_mutable())
      drop_descriptions(each);
    return;
  }
  std::vector<std::string> keys;
  for (auto const &each : schema.entries())
    if (each.held.is_map() || each.held.is_list()) keys.push_back(each.key);
  for (auto const &key : keys)
    drop_descriptions(*schema.find_mutable(key));
}

/// "/apis/apps/v1" → "apps/v1", "/api/v1" → "v1".
std::string version_of(std::string_view group) {
  group.remove_prefix(group.starts_with("/apis/") ? 6 : 5);
  return std::string(group);
}

}  // namespace

std::span<resource_row const> resources() noexcept {
  return rows;
}

resource_row const *find_resource(std::string_view kind) noexcept {
  auto const found = std::find_if(rows.begin(), rows.end(),
                                  [&](resource_row const &each) { return each.kind == kind; });
  return found == rows.end() ? nullptr : &*found;
}

object kept_object(value item, resource_row const &as) {
  object result;
  result.root = kept(item, tree_of(as));
  drop_long_annotations(result.root);
  if (as.kind == "CustomResourceDefinition") drop_descriptions(result.root);
  result.api_version = version_of(as.group);
  result.root.set("apiVersion", result.api_version);
  result.root.set("kind", std::string(as.kind));
  auto const &metadata = result.root["metadata"];
  result.id = {std::string(as.kind), metadata["namespace"].text_or(""),
               metadata["name"].text_or("")};
  return result;
}

}  // namespace loopcheck
