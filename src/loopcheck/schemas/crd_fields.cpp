// SPDX-License-Identifier: Apache-2.0
#include "crd_fields.hpp"

#include <algorithm>
#include <array>

#include <loopcheck/queries/nearest.hpp>

namespace loopcheck {
namespace {

struct row {
  std::string_view kind;
  std::string_view path;
  int first_minor;
};

constexpr row table[] = {
#include "crd_fields_table.inc"
};

std::string pattern_of(std::string_view kind, std::string_view path) {
  return std::string(kind).append(" ").append(path);
}

std::optional<int> first_minor(std::string_view pattern) {
  for (auto const &each : table) {
    if (pattern_of(each.kind, each.path) == pattern) return each.first_minor;
  }
  return std::nullopt;
}

// Depth is bounded by that of the input.
void add_schema(value const &schema, std::string const &pattern, std::vector<std::string> &to) {
  if (schema["items"].is_map()) return add_schema(schema["items"], pattern + "[]", to);
  if (schema["additionalProperties"].is_map()) {
    to.push_back(pattern + "{}");
    return add_schema(schema["additionalProperties"], pattern + "{}", to);
  }
  if (schema["x-kubernetes-preserve-unknown-fields"].boolean_or(false)) {
    to.push_back(pattern + "{}");
  }
  for (auto const &[name, held, where] : schema["properties"].entries()) {
    to.push_back(pattern + "." + name);
    add_schema(held, pattern + "." + name, to);
  }
}

}  // namespace

crd_fields crd_fields::of_version(version_number const &version) {
  crd_fields made;
  int const minor = version.major > 0 ? 1'000'000 : std::max(version.minor, 60);
  for (auto const &each : table) {
    if (each.first_minor <= minor) made.known_.push_back(pattern_of(each.kind, each.path));
  }
  std::sort(made.known_.begin(), made.known_.end());
  made.name_ = "the CRDs of the Operator " + std::to_string(version.major) + "." +
               std::to_string(version.minor);
  return made;
}

std::optional<crd_fields> crd_fields::of_objects(inventory const &all) {
  crd_fields made;
  std::size_t kinds = 0;
  for (auto const &each : all.of_kind("CustomResourceDefinition")) {
    auto const kind = std::string(each.spec()["names"]["kind"].text());
    if (each.spec()["group"].text() != "monitoring.coreos.com" ||
        (kind != "ServiceMonitor" && kind != "PodMonitor")) {
      continue;
    }
    for (auto const &version : each.spec()["versions"].items()) {
      if (version["name"].text() != "v1") continue;
      add_schema(version["schema"]["openAPIV3Schema"]["properties"]["spec"], kind + " spec",
                 made.known_);
      ++kinds;
    }
    made.name_ = each.file.empty() ? "the cluster's CRDs" : "the CRDs in " + each.file;
  }
  if (kinds < 2) return std::nullopt;
  std::sort(made.known_.begin(), made.known_.end());
  return made;
}

bool crd_fields::knows(std::string const &pattern) const {
  return std::binary_search(known_.begin(), known_.end(), pattern);
}

void crd_fields::walk(value const &at, std::string const &pattern, std::string const &field,
                      std::vector<unknown_field> &found) const {
  std::size_t index = 0;
  for (auto const &each : at.items()) {
    walk(each, pattern + "[]", field + "[" + std::to_string(index++) + "]", found);
  }
  bool const any_key = knows(pattern + "{}");
  for (auto const &[key, held, where] : at.entries()) {
    auto const inner = any_key ? pattern + "{}" : pattern + "." + key;
    if (any_key || knows(inner)) {
      walk(held, inner, field + "." + key, found);
      continue;
    }
    std::vector<std::string> siblings;
    auto const start = pattern + ".";
    for (auto sibling = std::lower_bound(known_.begin(), known_.end(), start);
         sibling != known_.end() && sibling->starts_with(start); ++sibling) {
      auto const name = sibling->substr(start.size());
      if (name.find_first_of(".[{") == std::string::npos) siblings.push_back(name);
    }
    found.push_back({field + "." + key, nearest(key, siblings), first_minor(inner)});
  }
}

std::vector<unknown_field> crd_fields::unknown(object const &monitor) const {
  std::vector<unknown_field> found;
  if (monitor.id.kind == "ServiceMonitor" || monitor.id.kind == "PodMonitor") {
    walk(monitor.spec(), monitor.id.kind + " spec", "spec", found);
  }
  return found;
}

}  // namespace loopcheck
