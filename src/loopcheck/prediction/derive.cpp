// SPDX-License-Identifier: Apache-2.0
// What a control plane makes of manifests: Pods of workloads, Endpoints and EndpointSlices of
// Services. What only a cluster can know is an obvious placeholder: the address of a derived Pod is
// "<its name>.invalid" (a name that RFC 6761 keeps from ever resolving).
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <loopcheck/objects/pods.hpp>

#include "discovery.hpp"
#include "operated_pods.hpp"

namespace loopcheck {

namespace {

std::string text_of(value const &of) {
  return std::string(of.text());
}

value number(std::int64_t of) {
  return value::number(std::to_string(of));
}

/// Shaped as the names that controllers give: a StatefulSet's is the true one.
std::string pod_name(object const &workload) {
  auto const &kind = workload.id.kind;
  auto const &name = workload.id.name;
  if (kind == "StatefulSet") {
    return name + "-" + std::to_string(workload.spec()["ordinals"]["start"].integer().value_or(0));
  }
  bool const two_steps = kind == "Deployment" || kind == "CronJob";
  return name + (kind == "Deployment" ? "-xxxxxxxxxx" : two_steps ? "-00000000" : "") + "-xxxxx";
}

bool wants_pods(object const &workload) {
  auto const &spec = workload.spec();
  auto const &kind = workload.id.kind;
  if (kind == "Job") {
    return spec["parallelism"].integer().value_or(1) > 0 && !spec["suspend"].boolean_or(false);
  }
  if (kind == "CronJob") {
    return !spec["suspend"].boolean_or(false);
  }
  return kind == "DaemonSet" || spec["replicas"].integer().value_or(1) > 0;
}

/// Pods of the inventory by one of their labels: with many in one namespace, nobody looks at all.
class pod_index {
 public:
  struct entry {
    object const *pod;
    labels all;
  };

  explicit pod_index(inventory const &all) {
    auto const pods = all.of_kind("Pod");
    entries_.reserve(pods.size());
    for (auto const &one : pods) {
      auto const &added = entries_.emplace_back(entry{&one, one.label_map()});
      for (auto const &[name, text] : added.all) {
        by_label_[key(one.id.space, name, text)].push_back(entries_.size() - 1);
      }
      for (auto const &owner : one["metadata"]["ownerReferences"].items()) {
        owners_.insert({text_of(owner["kind"]), one.id.space, text_of(owner["name"])});
      }
    }
  }

  bool owned_by(object_id const &of) const { return owners_.contains(of); }

  /// In the inventory's order. None for no wanted labels.
  std::vector<object const *> with(std::string const &space, labels const &wanted) const {
    std::vector<object const *> result;
    if (wanted.empty()) {
      return result;
    }
    auto const &[name, text] = *wanted.begin();
    auto const found = by_label_.find(key(space, name, text));
    if (found == by_label_.end()) {
      return result;
    }
    for (auto const index : found->second) {
      auto const &held = entries_[index].all;
      bool const alike = std::all_of(wanted.begin(), wanted.end(), [&](auto const &one) {
        auto const same = held.find(one.first);
        return same != held.end() && same->second == one.second;
      });
      if (alike) {
        result.push_back(entries_[index].pod);
      }
    }
    return result;
  }

 private:
  static std::string key(std::string const &space, std::string const &name,
                         std::string const &text) {
    return space + "/" + name + "=" + text;
  }

  std::vector<entry> entries_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_label_;
  std::set<object_id> owners_;
};

/// Of a Pod as a cluster has it.
bool is_live(object const &pod) {
  return pod.root.has("status");
}

bool has_pods(object const &workload, pod_index const &pods) {
  if (pods.owned_by(workload.id)) {
    return true;
  }
  auto const alike = pods.with(workload.id.space, template_labels(workload));
  return std::any_of(alike.begin(), alike.end(), [](auto const *pod) { return is_live(*pod); });
}

object pod_for(object const &workload) {
  auto const &from = pod_template(workload);
  return running_pod(workload, pod_name(workload),
                     from["metadata"].is_map() ? from["metadata"] : value::map(), from["spec"]);
}

/// Tests of a release, Jobs before it: Helm runs them at their time, and then they are gone.
bool is_hook(object const &of) {
  return !of.annotation("helm.sh/hook").empty();
}

void derive_pods(inventory &all) {
  for (auto const *const kind : {"Job", "Pod"}) {
    all.keep(kind, [](object const &each) { return is_live(each) || !is_hook(each); });
  }
  pod_index const there(all);
  auto const pods = all.of_kind("Pod");
  bool const from_manifests = std::none_of(pods.begin(), pods.end(), is_live);
  std::vector<object> made;
  for (auto const kind : workload_kinds()) {
    for (auto const &one : all.of_kind(kind)) {
      if (!is_owned(one) && wants_pods(one) && pod_template(one).is_map() &&
          !has_pods(one, there)) {
        made.push_back(pod_for(one));
      }
    }
  }
  if (from_manifests) {  // a cluster's would be among its Pods
    auto operated = operated_pods(all);
    std::move(operated.begin(), operated.end(), std::back_inserter(made));
  }
  for (auto &one : made) {
    if (all.find(one.id) == nullptr) {
      all.add(std::move(one));
    }
  }
}

/// The port of a Pod that a Service's port leads to; no value: the Pod has none of that name.
std::optional<std::int64_t> target_port(object const &pod, value const &port) {
  auto const &target = port["targetPort"];
  if (target.is_null()) {
    return port["port"].integer();
  }
  if (target.is_number()) {
    return target.integer();
  }
  auto const protocol = port["protocol"].text_or("TCP");
  auto find = [&](value const &containers, bool sidecars) -> std::optional<std::int64_t> {
    for (auto const &one : containers.items()) {
      if (sidecars && one["restartPolicy"].text() != "Always") {
        continue;
      }
      for (auto const &declared : one["ports"].items()) {
        if (declared["name"].text() == target.text() &&
            declared["protocol"].text_or("TCP") == protocol) {
          return declared["containerPort"].integer();
        }
      }
    }
    return std::nullopt;
  };
  auto const found = find(pod.spec()["containers"], false);
  return found ? found : find(pod.spec()["initContainers"], true);
}

/// One Service with its Pods, as endpoints.
class service_endpoints {
 public:
  service_endpoints(object const &service, pod_index const &pods) : service_(service) {
    for (auto const *pod : pods.with(service.id.space, to_labels(service.spec()["selector"]))) {
      auto const &status = (*pod)["status"];
      auto const phase = status["phase"].text();
      if (phase != "Failed" && phase != "Succeeded" && !status["podIP"].text().empty()) {
        add(*pod);
      }
    }
  }

  object endpoints() const {
    auto subsets = value::list();
    for (auto const &[reached, members] : groups_) {
      auto ready = value::list();
      auto not_ready = value::list();
      for (auto const &one : members) {
        auto address = value::map({{"ip", text_of((*one.pod)["status"]["podIP"])}});
        address.set("targetRef", reference(*one.pod));
        set_text(address, "nodeName", one.pod->spec()["nodeName"]);
        set_text(address, "hostname", hostname(*one.pod));
        (one.ready ? ready : not_ready).push(std::move(address));
      }
      auto subset = value::map({{"ports", ports_of(reached, false)}});
      if (!ready.items().empty()) {
        subset.set("addresses", std::move(ready));
      }
      if (!not_ready.items().empty()) {
        subset.set("notReadyAddresses", std::move(not_ready));
      }
      subsets.push(std::move(subset));
    }
    auto made = base("Endpoints", "v1", service_.id.name);
    auto labels_of = copied_labels();
    labels_of.set("endpoints.kubernetes.io/managed-by", "endpoint-controller");
    made.root.find_mutable("metadata")->set("labels", std::move(labels_of));
    made.root.set("subsets", std::move(subsets));
    return made;
  }

  std::vector<object> slices() const {
    std::vector<object> result;
    for (auto const &[reached, members] : groups_) {
      auto const suffix = result.empty() ? "-xxxxx" : "-xxxx" + std::to_string(result.size());
      auto made = base("EndpointSlice", "discovery.k8s.io/v1", service_.id.name + suffix);
      auto labels_of = copied_labels();
      labels_of.set("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
      labels_of.set("kubernetes.io/service-name", service_.id.name);
      made.root.find_mutable("metadata")->set("labels", std::move(labels_of));
      made.root.set("addressType", "IPv4");
      made.root.set("ports", ports_of(reached, true));
      auto endpoints = value::list();
      for (auto const &one : members) {
        endpoints.push(endpoint(one));
      }
      made.root.set("endpoints", std::move(endpoints));
      result.push_back(std::move(made));
    }
    return result;
  }

 private:
  struct member {
    object const *pod;
    bool ready;
  };
  /// For each port of the Service that the Pod has: its index, and the Pod's number.
  using ports = std::vector<std::pair<std::size_t, std::int64_t>>;

  static void set_text(value &to, char const *name, value const &of) {
    if (!of.text().empty()) {
      to.set(name, of);
    }
  }

  void add(object const &pod) {
    ports reached;
    auto const declared = service_.spec()["ports"].items();
    for (std::size_t i = 0; i < declared.size(); ++i) {
      if (auto const found = target_port(pod, declared[i])) {
        reached.emplace_back(i, *found);
      }
    }
    bool ready = service_.spec()["publishNotReadyAddresses"].boolean_or(false);
    for (auto const &one : pod["status"]["conditions"].items()) {
      ready = ready || (one["type"].text() == "Ready" && one["status"].text() == "True");
    }
    auto found = std::find_if(groups_.begin(), groups_.end(),
                              [&](auto const &one) { return one.first == reached; });
    if (found == groups_.end()) {
      groups_.emplace_back(std::move(reached), std::vector<member>());
      found = std::prev(groups_.end());
    }
    found->second.push_back({&pod, ready});
  }

  value ports_of(ports const &reached, bool of_slice) const {
    auto result = value::list();
    for (auto const &[index, at] : reached) {
      auto const &declared = service_.spec()["ports"].items()[index];
      auto port = value::map();
      if (of_slice || !declared["name"].text().empty()) {
        port.set("name", text_of(declared["name"]));
      }
      port.set("port", number(at));
      port.set("protocol", declared["protocol"].text_or("TCP"));
      set_text(port, "appProtocol", declared["appProtocol"]);
      result.push(std::move(port));
    }
    return result;
  }

  static value reference(object const &pod) {
    return value::map({{"kind", "Pod"}, {"namespace", pod.id.space}, {"name", pod.id.name}});
  }

  /// Only of a Pod that asks for a name under this Service.
  value hostname(object const &pod) const {
    bool const under = pod.spec()["subdomain"].text() == service_.id.name;
    return under ? pod.spec()["hostname"] : value();
  }

  value endpoint(member const &of) const {
    auto result = value::map();
    result.set("addresses", value::list({text_of((*of.pod)["status"]["podIP"])}));
    result.set("conditions",
               value::map({{"ready", of.ready}, {"serving", of.ready}, {"terminating", false}}));
    result.set("targetRef", reference(*of.pod));
    set_text(result, "nodeName", of.pod->spec()["nodeName"]);
    set_text(result, "hostname", hostname(*of.pod));
    return result;
  }

  /// A headless Service is marked so on what is made of it, and only there.
  value copied_labels() const {
    auto result = value::map();
    constexpr char const *headless = "service.kubernetes.io/headless";
    for (auto const &one : service_["metadata"]["labels"].entries()) {
      if (one.key != headless) {
        result.set(one.key, one.held);
      }
    }
    if (service_.spec()["clusterIP"].text() == "None") {
      result.set(headless, "");
    }
    return result;
  }

  object base(char const *kind, char const *version, std::string name) const {
    object made;
    made.id = {kind, service_.id.space, name};
    made.api_version = version;
    made.derived_from = service_.id;
    made.file = service_.file;
    made.root = value::map({{"apiVersion", version}, {"kind", kind}});
    made.root.set("metadata", value::map({{"name", name}, {"namespace", service_.id.space}}));
    made.root.set_where(service_.root.where());
    return made;
  }

  object const &service_;
  std::vector<std::pair<ports, std::vector<member>>> groups_;
};

void derive_endpoints(inventory &all) {
  pod_index const pods(all);
  std::set<std::pair<std::string, std::string>> sliced;
  for (auto const &one : all.of_kind("EndpointSlice")) {
    sliced.emplace(one.id.space, text_of(one["metadata"]["labels"]["kubernetes.io/service-name"]));
  }
  std::vector<object> made;
  for (auto const &service : all.of_kind("Service")) {
    if (service.spec()["selector"].entries().empty() ||
        service.spec()["type"].text() == "ExternalName") {
      continue;  // its endpoints are written by hand, if at all
    }
    service_endpoints const of(service, pods);
    if (all.find("Endpoints", service.id.space, service.id.name) == nullptr) {
      made.push_back(of.endpoints());
    }
    if (!sliced.contains({service.id.space, service.id.name})) {
      auto slices = of.slices();
      std::move(slices.begin(), slices.end(), std::back_inserter(made));
    }
  }
  for (auto &one : made) {
    if (all.find(one.id) == nullptr) {
      all.add(std::move(one));
    }
  }
}

}  // namespace

void derive(inventory &all) {
  derive_pods(all);
  derive_endpoints(all);
}

}  // namespace loopcheck
