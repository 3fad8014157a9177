// SPDX-License-Identifier: Apache-2.0
// Objects for tests, from YAML.
#pragma once

#include <string>
#include <string_view>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/prediction/scrape_job.hpp>

namespace loopcheck::test {

inline object object_of(value root) {
  object made;
  made.id = {std::string(root["kind"].text()), std::string(root["metadata"]["namespace"].text()),
             std::string(root["metadata"]["name"].text())};
  made.api_version = root["apiVersion"].text();
  made.root = std::move(root);
  return made;
}

inline value yaml(std::string_view text) {
  return parse_yaml(text, "test").at(0);
}

inline inventory manifests(std::string_view text) {
  inventory all;
  for (auto &one : parse_yaml(text, "test")) {
    all.add(object_of(std::move(one)));
  }
  return all;
}

constexpr version_number new_operator{0, 93, 0};
constexpr version_number old_operator{0, 88, 0};

/// Jobs of a monitor with this spec, in namespace demo, for a Prometheus object with that spec.
inline generation jobs_of(
    std::string_view kind, std::string_view spec, std::string_view prometheus_spec = "{}",
    version_number const &by = new_operator,
    std::string_view others = "---\nkind: Namespace\nmetadata: {name: demo}") {
  auto made = value::map();
  made.set("kind", std::string(kind));
  made.set("metadata", yaml("{name: m, namespace: demo}"));
  made.set("spec", yaml(spec));
  auto ruler = value::map();
  ruler.set("kind", "Prometheus");
  ruler.set("metadata", yaml("{name: k8s, namespace: monitoring}"));
  ruler.set("spec", yaml(prometheus_spec));
  return scrape_jobs(object_of(made), object_of(ruler), manifests(others), by);
}

}  // namespace loopcheck::test
