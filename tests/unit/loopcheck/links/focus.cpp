// SPDX-License-Identifier: Apache-2.0
// Which chains a live check looks at.
#include "world.hpp"

namespace loopcheck {

using test::world;

BOOST_AUTO_TEST_SUITE(links_focus)

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

BOOST_AUTO_TEST_CASE(history_of_a_service_that_nobody_monitors) {
  world one(
      "", [](inventory &all) { all.keep("ServiceMonitor", [](object const &) { return false; }); });
  BOOST_TEST(one.codes() == "LC0301 ");
  auto const asked = history_query(*one.all.find("Service", "demo", "demo"));
  BOOST_TEST(asked == "up{namespace=\"demo\",service=\"demo\"}");
  one.seen.queries[asked] = {0, 252.0, ""};
  BOOST_TEST(one.found("LC0906").found.find("4m12s old") != std::string::npos);
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
