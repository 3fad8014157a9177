// SPDX-License-Identifier: Apache-2.0
#include "meta_labels.hpp"

#include <algorithm>

#include "label_name.hpp"

namespace loopcheck {

namespace {

constexpr std::string_view meta = "__meta_kubernetes_";

std::string name_of(std::string_view rest) {
  return std::string(meta) + std::string(rest);
}

std::string ready_text(value const &status) {
  for (auto const &one : status["conditions"].items()) {
    if (one["type"].text() == "Ready") {
      std::string result(one["status"].text());
      std::transform(result.begin(), result.end(), result.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
      return result;
    }
  }
  return "unknown";
}

}  // namespace

void set_label(labels &of, std::string name, std::string_view text) {
  if (text.empty()) {
    of.erase(name);
  } else {
    of.insert_or_assign(std::move(name), std::string(text));
  }
}

void set_meta(labels &of, std::string_view rest, std::string_view text) {
  set_label(of, name_of(rest), text);
}

void add_metadata(labels &to, object const &of, std::string const &role) {
  auto const &metadata = of["metadata"];
  set_meta(to, role + "_name", of.id.name);
  auto add = [&](char const *section, char const *word) {
    auto const prefix = role + "_" + word;
    auto const present = prefix + "present";
    for (auto const &one : metadata[section].entries()) {
      auto const name = "_" + sanitized(one.key);
      set_meta(to, prefix + name, one.held.text());
      set_meta(to, present + name, "true");
    }
  };
  add("labels", "label");
  add("annotations", "annotation");
}

std::string host_and_port(std::string_view host, std::string_view port) {
  bool const brackets = host.find(':') != std::string_view::npos;
  return (brackets ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::string(port);
}

std::string protocol_of(value const &port) {
  return port["protocol"].text_or("TCP");
}

void add_pod(labels &to, object const &pod) {
  auto const &status = pod["status"];
  set_meta(to, "pod_ip", status["podIP"].text());
  set_meta(to, "pod_ready", ready_text(status));
  set_meta(to, "pod_phase", status["phase"].text());
  set_meta(to, "pod_node_name", pod.spec()["nodeName"].text());
  set_meta(to, "pod_host_ip", status["hostIP"].text());
  set_meta(to, "pod_uid", pod["metadata"]["uid"].text());
  add_metadata(to, pod, "pod");
  for (auto const &owner : pod["metadata"]["ownerReferences"].items()) {
    if (owner["controller"].boolean_or(false)) {
      set_meta(to, "pod_controller_kind", owner["kind"].text());
      set_meta(to, "pod_controller_name", owner["name"].text());
      break;
    }
  }
}

std::vector<container> containers_of(object const &pod, bool init_too) {
  std::vector<container> result;
  for (auto const &one : pod.spec()["containers"].items()) {
    result.push_back({&one, false});
  }
  if (init_too) {
    for (auto const &one : pod.spec()["initContainers"].items()) {
      result.push_back({&one, true});
    }
  }
  return result;
}

void add_container(labels &to, container const &of) {
  set_meta(to, "pod_container_name", (*of.of)["name"].text());
  set_meta(to, "pod_container_image", (*of.of)["image"].text());
  set_meta(to, "pod_container_init", of.init ? "true" : "false");
}

void add_container_port(labels &to, value const &port, std::string const &protocol) {
  set_meta(to, "pod_container_port_name", port["name"].text());
  set_meta(to, "pod_container_port_number", port["containerPort"].text());
  set_meta(to, "pod_container_port_protocol", protocol);
}

}  // namespace loopcheck
