// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/targets.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

selection select(std::string const &prometheus, char const *space = "monitoring") {
  auto const all =
      test::manifests("{kind: Namespace, metadata: {name: demo, labels: {env: prod}}}");
  auto ruler = value::map();
  ruler.set("kind", "Prometheus");
  ruler.set("metadata", test::yaml("{name: k8s, namespace: monitoring}"));
  ruler.set("spec", test::yaml(prometheus));
  auto monitor = test::object_of(
      test::yaml("{kind: ServiceMonitor, metadata: {name: m, labels: {release: prometheus}}}"));
  monitor.id.space = space;
  return selected_by(test::object_of(ruler), monitor, all);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_selection)

BOOST_AUTO_TEST_CASE(nil_against_empty) {
  BOOST_TEST(!select("{}").selected);
  BOOST_TEST(select("{}").field == "spec.serviceMonitorSelector");
  BOOST_TEST(!select("{serviceMonitorSelector: null}").selected);
  BOOST_TEST(!select("{podMonitorSelector: {}}").selected);
  BOOST_TEST(select("{serviceMonitorSelector: {}}").selected);
}

BOOST_AUTO_TEST_CASE(namespaces) {
  auto const own = select("{serviceMonitorSelector: {}}", "demo");
  BOOST_TEST(!own.selected);
  BOOST_TEST(own.field == "spec.serviceMonitorNamespaceSelector");
  BOOST_TEST(
      select("{serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}", "demo").selected);
  auto by = [](char const *labels) {
    return select(std::string("{serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: "
                              "{matchLabels: {") +
                      labels + "}}}",
                  "demo");
  };
  BOOST_TEST(by("env: prod").selected);
  BOOST_TEST(by("kubernetes.io/metadata.name: demo").selected);
  BOOST_TEST(by("env: test").unmet == std::vector<std::string>{"env=test"});
}

BOOST_AUTO_TEST_CASE(labels_of_the_monitor) {
  auto const other = select("{serviceMonitorSelector: {matchLabels: {release: kps, team: a}}}");
  BOOST_TEST(!other.selected);
  BOOST_TEST(other.unmet == (std::vector<std::string>{"release=kps", "team=a"}));
  BOOST_TEST(select("{serviceMonitorSelector: {matchLabels: {release: prometheus}}}").selected);
  BOOST_TEST(
      !select("{serviceMonitorSelector: {matchExpressions: [{key: a, operator: Or}]}}").selected);
}

BOOST_AUTO_TEST_SUITE_END()
