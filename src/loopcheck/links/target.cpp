// SPDX-License-Identifier: Apache-2.0
// Link 7: the targets that the monitor makes, and what Prometheus says of them.
#include <algorithm>
#include <map>
#include <string>

#include "links.hpp"
#include "live_target.hpp"
#include "mend.hpp"
#include "near_miss.hpp"

namespace loopcheck {
namespace {

struct pool {
  scrape_job const *job;
  std::vector<target const *> active, dropped;
};

std::vector<pool> pools_of(chain const &of) {
  std::vector<pool> made;
  for (auto const *const seen : of.selecting()) {
    for (auto const &job : seen->generated.jobs) {
      pool one{&job, {}, {}};
      for (auto const *const each : of.targets) {
        if (each->pool != job.name || each->prometheus != seen->prometheus) continue;
        (each->active() ? one.active : one.dropped).push_back(each);
      }
      made.push_back(std::move(one));
    }
  }
  return made;
}

// A rule of the user's own that drops what the Operator's rules have kept.
void check_dropped(chain const &of, pool const &one, findings &made) {
  if (!one.active.empty()) return;
  for (auto const *const each : one.dropped) {
    if (!each->dropped_by) {
      auto found = make_finding("LC0704", *of.monitor, one.job->endpoint_field + ".relabelings");
      found.found = each->failure;
      found.expected = "an address to scrape";
      found.fix = "correct the rules that write __address__ and the like";
      made.push_back(std::move(found));
      return;
    }
    auto const &rule = one.job->relabel_rules[*each->dropped_by];
    if (!rule.origin.starts_with("spec.")) continue;
    auto found = make_finding("LC0704", *of.monitor, rule.origin);
    found.found = text(rule) + ", which drops " + std::to_string(one.dropped.size()) + " of " +
                  std::to_string(one.dropped.size());
    found.expected = "a rule that keeps a target";
    found.fix = "correct or remove it";
    found.change = without_rule(of, rule.origin);
    made.push_back(std::move(found));
    return;
  }
}

void check_ended(chain const &of, pool const &one, findings &made) {
  if (!one.active.empty() || of.pods.empty()) return;
  bool const all_ended = std::all_of(of.pods.begin(), of.pods.end(), [](object const *pod) {
    auto const phase = pod->root["status"]["phase"].text();
    return phase == "Succeeded" || phase == "Failed";
  });
  if (!all_ended) return;
  auto found = make_finding("LC0705", *of.monitor, one.job->endpoint_field + ".filterRunning");
  found.found = std::to_string(of.pods.size()) + " Pods, all ended";
  found.expected = "Pods that run";
  found.fix = "scrape while they run, or push before they end";
  made.push_back(std::move(found));
}

// A derived Pod stands for all replicas of its workload.
std::int64_t replicas(target const &of, inventory const &all) {
  auto const *const pod = all.find(of.pod);
  if (pod == nullptr || pod->derived_from.kind.empty()) return 1;
  return origin_of(*pod, all).spec()["replicas"].integer().value_or(1);
}

void check_limit(chain const &of, pool const &one, inventory const &all, findings &made) {
  auto const limit = one.job->target_limit.value_or(0);
  std::int64_t targets = 0;
  for (auto const *const each : one.active)
    targets += replicas(*each, all);
  if (limit <= 0 || targets <= limit) return;
  // Prometheus itself has said so.
  if (std::any_of(made.begin(), made.end(), [](auto const &each) { return each.code == "LC0725"; }))
    return;
  auto found = make_finding("LC0706", *of.monitor, "spec.targetLimit");
  found.found = "targetLimit: " + std::to_string(limit);
  found.expected = std::to_string(targets) + " or more, the targets of " + one.job->name;
  found.fix = "raise it";
  found.change =
      patch{of.monitor->id, value::map({{"spec", value::map({{"targetLimit", value(targets)}})}})};
  made.push_back(std::move(found));
}

void check_init(chain const &of, pool const &one, inventory const &all, findings &made) {
  for (auto const *const each : one.active) {
    auto const discovered = each->discovered();
    auto const is_init = discovered.find("__meta_kubernetes_pod_container_init");
    if (is_init == discovered.end() || is_init->second != "true") continue;
    auto found = make_finding("LC0707", *of.monitor, one.job->endpoint_field);
    auto const *const pod = all.find(each->pod);
    found.found = each->url + (pod == nullptr ? "" : " of " + origin_of(*pod, all).id.text());
    found.expected = "a port of a container that runs";
    found.fix = "name a port that no init container declares";
    made.push_back(std::move(found));
    return;
  }
}

// Labels of nodes or namespaces are part of the prediction, and could not be read.
char const *unread_metadata(scrape_job const &job, context const &known) {
  if (!known.live) return nullptr;
  using knowledge = inventory::knowledge;
  if (job.attach_node && known.all.known("Node") != knowledge::complete) return "Node";
  if (job.attach_namespace && known.all.known("Namespace") != knowledge::complete)
    return "Namespace";
  return nullptr;
}

void soften(findings &made, std::size_t from, std::string const &kind, context const &known) {
  for (auto i = from; i < made.size(); ++i) {
    auto &each = made[i];
    if (each.code != "LC0701" && each.code != "LC0702" && each.code != "LC0704") continue;
    each.severity = severity::undecided;
    each.change.reset();
    each.found += "; kind " + kind + " could not be read: ";
    each.found += known.all.why_unknown(kind);
  }
}

}  // namespace

findings check_target(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) return made;
  for (auto const &one : pools_of(of)) {
    auto const before = made.size();
    check_seen(of, *one.job, one.active, !one.dropped.empty(), known, made);
    check_dropped(of, one, made);
    if (auto const *const kind = unread_metadata(*one.job, known))
      soften(made, before, kind, known);
    check_ended(of, one, made);
    check_limit(of, one, known.all, made);
    check_init(of, one, known.all, made);
  }
  return made;
}

}  // namespace loopcheck
