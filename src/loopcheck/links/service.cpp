// SPDX-License-Identifier: Apache-2.0
// Link 2: the Service leads to the Pods, by ports that are there.
#include <algorithm>
#include <string>

#include <loopcheck/objects/pods.hpp>

#include "beyond_input.hpp"
#include "links.hpp"
#include "near_miss.hpp"

namespace loopcheck {
namespace {

// Ports of the Service that the monitor asks for by name; all of them where it asks for none, or
// where there is no monitor.
bool is_asked_for(chain const &of, std::string_view name) {
  if (of.monitor == nullptr) return true;
  auto const endpoints = of.endpoints();
  return std::any_of(endpoints.begin(), endpoints.end(), [&](value const &each) {
    if (each["port"].text().empty()) return each["targetPort"].is_null();
    return each["port"].text() == name;
  });
}

bool has_addresses(object const &service, inventory const &all) {
  for (auto const &each : all.of_kind("Endpoints")) {
    if (each.id.space != service.id.space || each.id.name != service.id.name) continue;
    for (auto const &subset : each["subsets"].items()) {
      if (subset["addresses"].size() + subset["notReadyAddresses"].size() > 0) return true;
    }
  }
  for (auto const &each : all.of_kind("EndpointSlice")) {
    if (each.id.space == service.id.space && each["endpoints"].size() > 0 &&
        each["metadata"]["labels"]["kubernetes.io/service-name"].text() == service.id.name) {
      return true;
    }
  }
  return false;
}

finding selects_no_pod(object const &service, context const &known) {
  auto const &all = known.all;
  auto const choice = selector::from_map(service.spec()["selector"]);
  std::vector<std::pair<object const *, labels>> candidates;
  for (auto const kind : workload_kinds()) {
    for (auto const &each : all.of_kind(kind)) {
      if (each.id.space != service.id.space) continue;
      candidates.emplace_back(&each, template_labels(each));
    }
  }
  for (auto const &each : all.of_kind("Pod")) {
    if (each.id.space == service.id.space && each.derived_from.kind.empty()) {
      candidates.emplace_back(&each, each.label_map());
    }
  }
  auto made = make_finding("LC0201", service, "spec.selector");
  made.found = choice.text();
  auto const near = nearest_labels(choice, candidates);
  auto const there = [&](std::string_view space) { return space == service.id.space; };
  auto const why = known.live ? "" : beyond_input(known.all, near, !candidates.empty(), there);
  if (candidates.empty() || !why.empty()) {
    made.severity = severity::undecided;
    made.expected =
        "Pods in namespace " + service.id.space + ": " + (why.empty() ? "none is known" : why);
    made.fix = "add the workload to the input";
    return made;
  }
  if (near.of == nullptr) {
    made.expected = "labels of Pods in namespace " + service.id.space;
    made.fix = "write the labels of the Pods that you mean into spec.selector";
    return made;
  }
  made.expected = "labels of the Pods of " + near.of->id.text() + ": " + text(lasting(near.has));
  made.fix = "select by the labels that those Pods have";
  made.change = patch{
      service.id,
      value::map({{"spec", value::map({{"selector", match_labels_patch(choice, near.has)}})}})};
  return made;
}

void check_target_port(object const &service, std::size_t index, chain const &of,
                       inventory const &all, findings &made) {
  auto const &port = service.spec()["ports"].item(index);
  auto const field = "spec.ports[" + std::to_string(index) + "]";
  auto const protocol = port["protocol"].text_or("TCP");
  if (protocol != "TCP") {
    auto found = make_finding("LC0207", service, field + ".protocol");
    found.found = "protocol: " + protocol;
    found.expected = "TCP";
    found.fix = "let the monitor name a TCP port";
    made.push_back(std::move(found));
  }
  auto const &leads_to = port["targetPort"];
  if (!leads_to.is_text()) return;
  std::vector<port_of> declared;
  for (auto const *const pod : of.pods) {
    if (pod->id.space != service.id.space) continue;
    for (auto &each : container_ports(*pod)) {
      if (each.name == leads_to.text()) return;
      auto const same = [&](auto const &one) { return one.name == each.name; };
      if (std::none_of(declared.begin(), declared.end(), same)) declared.push_back(std::move(each));
    }
  }
  if (of.pods.empty()) return;
  auto found = make_finding("LC0203", service, field + ".targetPort");
  found.found = "targetPort: " + std::string(leads_to.text());
  found.expected =
      "a container port of " + origin_of(*of.pods.front(), all).id.text() + ": " + text(declared);
  found.fix = "name a port that the container declares";
  auto const named = std::find_if(declared.begin(), declared.end(),
                                  [](auto const &each) { return !each.name.empty(); });
  if (named != declared.end()) {
    found.fix = "write targetPort: " + named->name;
    found.change = patch{
        service.id,
        value::map(
            {{"spec", value::map({{"ports", value::list({value::map(
                                                {{"port", port["port"]},
                                                 {"targetPort", value(named->name)}})})}})}})};
  }
  made.push_back(std::move(found));
}

// The monitor asks for a name, no port has it, and one has none.
void check_unnamed(object const &service, chain const &of, findings &made) {
  auto const ports = service_ports(service);
  auto const unnamed =
      std::find_if(ports.begin(), ports.end(), [](auto const &each) { return each.name.empty(); });
  if (unnamed == ports.end()) return;
  if (ports.size() > 1) {
    auto found = make_finding("LC0208", service, unnamed->field);
    found.found = "port " + std::to_string(unnamed->number) + " without a name";
    found.expected = "a name for each of several ports";
    found.fix = "name it";
    made.push_back(std::move(found));
    return;
  }
  for (auto const &endpoint : of.endpoints()) {
    auto const asked = std::string(endpoint["port"].text());
    if (asked.empty()) continue;
    auto found = make_finding("LC0202", service, unnamed->field);
    found.found = "port " + std::to_string(unnamed->number) + " without a name";
    found.expected = "name: " + asked + ", which " + of.monitor->id.text() + " asks for";
    found.fix = "name the port of the Service";
    found.change = patch{
        service.id,
        value::map(
            {{"spec",
              value::map({{"ports", value::list({value::map({{"port", value(unnamed->number)},
                                                             {"name", value(asked)}})})}})}})};
    made.push_back(std::move(found));
    return;
  }
}

void check_one(object const &service, chain const &of, context const &known, findings &made) {
  auto const &choice = service.spec()["selector"];
  if (service.spec()["type"].text() == "ExternalName") {
    auto found = make_finding("LC0204", service, "spec.type");
    found.found = "ExternalName: " + std::string(service.spec()["externalName"].text());
    found.expected = "a Service with endpoints";
    found.fix = "use a Service with a selector, or a ScrapeConfig";
    made.push_back(std::move(found));
    return;
  }
  if (choice.size() == 0) {
    if (!has_addresses(service, known.all)) {
      auto found = make_finding("LC0205", service, "spec");
      found.found = "no selector, and no Endpoints or EndpointSlice for it";
      found.expected = "either";
      found.fix = "add a selector";
      made.push_back(std::move(found));
    }
  } else {
    auto const selects = [&](auto const *pod) { return pod->id.space == service.id.space; };
    bool const any_pod = std::any_of(of.pods.begin(), of.pods.end(), selects);
    // Of workloads that match and make no Pods link 1 has spoken.
    if (!any_pod && std::none_of(of.workloads.begin(), of.workloads.end(), selects)) {
      made.push_back(selects_no_pod(service, known));
      return;
    }
    if (any_pod && known.live && !has_addresses(service, known.all)) {
      auto found = make_finding("LC0206", service, "");
      found.found = "no address";
      found.expected = "addresses of " + std::to_string(of.pods.size()) + " Pods";
      found.fix = "kubectl -n " + service.id.space + " get endpointslices -l " +
                  "kubernetes.io/service-name=" + service.id.name;
      made.push_back(std::move(found));
    }
  }
  auto const ports = service_ports(service);
  for (std::size_t index = 0; index < ports.size(); ++index) {
    if (is_asked_for(of, ports[index].name)) {
      check_target_port(service, index, of, known.all, made);
    }
  }
  check_unnamed(service, of, made);
}

}  // namespace

findings check_service(chain const &of, context const &known) {
  findings made;
  for (auto const *const service : of.services)
    check_one(*service, of, known, made);
  return made;
}

}  // namespace loopcheck
