// SPDX-License-Identifier: Apache-2.0
#include "near_miss.hpp"

#include <algorithm>
#include <array>

#include <loopcheck/queries/nearest.hpp>

#include <loopcheck/objects/pods.hpp>

#include "chain.hpp"

namespace loopcheck {
namespace {

bool has_value(labels const &has, std::string_view held) {
  return std::any_of(has.begin(), has.end(), [&](auto const &each) { return each.second == held; });
}

// Of a requirement that is not met: its value under another key, or another value that is nearly
// the same, counts more than any other value of its key.
std::size_t nearness(selector::requirement const &unmet, labels const &has) {
  for (auto const &wanted : unmet.values) {
    if (has_value(has, wanted)) return 2;
  }
  auto const held = has.find(unmet.key);
  if (held == has.end()) return 0;
  bool const typo = std::any_of(unmet.values.begin(), unmet.values.end(), [&](auto const &wanted) {
    auto const most = typos_max(wanted);
    return edit_distance(wanted, held->second, most) <= most;
  });
  return typo ? 2 : 1;
}

}  // namespace

near_labels nearest_labels(selector const &choice,
                           std::vector<std::pair<object const *, labels>> const &candidates) {
  near_labels best;
  std::size_t best_score = 0;
  for (auto const &[object, has] : candidates) {
    auto const unmet = choice.unmet(has);
    std::size_t score = 3 * (choice.requirements().size() - unmet.size());
    bool likely = score > 0;
    for (auto const &each : unmet) {
      auto const more = nearness(each, has);
      likely = likely || more > 1;
      score += more;
    }
    if (score > best_score) {
      best = {object, has, unmet.size(), likely};
      best_score = score;
    }
  }
  if (best.of == nullptr && candidates.size() == 1) {
    auto const &[object, has] = candidates.front();
    best = {object, has, choice.unmet(has).size(), false};
  }
  return best;
}

labels lasting(labels const &of) {
  constexpr std::array<std::string_view, 10> changing = {"app.kubernetes.io/managed-by",
                                                         "app.kubernetes.io/version",
                                                         "chart",
                                                         "helm.sh/chart",
                                                         "heritage",
                                                         "pod-template-hash",
                                                         "controller-revision-hash",
                                                         "version",
                                                         "statefulset.kubernetes.io/pod-name",
                                                         "apps.kubernetes.io/pod-index"};
  labels made;
  for (auto const &[key, held] : of) {
    if (std::find(changing.begin(), changing.end(), key) == changing.end()) made[key] = held;
  }
  return made;
}

value to_value(labels const &of) {
  auto made = value::map();
  for (auto const &[key, held] : of)
    made.set(key, value(held));
  return made;
}

std::string text(labels const &of) {
  if (of.empty()) return "no labels";
  std::string made;
  for (auto const &[key, held] : of) {
    made.append(made.empty() ? "" : ",").append(key).append("=").append(held);
  }
  return made;
}

value match_labels_patch(selector const &choice, labels const &has) {
  auto made = value::map();
  bool any = false;
  for (auto const &each : choice.requirements()) {
    auto const held = has.find(each.key);
    if (held == has.end()) {
      made.set(each.key, value());
    } else {
      made.set(each.key, value(held->second));
      any = true;
    }
  }
  if (any) return made;
  for (auto const &[key, held] : lasting(has))
    made.set(key, value(held));
  return made;
}

std::vector<port_of> service_ports(object const &service) {
  std::vector<port_of> made;
  for (auto const &each : service.spec()["ports"].items()) {
    made.push_back({std::string(each["name"].text()), each["port"].integer().value_or(0),
                    "spec.ports[" + std::to_string(made.size()) + "]"});
  }
  return made;
}

std::vector<port_of> container_ports(object const &of) {
  std::vector<port_of> made;
  for (auto const *const list : {"initContainers", "containers"}) {
    std::size_t container = 0;
    for (auto const &each : pod_spec(of)[list].items()) {
      std::size_t port = 0;
      for (auto const &declared : each["ports"].items()) {
        made.push_back({std::string(declared["name"].text()),
                        declared["containerPort"].integer().value_or(0),
                        pod_spec_field(of) + "." + list + "[" + std::to_string(container) +
                            "].ports[" + std::to_string(port++) + "]"});
      }
      ++container;
    }
  }
  return made;
}

std::string text(std::vector<port_of> const &of) {
  if (of.empty()) return "none";
  std::string made;
  for (auto const &each : of) {
    made.append(made.empty() ? "" : ", ")
        .append(each.name.empty() ? "without a name" : each.name)
        .append(" (")
        .append(std::to_string(each.number))
        .append(")");
  }
  return made;
}

}  // namespace loopcheck
