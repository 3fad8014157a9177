// SPDX-License-Identifier: Apache-2.0
// Which monitors a Prometheus object takes.
#include <algorithm>

#include "selector.hpp"
#include "targets.hpp"

namespace loopcheck {

namespace {

void fail(selection &of, std::string field, std::string why) {
  of.selected = false;
  of.field = std::move(field);
  of.why_not = std::move(why);
}

void meet(selector const &wanted, labels const &given, std::string const &field,
          std::string const &whose, selection &result) {
  for (auto const &one : wanted.unmet(given)) {
    result.unmet.push_back(text(one));
  }
  if (!result.unmet.empty()) {
    fail(result, field, whose + " does not have " + wanted.text());
  }
}

}  // namespace

selection selected_by(object const &prometheus, object const &monitor, inventory const &all) {
  bool const of_services = monitor.id.kind == "ServiceMonitor";
  std::string const prefix = of_services ? "serviceMonitor" : "podMonitor";
  auto const by_labels = prefix + "Selector";
  auto const by_namespace = prefix + "NamespaceSelector";
  auto const &spec = prometheus.spec();
  selection result;
  result.selected = true;
  result.field = "spec." + by_labels;
  auto const &space = monitor.id.space;
  try {
    if (spec[by_labels].is_null()) {
      fail(result, result.field, "it is not set, which selects none; {} would select all");
      return result;
    }
    if (spec[by_namespace].is_null()) {
      if (space != prometheus.id.space) {
        fail(result, "spec." + by_namespace,
             "it is not set, which means the namespace of the Prometheus object, " +
                 prometheus.id.space);
        return result;
      }
    } else {
      meet(selector::from(spec[by_namespace]), all.namespace_labels(space), "spec." + by_namespace,
           "namespace " + space, result);
    }
    if (result.selected) {
      meet(selector::from(spec[by_labels]), monitor.label_map(), result.field, "the monitor",
           result);
    }
  } catch (selector_error const &error) {
    fail(result, "spec." + by_labels, error.what());
  }
  return result;
}

}  // namespace loopcheck
