// SPDX-License-Identifier: Apache-2.0
// Link 5: Prometheus may read what it discovers, and its packets reach the Pods.
#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include <loopcheck/access/network_policy.hpp>
#include <loopcheck/access/rbac.hpp>
#include <loopcheck/objects/pods.hpp>

#include "links.hpp"

namespace loopcheck {
namespace {

struct right {
  std::string group, resource;
};

std::vector<right> rights_of(scrape_job const &job) {
  std::vector<right> made = {{"", "pods"}};
  if (job.role == sd_role::pod) return made;
  made.push_back({"", "services"});
  made.push_back(job.role == sd_role::endpoints ? right{"", "endpoints"}
                                                : right{"discovery.k8s.io", "endpointslices"});
  return made;
}

object_id account_of(object const &prometheus) {
  return {"ServiceAccount", prometheus.id.space,
          prometheus.spec()["serviceAccountName"].text_or("default")};
}

value texts(std::vector<std::string> const &of) {
  auto made = value::list();
  for (auto const &each : of)
    made.push(value(each));
  return made;
}

// A Role with all that the job needs, bound to the account; for the whole cluster where no
// namespace is given.
patch grant(object_id const &account, scrape_job const &job, std::string const &space) {
  auto const cluster = space.empty() ? std::string("Cluster") : std::string();
  auto const name = "scrape-by-" + account.space + "-" + account.name;
  auto const metadata = [&] {
    auto made = value::map({{"name", value(name)}});
    if (!space.empty()) made.set("namespace", value(space));
    return made;
  };
  auto rules = value::list();
  auto const rule = [&](std::string const &group, std::vector<std::string> const &resources) {
    rules.push(value::map({{"apiGroups", texts({group})},
                           {"resources", texts(resources)},
                           {"verbs", texts({"get", "list", "watch"})}}));
  };
  std::vector<std::string> core;
  for (auto const &each : rights_of(job)) {
    if (each.group.empty()) core.push_back(each.resource);
  }
  if (space.empty() && job.attach_node) core.push_back("nodes");
  if (space.empty() && job.attach_namespace) core.push_back("namespaces");
  rule("", core);
  for (auto const &each : rights_of(job)) {
    if (!each.group.empty()) rule(each.group, {each.resource});
  }
  auto const api = value("rbac.authorization.k8s.io/v1");
  auto role = value::map({{"apiVersion", api},
                          {"kind", value(cluster + "Role")},
                          {"metadata", metadata()},
                          {"rules", std::move(rules)}});
  auto binding = value::map({
      {"apiVersion", api},
      {"kind", value(cluster + "RoleBinding")},
      {"metadata", metadata()},
      {"roleRef", value::map({{"apiGroup", "rbac.authorization.k8s.io"},
                              {"kind", value(cluster + "Role")},
                              {"name", value(name)}})},
      {"subjects", value::list({value::map({{"kind", "ServiceAccount"},
                                            {"name", value(account.name)},
                                            {"namespace", value(account.space)}})})},
  });
  return {{cluster + "Role", space, name},
          value::map({{"apiVersion", "v1"},
                      {"kind", "List"},
                      {"items", value::list({std::move(role), std::move(binding)})}}),
          true};
}

// True where all is well or known to be unknown; adds the first right that is missing.
void check_rights(object const &prometheus, scrape_job const &job, std::string const &space,
                  context const &known, findings &made) {
  auto const account = account_of(prometheus);
  auto needed = rights_of(job);
  if (space.empty() && job.attach_node) needed.push_back({"", "nodes"});
  if (space.empty() && job.attach_namespace) needed.push_back({"", "namespaces"});
  for (auto const &each : needed) {
    for (auto const *const verb : {"list", "watch"}) {
      access_request request;
      request.verb = verb;
      request.api_group = each.group;
      request.resource = each.resource;
      request.space = space;
      auto const verdict = may(known.all, account, request);
      if (verdict.what == access_verdict::answer::allowed) continue;
      bool const unknown = verdict.what == access_verdict::answer::unknown;
      bool const of_cluster = each.resource == "nodes" || each.resource == "namespaces";
      auto found = make_finding(unknown      ? "LC0504"
                                : of_cluster ? "LC0505"
                                             : "LC0501",
                                prometheus, "spec.serviceAccountName");
      // Files never tell all; a cluster that may be read does.
      if (unknown && !known.live) found.severity = severity::info;
      found.found = verdict.why;
      found.expected = account.text() + " may " + text(request);
      found.fix =
          unknown ? "add its Roles and bindings to the input" : "apply the Role and binding";
      if (!unknown) found.change = grant(account, job, space);
      made.push_back(std::move(found));
      return;
    }
  }
}

// Its Pods in the cluster, or one as the Operator would label it.
std::vector<network_pod> pods_of_prometheus(object const &prometheus, context const &known) {
  std::vector<network_pod> made;
  for (auto const &pod : known.all.of_kind("Pod")) {
    if (runs(pod, prometheus)) made.push_back(network_pod::of(pod));
  }
  if (!made.empty() || known.live) return made;
  network_pod one;
  one.id = {"Pod", prometheus.id.space, "prometheus-" + prometheus.id.name + "-0"};
  one.own = to_labels(prometheus.spec()["podMetadata"]["labels"]);
  one.own.insert_or_assign("app.kubernetes.io/instance", prometheus.id.name);
  one.own.insert_or_assign("app.kubernetes.io/managed-by", "prometheus-operator");
  one.own.insert_or_assign("app.kubernetes.io/name", "prometheus");
  one.own.insert_or_assign("operator.prometheus.io/name", prometheus.id.name);
  one.own.insert_or_assign("operator.prometheus.io/shard", "0");
  one.own.insert_or_assign("prometheus", prometheus.id.name);
  made.push_back(std::move(one));
  return made;
}

std::optional<std::int64_t> port_of_address(labels const &of) {
  auto const address = of.find("__address__");
  if (address == of.end()) return std::nullopt;
  auto const colon = address->second.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::int64_t port = 0;
  auto const *const end = address->second.data() + address->second.size();
  auto const read = std::from_chars(address->second.data() + colon + 1, end, port);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(port) : std::nullopt;
}

finding blocked(chain const &of, network_pod const &from, network_pod const &to, std::int64_t port,
                network_verdict const &verdict, inventory const &all) {
  auto const *const policy = all.find(verdict.policy);
  bool const leaving =
      verdict.policy.space == from.id.space && verdict.field.find("ngress") == std::string::npos;
  auto const code = verdict.what == network_verdict::answer::undecided ? "LC0506"
                    : leaving                                          ? "LC0503"
                                                                       : "LC0502";
  auto made = make_finding(code, policy == nullptr ? *of.monitor : *policy, verdict.field);
  made.found = verdict.why;
  made.expected =
      "TCP from " + from.id.text() + " to port " + std::to_string(port) + " of " + to.id.text();
  made.fix = "admit it";
  made.change = verdict.change;
  return made;
}

void check_policies(chain const &of, object const &prometheus, context const &known,
                    findings &made) {
  if (known.all.of_kind("NetworkPolicy").empty()) return;
  auto const sources = pods_of_prometheus(prometheus, known);
  std::set<std::string> told;
  for (auto const *const target : of.targets) {
    if (!target->active() || target->prometheus != prometheus.id) continue;
    auto const *const pod = known.all.find(target->pod);
    auto const port = port_of_address(target->discovered());
    if (pod == nullptr || !port) continue;
    auto const to = network_pod::of(*pod);
    for (auto const &from : sources) {
      auto const verdict = admits(known.all, from, to, *port);
      if (verdict.what == network_verdict::answer::admitted) continue;
      if (told.insert(verdict.policy.text() + verdict.field).second) {
        made.push_back(blocked(of, from, to, *port, verdict, known.all));
      }
    }
  }
}

// A target that is up proves more than what is written: policies need a network plugin that
// enforces them, and rights that are gone show at the next watch.
void soften(findings &made) {
  std::erase_if(made, [](auto const &each) { return each.severity == severity::undecided; });
  for (auto &each : made) {
    each.severity = severity::warning;
    each.found += "; yet the target is up";
  }
}

}  // namespace

findings check_access(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) return made;
  for (auto const *const seen : of.selecting()) {
    auto const &prometheus = *known.all.find(seen->prometheus);
    if (known.stand_in) continue;  // nothing is known of its account and Pods
    std::set<std::string> asked;
    for (auto const &job : seen->generated.jobs) {
      auto spaces = job.all_namespaces ? std::vector<std::string>{""} : job.namespaces;
      if (job.attach_node || job.attach_namespace) spaces.emplace_back();
      for (auto const &space : spaces) {
        if (asked.insert(std::string(text(job.role)) + space).second) {
          check_rights(prometheus, job, space, known, made);
        }
      }
    }
    check_policies(of, prometheus, known, made);
  }
  if (is_up(of, known)) soften(made);
  return made;
}

}  // namespace loopcheck
