// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/discovery.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

inventory derived(std::string const &text) {
  inventory all;
  for (auto &root : parse_yaml(text, "test")) {
    auto one = test::object_of(std::move(root));
    one.file = "test";
    all.add(std::move(one));
  }
  derive(all);
  return all;
}

std::string workload(char const *kind, char const *more = "") {
  return std::string("kind: ") + kind + "\nmetadata: {name: w, namespace: demo}\nspec:\n  " + more +
         "\n  template: {metadata: {labels: {app: w}}, spec: {containers: [{name: c, ports: "
         "[{name: "
         "metrics, containerPort: 9090}]}]}}\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_derive)

BOOST_AUTO_TEST_CASE(a_pod_of_each_kind) {
  struct row {
    char const *kind;
    char const *name;
  };
  for (auto const &[kind, name] :
       {row{"Deployment", "w-xxxxxxxxxx-xxxxx"}, row{"StatefulSet", "w-0"},
        row{"DaemonSet", "w-xxxxx"}, row{"ReplicaSet", "w-xxxxx"}, row{"Job", "w-xxxxx"}}) {
    auto const all = derived(workload(kind));
    auto const *pod = all.find("Pod", "demo", name);
    BOOST_REQUIRE_MESSAGE(pod != nullptr, kind);
    BOOST_TEST((*pod)["status"]["podIP"].text() == std::string(name) + ".invalid");
    BOOST_TEST((*pod)["status"]["phase"].text() == "Running");
    BOOST_TEST(pod->label_map().at("app") == "w");
    BOOST_TEST(pod->derived_from.kind == kind);
  }
  auto const cron = derived(
      "{kind: CronJob, metadata: {name: w, namespace: demo}, spec: {jobTemplate: {spec: {template: "
      "{metadata: {labels: {app: w}}, spec: {containers: []}}}}}}");
  BOOST_TEST(cron.of_kind("Pod").size() == 1u);
}

BOOST_AUTO_TEST_CASE(none_where_none_is_wanted_or_one_is_there) {
  BOOST_TEST(derived(workload("Deployment", "replicas: 0")).of_kind("Pod").empty());
  BOOST_TEST(derived(workload("Job", "suspend: true")).of_kind("Pod").empty());
  auto const there =
      workload("Deployment") +
      "---\n{kind: Pod, metadata: {name: own, namespace: demo, labels: {app: w, x: y}}";
  BOOST_TEST(derived(there + ", status: {phase: Running}}").of_kind("Pod").size() == 1u);
  BOOST_TEST(derived(there + "}").of_kind("Pod").size() == 2u);  // one that nobody has run yet
}

BOOST_AUTO_TEST_CASE(pods_of_the_operator) {
  auto const prometheus = std::string(
      "{kind: Prometheus, metadata: {name: k8s, namespace: demo}, spec: {version: v3.5.0, "
      "podMetadata: {labels: {team: a}}}}\n");
  auto const all = derived(prometheus);
  auto const *pod = all.find("Pod", "demo", "prometheus-k8s-0");
  BOOST_REQUIRE(pod != nullptr);
  auto const has = pod->label_map();
  BOOST_TEST(has.at("prometheus") == "k8s");
  BOOST_TEST(has.at("app.kubernetes.io/name") == "prometheus");
  BOOST_TEST(has.at("app.kubernetes.io/version") == "3.5.0");
  BOOST_TEST(has.at("team") == "a");
  auto const &port = pod->spec()["containers"].item(0)["ports"].item(0);
  BOOST_TEST(port["name"].text() == "web");
  BOOST_TEST(port["containerPort"].integer().value() == 9090);
  // A cluster's own Pods are all there are.
  BOOST_TEST(derived(prometheus +
                     "---\n{kind: Pod, metadata: {name: p, namespace: demo}, status: {phase: "
                     "Running}}")
                 .of_kind("Pod")
                 .size() == 1u);
}

BOOST_AUTO_TEST_CASE(endpoints_of_a_service) {
  auto const all = derived(workload("Deployment") + R"(
---
kind: Service
metadata: {name: s, namespace: demo, labels: {team: a}}
spec:
  clusterIP: None
  selector: {app: w}
  ports:
  - {name: m, port: 80, targetPort: metrics}
  - {name: second, port: 81}
  - {name: o, port: 82, targetPort: none}
---
kind: Service
metadata: {name: other, namespace: demo}
spec: {selector: {app: nothing}, ports: [{port: 80}]}
---
kind: Service
metadata: {name: by-hand, namespace: demo}
spec: {ports: [{port: 80}]}
)");
  auto const *endpoints = all.find("Endpoints", "demo", "s");
  BOOST_REQUIRE(endpoints != nullptr);
  auto const &subset = (*endpoints)["subsets"].item(0);
  BOOST_TEST(subset["ports"].size() == 2u);  // the third leads nowhere
  BOOST_TEST(subset["ports"].item(0)["port"].integer().value() == 9090);
  BOOST_TEST(subset["ports"].item(1)["port"].integer().value() == 81);
  BOOST_TEST(subset["addresses"].item(0)["targetRef"]["name"].text() == "w-xxxxxxxxxx-xxxxx");
  BOOST_TEST(endpoints->label_map().at("team") == "a");
  BOOST_TEST(endpoints->label_map().count("service.kubernetes.io/headless") == 1u);
  auto const slices = all.of_kind("EndpointSlice");
  BOOST_REQUIRE(slices.size() == 1u);
  BOOST_TEST(slices[0].label_map().at("kubernetes.io/service-name") == "s");
  BOOST_TEST(slices[0]["endpoints"].item(0)["conditions"]["ready"].boolean_or(false));
  BOOST_TEST((*all.find("Endpoints", "demo", "other"))["subsets"].items().empty());
  BOOST_TEST(all.find("Endpoints", "demo", "by-hand") == nullptr);
}

BOOST_AUTO_TEST_CASE(pods_that_are_not_ready_or_have_ended) {
  auto const all = derived(R"(
kind: Pod
metadata: {name: a, namespace: demo, labels: {app: w}}
spec: {containers: []}
status: {podIP: 10.0.0.1, phase: Running}
---
kind: Pod
metadata: {name: b, namespace: demo, labels: {app: w}}
status: {podIP: 10.0.0.2, phase: Failed}
---
kind: Service
metadata: {name: s, namespace: demo}
spec: {selector: {app: w}, ports: [{port: 80}]}
---
kind: Service
metadata: {name: eager, namespace: demo}
spec: {selector: {app: w}, publishNotReadyAddresses: true, ports: [{port: 80}]}
)");
  auto const &waiting = (*all.find("Endpoints", "demo", "s"))["subsets"].item(0);
  BOOST_TEST(waiting["notReadyAddresses"].size() == 1u);
  BOOST_TEST(!waiting.has("addresses"));
  BOOST_TEST((*all.find("Endpoints", "demo", "eager"))["subsets"].item(0)["addresses"].size() ==
             1u);
}

BOOST_AUTO_TEST_SUITE_END()
