// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;
using test::jobs_of;

namespace {

struct row {
  char const *field;
  char const *spec;
  char const *prometheus = "{}";
  version_number by = test::new_operator;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_monitor_checks)

BOOST_AUTO_TEST_CASE(what_the_operator_leaves_out) {
  for (auto const &[field, spec, prometheus, by] : {
           row{"spec.selector", "{selector: {matchExpressions: [{key: a, operator: In}]}}"},
           row{"spec.scrapeClass", "{selector: {}, scrapeClass: none, endpoints: []}"},
           row{"spec.selectorMechanism", "{selector: {}, selectorMechanism: RoleSelector}",
               "{version: v2.16.0}"},
           row{"spec.endpoints[0].scrapeTimeout",
               "{selector: {}, endpoints: [{interval: 10s, scrapeTimeout: 11s}]}"},
           row{"spec.endpoints[0].scrapeTimeout",
               "{selector: {}, endpoints: [{scrapeTimeout: 31s}]}"},
           row{"spec.endpoints[1].relabelings[0]",
               "{selector: {}, endpoints: [{}, {relabelings: [{action: replace, regex: 'a('}]}]}"},
           row{"spec.endpoints[0].relabelings[0]",
               "{selector: {}, endpoints: [{relabelings: [{action: hashmod, targetLabel: a}]}]}"},
           row{"spec.endpoints[0].metricRelabelings[0]",
               "{selector: {}, endpoints: [{metricRelabelings: [{action: Lowercase, targetLabel: "
               "a}]}]}",
               "{version: v2.35.0}"},
           row{"spec.endpoints[0].relabelings[0]",
               "{selector: {}, endpoints: [{relabelings: [{action: labelmap, replacement: "
               "'a_$1'}]}]}",
               "{version: v2.53.0}", test::old_operator},
           row{"spec.endpoints[0].relabelings[0]",
               "{selector: {}, endpoints: [{relabelings: [{targetLabel: '${1}_x'}]}]}",
               "{version: v2.53.0}"},
       }) {
    auto const made = jobs_of("ServiceMonitor", spec, prometheus, by);
    BOOST_TEST(made.left_out(), spec);
    BOOST_TEST(made.jobs.empty());
    BOOST_REQUIRE(!made.rejected.empty());
    BOOST_TEST(made.rejected[0].field == field, made.rejected[0].field << ": " << spec);
  }
}

BOOST_AUTO_TEST_CASE(what_it_accepts) {
  for (char const *spec :
       {"{selector: {}, endpoints: [{scrapeTimeout: 30s}]}",
        "{selector: {}, endpoints: [{relabelings: [{action: labelmap, replacement: 'a_$1'}]}]}",
        "{selector: {}, endpoints: []}"}) {
    auto const made = jobs_of("ServiceMonitor", spec);
    BOOST_TEST(made.rejected.empty(), spec);
  }
}

/// The operator writes it, and then Prometheus loads nothing at all any more.
BOOST_AUTO_TEST_CASE(what_freezes_the_reload) {
  for (auto const &[field, spec, prometheus, by] : {
           row{"spec.endpoints[0].port", "{selector: {}, endpoints: [{port: 'me(trics'}]}"},
           row{"spec.endpoints[0].targetPort", "{selector: {}, endpoints: [{targetPort: '['}]}"},
           row{"spec.targetLabels", "{selector: {}, targetLabels: [''], endpoints: [{}]}"},
           row{"spec.endpoints[0].interval", "{selector: {}, endpoints: [{interval: soon}]}"},
           row{"spec.endpoints[0].relabelings[0]",
               "{selector: {}, endpoints: [{relabelings: [{action: keepequal, targetLabel: a, "
               "regex: (.*)}]}]}"},
           row{"spec.scrapeProtocols",
               "{selector: {}, endpoints: [{}], scrapeProtocols: [PrometheusText1.0.0]}",
               "{version: v2.53.0}"},
           row{"spec.endpoints[0]", "{selector: {}, endpoints: [{bearerTokenFile: /token}]}",
               "{scrapeClasses: [{name: a, default: true, authorization: {credentialsFile: /x}}]}"},
       }) {
    auto const made = jobs_of("ServiceMonitor", spec, prometheus, by);
    BOOST_TEST(!made.left_out(), spec);
    BOOST_REQUIRE(made.jobs.size() == 1u);
    BOOST_TEST(!made.jobs[0].loads);
    BOOST_REQUIRE(!made.rejected.empty());
    BOOST_TEST(!made.rejected[0].loads);
    BOOST_TEST(made.rejected[0].field == field, made.rejected[0].field << ": " << spec);
  }
}

BOOST_AUTO_TEST_CASE(a_prometheus_object_without_configuration) {
  for (char const *prometheus :
       {"{version: latest}", "{version: v1.8.0}", "{scrapeInterval: 10s, scrapeTimeout: 20s}",
        "{scrapeClasses: [{name: a, default: true}, {name: b, default: true}]}",
        "{scrapeClasses: [{name: a, relabelings: [{regex: '('}]}]}",
        "{scrapeClasses: [{name: a, tlsConfig: {certFile: /c}}]}"}) {
    auto const made = jobs_of("ServiceMonitor", "{selector: {}, endpoints: [{}]}", prometheus);
    BOOST_REQUIRE(!made.rejected.empty());
    BOOST_TEST(made.jobs.empty());
    BOOST_TEST(!made.rejected[0].loads);
    BOOST_TEST(made.rejected[0].of.text() == "Prometheus/monitoring/k8s");
  }
}

BOOST_AUTO_TEST_SUITE_END()
