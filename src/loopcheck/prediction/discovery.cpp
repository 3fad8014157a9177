// SPDX-License-Identifier: Apache-2.0
#include "discovery.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "label_name.hpp"
#include "meta_labels.hpp"
#include "selector.hpp"
#include "target_groups.hpp"

namespace loopcheck {

namespace {

class builder {
 public:
  builder(scrape_job const &job, std::string const &space, inventory const &all)
      : job_(job), space_(space), all_(all) {
    for (auto const &one : job.selectors) {
      if (!one.label.empty()) {
        auto &to = one.role == "service" ? service_ : own_;
        to = selector::parse(one.label);
      }
    }
  }

  std::vector<target_group> build() {
    auto const kind = job_.role == sd_role::pod         ? "Pod"
                      : job_.role == sd_role::endpoints ? "Endpoints"
                                                        : "EndpointSlice";
    std::vector<target_group> result;
    for (auto const &one : all_.of_kind(kind)) {
      if (one.id.space != space_ || (own_ && !own_->matches(one.label_map()))) {
        continue;
      }
      std::vector<discovered> group;
      if (job_.role == sd_role::pod) {
        pod(one, group);
      } else if (job_.role == sd_role::endpoints) {
        endpoints(one, group);
      } else {
        slice(one, group);
      }
      if (!group.empty()) {
        result.push_back({std::make_shared<std::vector<discovered> const>(std::move(group))});
      }
    }
    return result;
  }

 private:
  using ports = std::vector<std::string>;

  bool since(int major, int minor) const {
    return job_.discovery_version >= version_number{major, minor, 0};
  }

  void pod(object const &of, std::vector<discovered> &to);
  void endpoints(object const &of, std::vector<discovered> &to);
  void slice(object const &of, std::vector<discovered> &to);

  object const *add_service(std::string_view name, labels &to) const {
    auto const *found = all_.find("Service", space_, name);
    if (found == nullptr || (service_ && !service_->matches(found->label_map()))) {
      return nullptr;
    }
    add_metadata(to, *found, "service");
    return found;
  }

  void add_node(std::string_view name, labels &to) const {
    auto const *found = job_.attach_node ? all_.find("Node", "", name) : nullptr;
    if (found != nullptr) {
      add_metadata(to, *found, "node");
    }
  }

  object const *pod_of(value const &reference) const {
    auto const space = reference["namespace"].text();
    bool const looked_at = job_.all_namespaces || space == space_;
    return reference["kind"].text() == "Pod" && looked_at
               ? all_.find("Pod", space, reference["name"].text())
               : nullptr;
  }

  /// Labels of the container that declares `number`; `protocol` where it is not the container's.
  void add_port_of(object const &pod, std::string_view number, std::string const *protocol,
                   labels &to) const {
    for (auto const &one : containers_of(pod, since(3, 0))) {
      for (auto const &port : (*one.of)["ports"].items()) {
        if (port["containerPort"].text() == number) {
          add_container(to, one);
          add_container_port(to, port, protocol != nullptr ? *protocol : protocol_of(port));
          break;
        }
      }
    }
  }

  /// Ports that the Pods of a Service declare beside those of the Service are targets, too.
  void rest_of(object const &pod, ports const &covered, labels const &common, object const *service,
               std::vector<discovered> &to) const {
    auto const address = pod["status"]["podIP"].text();
    if (address.empty()) {
      return;
    }
    for (auto const &one : containers_of(pod, since(3, 0))) {
      for (auto const &port : (*one.of)["ports"].items()) {
        auto const number = port["containerPort"].text();
        if (std::find(covered.begin(), covered.end(), number) != covered.end()) {
          continue;
        }
        auto &made = to.emplace_back();
        made.all = common;
        made.pod = pod.id;
        made.service = service != nullptr ? service->id : object_id();
        set_label(made.all, "__address__", host_and_port(address, number));
        add_container(made.all, one);
        add_container_port(made.all, port, protocol_of(port));
        add_pod(made.all, pod);
      }
    }
  }

  scrape_job const &job_;
  std::string const &space_;
  inventory const &all_;
  std::optional<selector> own_, service_;
};

void builder::pod(object const &of, std::vector<discovered> &to) {
  auto const address = of["status"]["podIP"].text();
  auto const node = of.spec()["nodeName"].text();
  bool const unknown_node = job_.attach_node && since(3, 11) &&
                            all_.known("Node") == inventory::knowledge::complete &&
                            all_.find("Node", "", node) == nullptr;
  if (address.empty() || unknown_node) {
    return;
  }
  labels common;
  add_pod(common, of);
  set_meta(common, "namespace", space_);
  add_node(node, common);
  auto const &status = of["status"];
  for (auto const &one : containers_of(of, true)) {
    auto add = [&](value const *port) {
      auto &made = to.emplace_back();
      made.all = common;
      made.pod = of.id;
      add_container(made.all, one);
      auto const &states = status[one.init ? "initContainerStatuses" : "containerStatuses"];
      for (auto const &state : states.items()) {
        if (state["name"].text() == (*one.of)["name"].text()) {
          set_meta(made.all, "pod_container_id", state["containerID"].text());
          break;
        }
      }
      if (port != nullptr) {
        add_container_port(made.all, *port, protocol_of(*port));
      }
      set_label(made.all, "__address__",
                port != nullptr ? host_and_port(address, (*port)["containerPort"].text())
                                : std::string(address));
    };
    auto const declared = (*one.of)["ports"].items();
    for (auto const &port : declared) {
      add(&port);
    }
    if (declared.empty()) {
      add(nullptr);  // the port is left to a relabelling
    }
  }
}

void builder::endpoints(object const &of, std::vector<discovered> &to) {
  labels common;
  set_meta(common, "namespace", space_);
  auto const *service = add_service(of.id.name, common);
  add_metadata(common, of, "endpoints");
  std::vector<std::pair<object const *, ports>> seen;
  auto add = [&](value const &address, value const &port, char const *ready) {
    auto const number = port["port"].text();
    auto const protocol = protocol_of(port);
    auto &made = to.emplace_back();
    made.all = common;
    made.service = service != nullptr ? service->id : object_id();
    set_label(made.all, "__address__", host_and_port(address["ip"].text(), number));
    set_meta(made.all, "endpoint_port_name", port["name"].text());
    set_meta(made.all, "endpoint_port_protocol", protocol);
    set_meta(made.all, "endpoint_ready", ready);
    auto const &target = address["targetRef"];
    set_meta(made.all, "endpoint_address_target_kind", target["kind"].text());
    set_meta(made.all, "endpoint_address_target_name", target["name"].text());
    set_meta(made.all, "endpoint_node_name", address["nodeName"].text());
    set_meta(made.all, "endpoint_hostname", address["hostname"].text());
    if (!address["nodeName"].is_null()) {
      add_node(address["nodeName"].text(), made.all);
    } else if (target["kind"].text() == "Node") {
      add_node(target["name"].text(), made.all);
    }
    if (auto const *pod = pod_of(target)) {
      made.pod = pod->id;
      add_pod(made.all, *pod);
      add_port_of(*pod, number, &protocol, made.all);
      auto found =
          std::find_if(seen.begin(), seen.end(), [&](auto const &one) { return one.first == pod; });
      found = found == seen.end() ? seen.insert(seen.end(), {pod, {}}) : found;
      found->second.emplace_back(number);
    }
  };
  for (auto const &subset : of["subsets"].items()) {
    for (auto const &port : subset["ports"].items()) {
      for (auto const &address : subset["addresses"].items()) {
        add(address, port, "true");
      }
      for (auto const &address : subset["notReadyAddresses"].items()) {
        add(address, port, "false");
      }
    }
  }
  for (auto const &[pod, covered] : seen) {
    rest_of(*pod, covered, common, service, to);
  }
}

/// The second family of a dual-stack Service would give each target twice.
bool second_family(object const *service, value const &slice) {
  if (service == nullptr) {
    return false;
  }
  auto const policy = service->spec()["ipFamilyPolicy"].text();
  auto const families = service->spec()["ipFamilies"].items();
  return (policy == "PreferDualStack" || policy == "RequireDualStack") && !families.empty() &&
         families[0].text() != slice["addressType"].text();
}

void add_conditions(labels &to, value const &endpoint) {
  for (char const *one : {"ready", "serving", "terminating"}) {
    auto const &held = endpoint["conditions"][one];
    if (!held.is_null()) {
      set_meta(to, std::string("endpointslice_endpoint_conditions_") + one, held.text());
    }
  }
}

void builder::slice(object const &of, std::vector<discovered> &to) {
  labels common;
  set_meta(common, "namespace", space_);
  set_meta(common, "endpointslice_address_type", of["addressType"].text());
  add_metadata(common, of, "endpointslice");
  auto const service_name = of["metadata"]["labels"]["kubernetes.io/service-name"].text();
  auto const *service = add_service(service_name, common);
  if (since(3, 11) && second_family(service, of.root)) {
    return;
  }
  std::vector<std::pair<object const *, ports>> seen;
  auto add = [&](value const &endpoint, value const &port, std::string_view address) {
    auto const number = port["port"].text();
    auto &made = to.emplace_back();
    made.all = common;
    made.service = service != nullptr ? service->id : object_id();
    auto &all = made.all;
    set_label(all, "__address__",
              number.empty() ? std::string(address) : host_and_port(address, number));
    set_meta(all, "endpointslice_port_name", port["name"].text());
    set_meta(all, "endpointslice_port_protocol", protocol_of(port));
    set_meta(all, "endpointslice_port", number);
    set_meta(all, "endpointslice_port_app_protocol", port["appProtocol"].text());
    add_conditions(all, endpoint);
    auto const &target = endpoint["targetRef"];
    set_meta(all, "endpointslice_endpoint_hostname", endpoint["hostname"].text());
    set_meta(all, "endpointslice_address_target_kind", target["kind"].text());
    set_meta(all, "endpointslice_address_target_name", target["name"].text());
    set_meta(all, "endpointslice_endpoint_node_name", endpoint["nodeName"].text());
    set_meta(all, "endpointslice_endpoint_zone", endpoint["zone"].text());
    for (auto const &one : endpoint["deprecatedTopology"].entries()) {
      auto const name = sanitized(one.key);
      set_meta(all, "endpointslice_endpoint_topology_" + name, one.held.text());
      set_meta(all, "endpointslice_endpoint_topology_present_" + name, "true");
    }
    bool const of_node = target["kind"].text() == "Node";
    add_node(of_node ? target["name"].text() : endpoint["nodeName"].text(), all);
    if (auto const *pod = pod_of(target)) {
      made.pod = pod->id;
      add_pod(all, *pod);
      add_port_of(*pod, number, nullptr, all);
      auto found =
          std::find_if(seen.begin(), seen.end(), [&](auto const &one) { return one.first == pod; });
      found = found == seen.end() ? seen.insert(seen.end(), {pod, {}}) : found;
      found->second.emplace_back(number);
    }
  };
  for (auto const &endpoint : of["endpoints"].items()) {
    for (auto const &port : of["ports"].items()) {
      for (auto const &address : endpoint["addresses"].items()) {
        add(endpoint, port, address.text());
      }
    }
  }
  for (auto const &[pod, covered] : seen) {
    rest_of(*pod, covered, common, service, to);
  }
}

}  // namespace

std::vector<target_group> groups_in(scrape_job const &job, std::string const &space,
                                    inventory const &all) {
  return builder(job, space, all).build();
}

}  // namespace loopcheck
