// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/targets.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

constexpr char const *application = R"(
kind: Deployment
metadata: {name: demo, namespace: demo}
spec:
  template:
    metadata: {labels: {app: demo}}
    spec:
      containers:
      - name: main
        ports: [{name: metrics, containerPort: 8080}, {name: extra, containerPort: 8081}]
---
kind: Service
metadata: {name: demo, namespace: demo, labels: {app: demo}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: metrics}]}
---
kind: Service
metadata: {name: other, namespace: demo, labels: {app: other}}
spec: {selector: {app: demo}, ports: [{name: metrics, port: 80, targetPort: metrics}]}
)";

prediction predicted(std::string const &monitor, std::string const &ruler = "",
                     predict_options const &options = {}) {
  auto all =
      test::manifests(std::string(application) +
                      "---\nkind: ServiceMonitor\nmetadata: {name: "
                      "m, namespace: demo}\nspec: " +
                      monitor +
                      "\n---\nkind: Prometheus\nmetadata: {name: k8s, namespace: monitoring}\n"
                      "spec: {serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}" +
                      ruler + "}\n");
  derive(all);
  return predict(all, options);
}

std::vector<target> active(prediction const &of) {
  std::vector<target> result;
  for (auto const &one : of.targets) {
    if (one.active()) {
      result.push_back(one);
    }
  }
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_targets)

BOOST_AUTO_TEST_CASE(labels_of_a_target) {
  auto const made =
      predicted("{selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics}]}");
  auto const targets = active(made);
  BOOST_REQUIRE(targets.size() == 1u);
  labels const expected{{"container", "main"},
                        {"endpoint", "metrics"},
                        {"instance", "demo-xxxxxxxxxx-xxxxx.invalid:8080"},
                        {"job", "demo"},
                        {"namespace", "demo"},
                        {"pod", "demo-xxxxxxxxxx-xxxxx"},
                        {"service", "demo"}};
  BOOST_TEST((targets[0].final == expected));
  BOOST_TEST(targets[0].url == "http://demo-xxxxxxxxxx-xxxxx.invalid:8080/metrics");
  BOOST_TEST(targets[0].interval == "30s");
  BOOST_TEST(targets[0].timeout == "10s");
  BOOST_TEST(targets[0].shard.value() == 0u);
  // The other port of the Pod is dropped by the port's rule; the other Service is left aside.
  BOOST_REQUIRE(made.targets.size() == 2u);
  auto const &dropped = made.targets[1];
  auto const &rules = made.monitors.at(0).generated.jobs.at(0).relabel_rules;
  BOOST_TEST(rules.at(dropped.dropped_by.value()).origin == "the operator: port");
  BOOST_TEST(made.monitors.at(0).left_aside.at(0) == 2u);
}

BOOST_AUTO_TEST_CASE(all_that_is_dropped_where_it_is_asked_for) {
  predict_options options;
  options.all_dropped = true;
  auto const made = predicted(
      "{selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics}]}", "", options);
  BOOST_TEST(made.targets.size() == 4u);
  BOOST_TEST(active(made).size() == 1u);
}

BOOST_AUTO_TEST_CASE(values_of_selectors_are_regexes) {
  BOOST_TEST(active(predicted("{selector: {matchLabels: {app: d.mo}}, endpoints: [{port: me.*}]}"))
                 .size() == 1u);
  BOOST_TEST(
      active(predicted("{selector: {matchExpressions: [{key: app, operator: In, values: [demo, "
                       "other]}]}, endpoints: [{targetPort: 8080}]}"))
          .size() == 2u);
  BOOST_TEST(
      active(predicted("{selector: {matchLabels: {app: d.mo}}, selectorMechanism: RoleSelector, "
                       "endpoints: [{port: metrics}]}"))
          .empty());
}

BOOST_AUTO_TEST_CASE(a_target_that_cannot_be) {
  auto failure = [](char const *relabeling) {
    auto const made = predicted(
        "{selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics, "
        "relabelings: [" +
        std::string(relabeling) + "]}]}");
    return made.targets.at(0).failure;
  };
  BOOST_TEST(failure("{action: labeldrop, regex: __address__}") == "no address");
  BOOST_TEST(failure("{targetLabel: __address__, replacement: 'http://x/'}") != "");
  BOOST_TEST(failure("{targetLabel: __scrape_interval__, replacement: soon}") != "");
  BOOST_TEST(failure("{targetLabel: __scrape_timeout__, replacement: 60s}") != "");
  BOOST_TEST(failure("{targetLabel: a, replacement: b}") == "");
}

BOOST_AUTO_TEST_CASE(the_same_twice_is_scraped_once) {
  auto const made = predicted(
      "{selector: {}, endpoints: [{port: metrics, relabelings: [{action: "
      "labeldrop, regex: service|job}]}]}");
  BOOST_TEST(active(made).size() == 1u);
}

BOOST_AUTO_TEST_CASE(shards_and_zones) {
  auto shard = [](std::string const &ruler, char const *relabeling) {
    auto const made = predicted(
        "{selector: {matchLabels: {app: demo}}, endpoints: [{port: metrics, "
        "relabelings: [" +
            std::string(relabeling) + "]}]}",
        ruler);
    auto const targets = active(made);
    return targets.empty() ? -2 : targets[0].shard ? static_cast<int>(*targets[0].shard) : -1;
  };
  BOOST_TEST(shard(", shards: 4", "{targetLabel: __tmp_hash, replacement: foo}") < 4);
  BOOST_TEST(shard(", shards: 4", "{targetLabel: __tmp_disable_sharding, replacement: x}") == -1);
  std::string const zones =
      ", shards: 2, shardingStrategy: {mode: Topology, topology: {values: [a, b]}}";
  BOOST_TEST(shard(zones, "{targetLabel: __tmp_topology, replacement: b}") == 1);
  BOOST_TEST(shard(zones, "{targetLabel: __tmp_topology, replacement: c}") == -2);
}

BOOST_AUTO_TEST_CASE(a_pool_that_does_not_load_has_no_targets) {
  auto const made = predicted("{selector: {}, endpoints: [{port: 'me(trics'}]}");
  BOOST_TEST(made.targets.empty());
  BOOST_TEST(made.monitors.at(0).generated.jobs.size() == 1u);
  BOOST_TEST(!made.monitors.at(0).generated.rejected.at(0).loads);
}

BOOST_AUTO_TEST_SUITE_END()
