// SPDX-License-Identifier: Apache-2.0
// What runs, beside what was predicted: each piece of evidence and what is made of it.
#include <loopcheck/links/links.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>

#include <loopcheck/prediction/targets.hpp>

#include "../prediction/manifests.hpp"

namespace loopcheck {
namespace {

constexpr char const *objects = R"(
kind: Deployment
metadata: {name: demo, namespace: demo}
spec:
  template:
    metadata: {labels: {app: demo}}
    spec: {containers: [{name: main, ports: [{name: http, containerPort: 8080}]}]}
---
kind: Service
metadata: {name: demo, namespace: demo, labels: {app: demo}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: http}]}
---
kind: ServiceMonitor
metadata: {name: m, namespace: demo}
spec: {selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics}]}
---
kind: Prometheus
metadata: {name: k8s, namespace: monitoring}
spec: {serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}
---
kind: Pod
metadata:
  name: prometheus-k8s-0
  namespace: monitoring
  labels: {app.kubernetes.io/name: prometheus, operator.prometheus.io/name: k8s}
status: {conditions: [{type: Ready, status: "True"}]}
---
kind: Pod
metadata: {name: operator, namespace: monitoring}
spec: {containers: [{image: "prometheus-operator:v0.93.0"}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
kind: ClusterRole
metadata: {name: p}
rules:
- {apiGroups: ["", discovery.k8s.io], resources: ["*"], verbs: [get, list, watch]}
---
kind: ClusterRoleBinding
metadata: {name: p}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: p}
subjects: [{kind: ServiceAccount, name: default, namespace: monitoring}]
)";

std::string const pool = "serviceMonitor/demo/m/0";

/// A cluster in which all is well, until a test changes what is seen.
struct world {
  inventory all;
  prediction predicted;
  std::vector<chain> chains;
  observation seen;
  query_sources queries;

  explicit world(std::string const &more = "",
                 std::function<void(inventory &)> const &change = nullptr) {
    all = test::manifests(objects + more);
    derive(all);
    for (auto const *const kind :
         {"Pod", "Service", "ServiceMonitor", "PodMonitor", "Prometheus", "PrometheusAgent",
          "Endpoints", "EndpointSlice", "Namespace", "Role", "RoleBinding", "ClusterRole",
          "ClusterRoleBinding", "NetworkPolicy", "Secret", "ConfigMap", "ServiceAccount"})
      all.set_known(kind, inventory::knowledge::complete);
    if (change) change(all);
    predicted = predict(all, {});
    focus on;
    on.eager = false;
    chains = chains_of(all, predicted, on);
    auto &one = seen.each.emplace_back();
    one.id = {"Prometheus", "monitoring", "k8s"};
    one.generated.emplace(std::set<std::string>{pool});
    one.servers.push_back({"pod monitoring/prometheus-k8s-0", "3.5.0", false, true, true,
                           std::set<std::string>{pool}});
    live_targets up;
    one.up_at_s.emplace();
    one.samples_kept.emplace();
    for (auto const &each : predicted.targets) {
      if (!each.active()) continue;
      live_target made;
      made.server = one.servers.front().name;
      made.pool = each.pool;
      made.final = each.final;
      made.url = each.url;
      made.health = "up";
      up.active.push_back(made);
      (*one.up_at_s)[each.final] = 1e9;
      (*one.samples_kept)[each.final] = 100;
    }
    one.targets = merge({up});
  }

  observed_prometheus &prometheus() { return seen.each.front(); }
  live_target &target() { return prometheus().targets->active.front().worst; }

  verdict checked() const {
    context known(all, predicted);
    known.live = true;
    known.observed = &seen;
    known.queries = queries;
    return check(chains, known);
  }
  /// Codes of what breaks or cannot be decided.
  std::string codes() const {
    std::string made;
    for (auto const &each : checked().all) {
      if (each.severity == severity::error) made += each.code + " ";
      if (each.severity == severity::undecided) made += each.code + "? ";
    }
    return made;
  }
  finding found(std::string const &code) const {
    for (auto const &each : checked().all)
      if (each.code == code) return each;
    BOOST_FAIL("no " + code + " in " + codes());
    return {};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(links_live)

BOOST_AUTO_TEST_CASE(all_is_well) {
  world const one;
  BOOST_TEST(one.codes() == "");
  BOOST_TEST(one.seen.each.front().targets->active.size() == 1u);
  auto const found = one.checked();
  BOOST_TEST(!found.undecided);
  BOOST_TEST(found.chains.size() == 1u);
  BOOST_TEST(found.chains.front().subject.text() == "ServiceMonitor/demo/m");
}

BOOST_AUTO_TEST_CASE(the_operator_has_not_written_it) {
  world one(R"(
---
kind: Event
metadata: {name: e, namespace: demo}
involvedObject: {kind: ServiceMonitor, namespace: demo, name: m}
reason: InvalidConfiguration
message: it was rejected for a reason
)");
  one.prometheus().generated->clear();
  one.prometheus().servers.front().pools->clear();
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0604 ");
  BOOST_TEST(one.found("LC0604").found.find("for a reason") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(prometheus_has_not_loaded_it) {
  world one;
  one.prometheus().servers.front().pools->clear();
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0605 ");
}

BOOST_AUTO_TEST_CASE(secrets_may_not_be_read) {
  world one;
  one.prometheus().generated.reset();
  BOOST_TEST(one.codes() == "");  // what runs proves more
}

BOOST_AUTO_TEST_CASE(another_monitor_breaks_the_reload) {
  world one(R"(
---
kind: ServiceMonitor
metadata: {name: bad, namespace: team}
spec: {selector: {matchLabels: {app: x}}, endpoints: [{port: "me(trics"}]}
)");
  std::erase_if(one.chains, [](auto const &each) { return each.monitor->id.name != "m"; });
  one.prometheus().servers.front().reload_successful = false;
  BOOST_TEST(one.codes() == "LC0606 ");
  BOOST_TEST(one.found("LC0606").found.find("ServiceMonitor/team/bad") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(targets) {
  world absent;
  absent.prometheus().targets->active.clear();
  BOOST_TEST(absent.codes() == "LC0701 ");
  absent.prometheus().not_answered.push_back("prometheus-k8s-1: not ready");
  BOOST_TEST(absent.codes() == "LC0701? ");

  world other;
  other.target().final["job"] = "else";
  other.prometheus().up_at_s->emplace(other.target().final, 1e9);
  BOOST_TEST(other.codes() == "LC0702 ");
  BOOST_TEST(other.found("LC0702").found.find("job=\"else\" instead of \"demo\"") !=
             std::string::npos);

  world waiting;
  waiting.target().health = "unknown";
  BOOST_TEST(waiting.codes() == "LC0703? ");

  world silent;
  silent.prometheus().targets.reset();
  silent.prometheus().not_answered.push_back("prometheus-k8s-0: forbidden");
  BOOST_TEST(silent.codes() == "LC0708? ");
  BOOST_TEST(silent.found("LC0708").found == "prometheus-k8s-0: forbidden");
}

BOOST_AUTO_TEST_CASE(a_target_that_is_down) {
  struct row {
    std::string words, code;
    bool patch;
  };
  for (row const &each : {
           row{"Get \"http://x/metrics\": dial tcp 1.2.3.4:80: connect: connection refused",
               "LC0710", false},
           row{"server returned HTTP status 401 Unauthorized", "LC0713", false},
           row{"Get \"https://x\": http: server gave HTTP response to HTTPS client", "LC0718",
               true},
           row{"received unsupported Content-Type \"a/b\" and no fallback_scrape_protocol",
               "LC0720", true},
           row{"something new", "LC0727", false},
       }) {
    world one;
    one.target().health = "down";
    one.target().last_error = each.words;
    BOOST_TEST(one.codes() == each.code + " ");
    auto const found = one.found(each.code);
    BOOST_TEST(found.change.has_value() == each.patch, each.code);
    BOOST_TEST(found.found.find("1 of 1 targets") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(samples) {
  world none;
  none.prometheus().up_at_s->clear();
  BOOST_TEST(none.codes() == "LC0808 ");
  world empty;
  empty.prometheus().samples_kept->begin()->second = 0;
  BOOST_TEST(empty.codes() == "LC0808 ");
  world agent;
  agent.prometheus().servers.front().agent = true;
  agent.prometheus().servers.front().told_samples = false;
  agent.prometheus().up_at_s.reset();
  agent.prometheus().samples_kept.reset();
  BOOST_TEST(agent.codes() == "");
  BOOST_TEST(agent.found("LC0809").object.text() == "Prometheus/monitoring/k8s");
}

BOOST_AUTO_TEST_CASE(what_one_server_does_not_say) {
  world silent;
  silent.prometheus().servers.front().told_samples = false;
  BOOST_TEST(silent.codes() == "LC0808? ");

  // A target of another namespace, which was not read: nothing is known of it, nor asked.
  world more;
  merged_target other = more.prometheus().targets->active.front();
  other.worst.final["job"] = "else";
  other.worst.url = "http://10.0.0.9:80/metrics";
  more.prometheus().targets->active.push_back(other);
  BOOST_TEST(more.codes() == "");

  world agent;
  add_argument("up", 1, agent.queries);
  agent.prometheus().servers.front().agent = true;
  BOOST_TEST(agent.codes() == "LC0905? ");

  world half;
  add_argument("up", 1, half.queries);
  half.seen.queries["up"] = {0, {}, ""};
  half.prometheus().not_answered.push_back("prometheus-k8s-1: not ready");
  BOOST_TEST(half.codes() == "LC0905? ");
}

BOOST_AUTO_TEST_CASE(no_target_at_all) {
  auto const without_addresses = [](inventory &all) {
    for (auto const *const kind : {"Endpoints", "EndpointSlice"})
      all.keep(kind, [](object const &) { return false; });
  };
  world const gone("", without_addresses);
  BOOST_TEST(gone.codes() == "LC0206 LC0701 ");
  BOOST_TEST(gone.found("LC0701").because_of == "LC0206");
  world const unread("", [&](inventory &all) {
    without_addresses(all);
    all.set_known("Endpoints", inventory::knowledge::forbidden, "endpoints is forbidden: no");
  });
  BOOST_TEST(unread.codes() == "LC0206? LC0701? ");
}

BOOST_AUTO_TEST_CASE(nodes_may_not_be_read) {
  world one("", [](inventory &all) {
    auto monitor = *all.find("ServiceMonitor", "demo", "m");
    monitor.root.find_mutable("spec")->set("attachMetadata", value::map({{"node", value(true)}}));
    all.keep("ServiceMonitor", [](object const &) { return false; });
    all.add(monitor);
    all.set_known("Node", inventory::knowledge::forbidden, "nodes is forbidden: no");
  });
  one.target().final["zone"] = "a";
  one.prometheus().up_at_s->emplace(one.target().final, 1e9);
  BOOST_TEST(one.codes() == "LC0702? ");
  BOOST_TEST(one.found("LC0702").found.find("nodes is forbidden") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(several_operators) {
  auto const deployed = [](std::string const &name, std::string const &arguments) {
    return "\n---\nkind: Deployment\nmetadata: {name: " + name +
           ", namespace: monitoring}\nspec: {template: {spec: {containers: [{image: "
           "\"prometheus-operator:v0.93.0\", args: [" +
           arguments + "]}]}}}\n";
  };
  BOOST_TEST(world(deployed("all", "\"--namespaces=\"")).codes() == "");
  BOOST_TEST(world(deployed("team", "\"--namespaces=team\"")).codes() == "LC0409 ");
  BOOST_TEST(world(deployed("team", "\"--namespaces=team\"") + deployed("all", "")).codes() == "");
  BOOST_TEST(world(deployed("deny", "\"--deny-namespaces=demo\"")).codes() == "LC0409 ");
}

BOOST_AUTO_TEST_CASE(a_pod_that_goes_just_now) {
  world one("", [](inventory &all) {
    std::vector<object> pods(all.of_kind("Pod").begin(), all.of_kind("Pod").end());
    all.keep("Pod", [](object const &) { return false; });
    for (auto &each : pods) {
      each.root.find_mutable("metadata")->set("deletionTimestamp", value("2026-01-01T00:00:00Z"));
      all.add(each);
    }
  });
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0701? ");
}

BOOST_AUTO_TEST_CASE(a_monitor_that_misses_hides_nothing_elsewhere) {
  world const one(R"(
---
kind: ServiceMonitor
metadata: {name: misses, namespace: team}
spec: {selector: {matchLabels: {app: none}}, endpoints: [{port: metrics}]}
---
kind: Service
metadata: {name: forgotten, namespace: shop, labels: {app: shop}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: http}]}
---
kind: Service
metadata: {name: meant, namespace: team, labels: {app: team}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: http}]}
)");
  std::string subjects;
  for (auto const &each : one.chains)
    subjects += each.subject().id.text() + " ";
  BOOST_TEST(subjects ==
             "ServiceMonitor/demo/m ServiceMonitor/team/misses Service/shop/forgotten ");
}

BOOST_AUTO_TEST_CASE(queries) {
  world one;
  add_argument("up", 1, one.queries);
  one.seen.queries["up"] = {1, 10.0, ""};
  BOOST_TEST(one.codes() == "");
  one.seen.queries["up"] = {0, {}, ""};
  BOOST_TEST(one.codes() == "LC0905 ");
  one.seen.queries["up"] = {0, 240.0, ""};
  BOOST_TEST(one.found("LC0905").found.find("end 4m ago") != std::string::npos);
  one.seen.queries["up"] = {0, {}, "it is away"};
  BOOST_TEST(one.codes() == "LC0905? ");
  one.seen.queries["up"] = {2, 240.0, ""};  // only the lookback shows them
  BOOST_TEST(one.codes() == "");
  BOOST_TEST(one.found("LC0906").found.find("4m old") != std::string::npos);

  add_argument("http_request_total", 2, one.queries);
  one.seen.queries["http_request_total"] = {0, {}, ""};
  one.seen.metric_names.emplace(std::set<std::string>{"http_requests_total"});
  BOOST_TEST(one.codes() == "LC0902 ");
  BOOST_TEST(one.found("LC0902").expected == "http_requests_total");
}

BOOST_AUTO_TEST_CASE(history_of_a_service_that_nobody_monitors) {
  world one(
      "", [](inventory &all) { all.keep("ServiceMonitor", [](object const &) { return false; }); });
  BOOST_TEST(one.codes() == "LC0301 ");
  auto const asked = history_query(*one.all.find("Service", "demo", "demo"));
  BOOST_TEST(asked == "up{namespace=\"demo\",service=\"demo\"}");
  one.seen.queries[asked] = {0, 252.0, ""};
  BOOST_TEST(one.found("LC0906").found.find("4m12s old") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_may_not_be_read_is_not_broken) {
  world const one("", [](inventory &all) {
    all.keep("Service", [](object const &) { return false; });
    all.set_known("Service", inventory::knowledge::forbidden, "services is forbidden: no");
  });
  BOOST_TEST(one.codes() == "LC0302? ");
  BOOST_TEST(one.found("LC0302").found.find("services is forbidden: no") != std::string::npos);
  BOOST_TEST(one.checked().undecided);
}

BOOST_AUTO_TEST_CASE(no_crds) {
  world const one("", [](inventory &all) {
    for (auto const *const kind : {"ServiceMonitor", "PodMonitor"}) {
      all.keep(kind, [](object const &) { return false; });
      all.set_known(kind, inventory::knowledge::absent, "no such resource");
    }
  });
  BOOST_TEST(one.codes() == "LC0608 ");
}

BOOST_AUTO_TEST_CASE(a_policy_that_nobody_enforces) {
  std::string const policy = R"(
---
kind: NetworkPolicy
metadata: {name: deny, namespace: demo}
spec: {podSelector: {}, policyTypes: [Ingress]}
)";
  world one(policy);
  BOOST_TEST(one.codes() == "");
  BOOST_TEST((one.found("LC0502").severity == severity::warning));
  one.target().health = "down";
  one.target().last_error = "context deadline exceeded";
  BOOST_TEST(one.codes() == "LC0502 LC0711 ");
}

BOOST_AUTO_TEST_CASE(focus_on_a_part) {
  world const one;
  auto const subjects = [&](focus const &on) {
    std::string made;
    for (auto const &each : chains_of(one.all, one.predicted, on))
      made += each.subject().id.text() + " ";
    return made;
  };
  focus on;
  on.space = "demo";
  BOOST_TEST(subjects(on) == "ServiceMonitor/demo/m ");
  on.space = "monitoring";
  on.eager = false;
  BOOST_TEST(subjects(on) == "");
  on.space = "demo";
  on.named = {{"Service", "demo", "demo"}};
  BOOST_TEST(subjects(on) == "ServiceMonitor/demo/m ");
  on.named = {{"Pod", "monitoring", "operator"}};
  on.space = "monitoring";
  BOOST_TEST(subjects(on) == "Pod/monitoring/operator ");
  on.named.clear();
  on.space.reset();
  on.wanted = selector::parse("app=other");
  BOOST_TEST(subjects(on) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace loopcheck
