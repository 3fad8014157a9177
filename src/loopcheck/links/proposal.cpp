// SPDX-License-Identifier: Apache-2.0
#include "proposal.hpp"

#include <algorithm>

#include <loopcheck/objects/pods.hpp>

#include "mend.hpp"
#include "near_miss.hpp"

namespace loopcheck {
namespace {

// What a Prometheus that is known selects monitors by; else what the Helm chart's does.
value labels_of_ours(bool of_service, context const &known) {
  auto const *const key = of_service ? "serviceMonitorSelector" : "podMonitorSelector";
  for (auto const &prometheus : known.all.of_kind("Prometheus")) {
    auto const &written = prometheus.spec()[key];
    if (written.is_null()) continue;
    try {
      auto labels = labels_that_meet(selector::from(written).requirements());
      auto made = value::map();  // of what must not be there nothing is written
      for (auto const &each : labels.entries())
        if (!each.held.is_null()) made.set(each.key, each.held);
      return made;
    } catch (selector_error const &) {  // selects nothing
    }
  }
  return value::map({{"release", "prometheus"}});
}

}  // namespace

patch proposal(chain const &of, context const &known) {
  bool const of_service = !of.services.empty();
  auto const &target = of.subject();
  auto const has =
      of_service || target.id.kind == "Pod" ? target.label_map() : template_labels(target);
  auto const ports = of_service ? service_ports(target) : container_ports(target);
  auto const best = std::find_if(ports.begin(), ports.end(), [](port_of const &each) {
    return each.name.find("metrics") != std::string::npos;
  });
  auto endpoint = value::map();
  if (!ports.empty()) {
    auto const &port = best == ports.end() ? ports.front() : *best;
    if (!port.name.empty()) endpoint.set("port", value(port.name));
    if (port.name.empty())
      endpoint.set(of_service ? "targetPort" : "portNumber", value(port.number));
  }
  auto const kind = of_service ? "ServiceMonitor" : "PodMonitor";
  patch made{{kind, target.id.space, target.id.name}, {}, true};
  made.content = value::map({
      {"apiVersion", "monitoring.coreos.com/v1"},
      {"kind", kind},
      {"metadata", value::map({{"name", value(target.id.name)},
                               {"namespace", value(target.id.space)},
                               {"labels", labels_of_ours(of_service, known)}})},
      {"spec", value::map({{"selector", value::map({{"matchLabels", to_value(lasting(has))}})},
                           {of_service ? "endpoints" : "podMetricsEndpoints",
                            value::list({std::move(endpoint)})}})},
  });
  return made;
}

}  // namespace loopcheck
