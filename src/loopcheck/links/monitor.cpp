// SPDX-License-Identifier: Apache-2.0
// Link 3: there is a monitor, and it matches what it is meant to match: labels, namespaces, ports.
#include <algorithm>
#include <string>

#include <loopcheck/objects/pods.hpp>

#include "beyond_input.hpp"
#include "links.hpp"
#include "mend.hpp"
#include "near_miss.hpp"
#include "proposal.hpp"

namespace loopcheck {
namespace {

using candidates = std::vector<std::pair<object const *, labels>>;

finding no_monitor(chain const &of, context const &known) {
  auto made = make_finding("LC0301", of.subject(), "");
  made.found = "no ServiceMonitor or PodMonitor takes it";
  made.expected = "a monitor";
  made.fix = "add one; labels as your Prometheus selects them";
  made.change = proposal(of, known);
  return made;
}

std::string spaces_of(chain const &of) {
  std::string made;
  for (auto const &each : of.namespaces)
    made += (made.empty() ? "" : ", ") + each;
  return made;
}

candidates all_candidates(chain const &of, inventory const &all) {
  candidates made;
  if (!of.of_pods()) {
    for (auto const &each : all.of_kind("Service"))
      made.emplace_back(&each, each.label_map());
    return made;
  }
  for (auto const kind : workload_kinds()) {
    for (auto const &each : all.of_kind(kind)) {
      made.emplace_back(&each, template_labels(each));
    }
  }
  for (auto const &each : all.of_kind("Pod")) {
    if (each.derived_from.kind.empty()) made.emplace_back(&each, each.label_map());
  }
  return made;
}

finding looks_elsewhere(chain const &of, object const &there) {
  auto made = make_finding("LC0304", *of.monitor, "spec.namespaceSelector");
  made.found = "looks into " + spaces_of(of);
  made.expected = there.id.space + ", where " + there.id.text() + " is";
  made.fix = "write namespaceSelector.matchNames: [" + there.id.space + "]";
  made.change = patch{of.monitor->id,
                      at_spec("namespaceSelector",
                              value::map({{"matchNames", value::list({value(there.id.space)})}}))};
  return made;
}

// What the selector does match, where it was written for something else.
std::string confusion(chain const &of, object const &near) {
  if (of.of_pods()) return "";
  if (of.choice->matches(to_labels(near.spec()["selector"]))) {
    return " (its spec.selector has them, its metadata.labels not)";
  }
  return "";
}

finding matches_none(chain const &of, context const &known) {
  auto const &all = known.all;
  auto const everything = all_candidates(of, all);
  for (auto const &[object, has] : everything) {
    if (!of.looks_into(object->id.space) && of.choice->matches(has) &&
        !of.choice->selects_everything()) {
      return looks_elsewhere(of, *object);
    }
  }
  candidates seen;
  std::copy_if(everything.begin(), everything.end(), std::back_inserter(seen),
               [&](auto const &each) { return of.looks_into(each.first->id.space); });
  auto made = make_finding(of.of_pods() ? "LC0303" : "LC0302", *of.monitor, "spec.selector");
  made.found = of.choice->selects_nothing() ? "no selector" : of.choice->text();
  std::string const what = of.of_pods() ? "Pod" : "Service";
  auto const near = nearest_labels(*of.choice, seen.empty() ? everything : seen);
  auto const there = [&](std::string_view space) { return of.looks_into(space); };
  auto const why = known.live ? "" : beyond_input(all, near, !seen.empty(), there);
  if (everything.empty() || !why.empty()) {
    made.severity = severity::undecided;
    made.expected =
        "a " + what + " in " + spaces_of(of) + ": " + (why.empty() ? "none is known" : why);
    made.fix = std::string("add the ") + (of.of_pods() ? "workload" : "Service") + " to the input";
    return made;
  }
  if (near.of == nullptr) {
    made.expected = "labels of a " + what + " in " + spaces_of(of);
    made.fix = "write the labels of the " + what + " that you mean";
    return made;
  }
  made.expected =
      "labels of " + near.of->id.text() + ": " + text(lasting(near.has)) + confusion(of, *near.of);
  if (lasting(near.has).empty()) {  // then the Service gets the monitor's
    made.fix = "label the Service";
    auto wanted = value::map();
    for (auto const &each : of.choice->requirements()) {
      if (!each.values.empty()) wanted.set(each.key, value(each.values.front()));
    }
    made.change =
        patch{near.of->id, value::map({{"metadata", value::map({{"labels", std::move(wanted)}})}})};
    return made;
  }
  made.fix = "select by labels that the " + what + " has";
  auto chosen = value::map({{"matchLabels", match_labels_patch(*of.choice, near.has)}});
  if (of.monitor->spec()["selector"].has("matchExpressions")) chosen.set("matchExpressions", {});
  made.change = patch{of.monitor->id, at_spec("selector", std::move(chosen))};
  return made;
}

std::vector<port_of> ports_of(std::vector<object const *> const &objects, bool of_services) {
  std::vector<port_of> made;
  for (auto const *const each : objects) {
    for (auto &port : of_services ? service_ports(*each) : container_ports(*each)) {
      auto const same = [&](port_of const &one) {
        return one.name == port.name && one.number == port.number;
      };
      if (std::none_of(made.begin(), made.end(), same)) made.push_back(std::move(port));
    }
  }
  return made;
}

// The port that was meant: of this number, or of a container port's name that the Service calls
// otherwise, or the only one.
port_of const *meant(value const &written, std::vector<port_of> const &there,
                     std::vector<port_of> const &declared) {
  auto const by_number = [&](std::string_view number) {
    return std::find_if(there.begin(), there.end(), [&](port_of const &each) {
      return std::to_string(each.number) == number && !each.name.empty();
    });
  };
  if (auto const at = by_number(written.text()); at != there.end()) return &*at;
  for (auto const &each : declared) {
    if (each.name != written.text() && std::to_string(each.number) != written.text()) continue;
    if (auto const at = by_number(std::to_string(each.number)); at != there.end()) return &*at;
  }
  auto const named = [](port_of const &each) { return !each.name.empty(); };
  if (std::count_if(there.begin(), there.end(), named) != 1) return nullptr;
  return &*std::find_if(there.begin(), there.end(), named);
}

struct asked {
  std::string key;  // "port", "targetPort", "portNumber"
  value const *written;
};

asked asked_of(chain const &of, value const &endpoint) {
  if (!endpoint["port"].text().empty()) return {"port", &endpoint["port"]};
  if (of.of_pods() && endpoint.has("portNumber")) return {"portNumber", &endpoint["portNumber"]};
  if (endpoint.has("targetPort")) return {"targetPort", &endpoint["targetPort"]};
  return {"", nullptr};
}

bool is_number(value const &written) {
  return written.text().find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_there(asked const &wanted, std::vector<port_of> const &there) {
  return std::any_of(there.begin(), there.end(), [&](port_of const &each) {
    if (wanted.key == "port" || wanted.written->is_text()) {
      if (each.name == wanted.written->text()) return true;
    }
    return wanted.key != "port" && std::to_string(each.number) == wanted.written->text();
  });
}

bool has_targets(chain const &of, std::size_t endpoint) {
  auto const ending = "/" + std::to_string(endpoint);
  return std::any_of(of.targets.begin(), of.targets.end(), [&](target const *each) {
    return each->active() && each->pool.ends_with(ending);
  });
}

// A port whose regex does not compile breaks more than this monitor: link 6 says so.
bool breaks_the_reload(chain const &of, std::string const &field) {
  for (auto const *const seen : of.selecting()) {
    for (auto const &each : seen->generated.rejected) {
      if (!each.loads && each.field == field) return true;
    }
  }
  return false;
}

void check_port(chain const &of, std::size_t index, findings &made) {
  auto const &endpoint = of.endpoints()[index];
  auto const field = of.endpoints_field() + "[" + std::to_string(index) + "]";
  auto const wanted = asked_of(of, endpoint);
  if (wanted.written == nullptr) {
    auto found = make_finding("LC0316", *of.monitor, field);
    found.found = "neither port nor " + std::string(of.of_pods() ? "portNumber" : "targetPort");
    found.expected = "one port";
    found.fix = "write the port that has the metrics";
    made.push_back(std::move(found));
    return;
  }
  bool const of_service = wanted.key == "port" && !of.of_pods();
  auto const declared = ports_of(of.pods, false);
  auto const there = of_service ? ports_of(of.services, true) : declared;
  if (has_targets(of, index) || is_there(wanted, there)) return;
  // A port without a name is the Service's fault (link 2); Pods that are not there, that of 1 or 2.
  auto const unnamed = [](port_of const &each) { return each.name.empty(); };
  if (of_service && std::any_of(there.begin(), there.end(), unnamed) &&
      !is_number(*wanted.written)) {
    return;
  }
  if (!of_service && of.pods.empty()) return;
  if (breaks_the_reload(of, field + "." + wanted.key)) return;
  auto found = make_finding(of.of_pods() ? "LC0307"
                            : of_service ? "LC0305"
                                         : "LC0306",
                            *of.monitor, field + "." + wanted.key);
  found.found = wanted.key + ": " + std::string(wanted.written->text());
  found.expected = (of_service ? "a port of " + of.services.front()->id.text()
                               : std::string("a declared container port")) +
                   ": " + text(there);
  found.fix =
      "name the port as " + std::string(of_service ? "the Service" : "the container") + " does";
  if (auto const *const right = meant(*wanted.written, there, declared)) {
    found.fix = "write port: " + right->name;
    auto changed = endpoint;
    changed.erase("targetPort");
    changed.erase("portNumber");
    if (of.of_pods() || of_service) {
      changed.set("port", value(right->name));
    } else {
      changed.set("targetPort", value(right->name));
      found.fix = "write targetPort: " + right->name;
    }
    found.change = endpoint_patch(of, index, std::move(changed));
  }
  made.push_back(std::move(found));
}

void check_scheme(chain const &of, std::size_t index, findings &made) {
  auto const &endpoint = of.endpoints()[index];
  auto const field = of.endpoints_field() + "[" + std::to_string(index) + "]";
  auto const scheme = endpoint["scheme"].text_or("http");
  auto const port = endpoint["port"].text();
  bool const https = scheme == "https" || scheme == "HTTPS";
  if (!https && port.starts_with("https")) {
    auto found = make_finding("LC0312", *of.monitor, field + ".scheme");
    found.found = "scheme: " + scheme + " on port " + std::string(port);
    found.expected = "scheme: https";
    found.fix = "write scheme: https, if the port speaks TLS";
    made.push_back(std::move(found));
  } else if (!https && endpoint["tlsConfig"].size() > 0) {
    auto found = make_finding("LC0313", *of.monitor, field + ".tlsConfig");
    found.found = "tlsConfig, and scheme: " + scheme;
    found.expected = "scheme: https";
    found.fix = "write scheme: https, or remove tlsConfig";
    made.push_back(std::move(found));
  }
  auto const path = endpoint["path"].text();
  if (!path.empty() && path.front() != '/') {
    auto found = make_finding("LC0311", *of.monitor, field + ".path");
    found.found = "path: " + std::string(path);
    found.expected = "path: /" + std::string(path);
    found.fix = "begin it with a slash";
    made.push_back(std::move(found));
  }
  if (of.of_pods() && endpoint.has("targetPort")) {
    auto found = make_finding("LC0314", *of.monitor, field + ".targetPort");
    found.found = "targetPort";
    found.expected = "port or portNumber";
    found.fix = "use port with the container's name for it";
    made.push_back(std::move(found));
  }
}

bool is_regex(std::string_view text) {
  return text.find_first_of(".*+?()[]{}|^$\\") != std::string_view::npos;
}

void check_regexes(chain const &of, findings &made) {
  if (of.monitor->spec()["selectorMechanism"].text() == "RoleSelector") return;
  for (auto const &[key, held, where] : of.monitor->spec()["selector"]["matchLabels"].entries()) {
    if (!is_regex(held.text())) continue;
    auto found = make_finding("LC0315", *of.monitor, "spec.selector.matchLabels[" + key + "]");
    found.found = key + ": " + std::string(held.text());
    found.expected = "text without .*+?()[]{}|^$\\";
    found.fix = "set selectorMechanism: RoleSelector, if it matches more than is meant";
    made.push_back(std::move(found));
  }
}

// Without one, Prometheus' own or the interval counts, whichever is shorter.
std::optional<patch> without_timeout(chain const &of, std::string const &field) {
  for (std::size_t index = 0; index < of.endpoints().size(); ++index) {
    if (field == of.endpoints_field() + "[" + std::to_string(index) + "].scrapeTimeout")
      return endpoint_field_patch(of, index, "scrapeTimeout", {});
  }
  return std::nullopt;
}

void check_rejections(chain const &of, findings &made) {
  for (auto const *const seen : of.selecting()) {
    for (auto const &each : seen->generated.rejected) {
      if (each.field.find("scrapeTimeout") == std::string::npos) continue;
      auto found = make_finding("LC0308", *of.monitor, each.field);
      found.found = each.why;
      found.expected = "scrapeTimeout at most the interval";
      found.fix = "shorten scrapeTimeout, or lengthen interval";
      found.change = without_timeout(of, each.field);
      made.push_back(std::move(found));
    }
  }
}

}  // namespace

findings check_monitor(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) {
    if (!lacks_crds(known)) made.push_back(no_monitor(of, known));
    return made;
  }
  if (!of.choice) {
    auto found = make_finding("LC0310", *of.monitor, "spec.selector");
    found.found = of.choice_error;
    found.expected = "a label selector";
    found.fix = "correct it";
    made.push_back(std::move(found));
    return made;
  }
  if (of.endpoints().empty()) {
    auto found = make_finding("LC0309", *of.monitor, of.endpoints_field());
    found.found = "nothing";
    found.expected = "an endpoint";
    found.fix = "add one with the port that has the metrics";
    made.push_back(std::move(found));
    return made;
  }
  bool const live_targets = std::any_of(of.targets.begin(), of.targets.end(),
                                        [](auto const *each) { return each->active(); });
  bool const matches =
      of.of_pods() ? !of.pods.empty() || !of.workloads.empty() : !of.services.empty();
  if (!matches && !live_targets) return {matches_none(of, known)};
  for (std::size_t index = 0; index < of.endpoints().size(); ++index) {
    check_port(of, index, made);
    check_scheme(of, index, made);
  }
  if (of.choice->selects_everything()) {
    auto found = make_finding("LC0317", *of.monitor, "spec.selector");
    found.found = "an empty selector";
    found.expected = "labels";
    found.fix = "write the labels of what is meant";
    made.push_back(std::move(found));
  }
  check_regexes(of, made);
  check_rejections(of, made);
  return made;
}

}  // namespace loopcheck
