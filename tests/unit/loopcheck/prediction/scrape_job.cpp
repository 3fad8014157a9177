// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/scrape_job.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;
using test::jobs_of;

namespace {

std::vector<std::string> rules_of(generation const &of) {
  std::vector<std::string> result;
  for (auto const &one : of.jobs.at(0).relabel_rules) {
    result.push_back(text(one));
  }
  return result;
}

void check_rules(generation const &of, std::vector<std::string> const &expected) {
  auto const rules = rules_of(of);
  BOOST_CHECK_EQUAL_COLLECTIONS(rules.begin(), rules.end(), expected.begin(), expected.end());
}

constexpr char const *hash = "__tmp_hash = \"$1\" of __address__, __tmp_hash =~ \"(.+);\"";

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_scrape_job)

BOOST_AUTO_TEST_CASE(rules_of_a_service_monitor_in_order) {
  check_rules(
      jobs_of("ServiceMonitor",
              "{selector: {matchLabels: {b/c: x, a: v}}, jobLabel: app, targetLabels: [t.u],"
              " podTargetLabels: [p], endpoints: [{port: web, relabelings: [{action: Drop, "
              "sourceLabels: [z], regex: q}]}]}",
              "{podTargetLabels: [r], enforcedNamespaceLabel: ns}", test::old_operator),
      {"__tmp_prometheus_job_name = \"$1\" of job",
       "keep if __meta_kubernetes_service_label_a, __meta_kubernetes_service_labelpresent_a =~ "
       "\"(v);true\"",
       "keep if __meta_kubernetes_service_label_b_c, __meta_kubernetes_service_labelpresent_b_c =~ "
       "\"(x);true\"",
       "keep if __meta_kubernetes_endpoint_port_name =~ \"web\"",
       "node = \"${1}\" of __meta_kubernetes_endpoint_address_target_kind, "
       "__meta_kubernetes_endpoint_address_target_name =~ \"Node;(.*)\"",
       "pod = \"${1}\" of __meta_kubernetes_endpoint_address_target_kind, "
       "__meta_kubernetes_endpoint_address_target_name =~ \"Pod;(.*)\"",
       "namespace = \"$1\" of __meta_kubernetes_namespace",
       "service = \"$1\" of __meta_kubernetes_service_name",
       "pod = \"$1\" of __meta_kubernetes_pod_name",
       "container = \"$1\" of __meta_kubernetes_pod_container_name",
       "drop if __meta_kubernetes_pod_phase =~ \"(Failed|Succeeded)\"",
       "t_u = \"${1}\" of __meta_kubernetes_service_label_t_u =~ \"(.+)\"",
       "p = \"${1}\" of __meta_kubernetes_pod_label_p =~ \"(.+)\"",
       "r = \"${1}\" of __meta_kubernetes_pod_label_r =~ \"(.+)\"",
       "job = \"${1}\" of __meta_kubernetes_service_name",
       "job = \"${1}\" of __meta_kubernetes_service_label_app =~ \"(.+)\"",
       "endpoint = \"web\"",
       "drop if z =~ \"q\"",
       "ns = \"demo\"",
       hash,
       "__tmp_hash = hash of __tmp_hash modulo 1",
       "keep if __tmp_hash, __tmp_disable_sharding =~ \"$(SHARD);|.+;.+\""});
}

BOOST_AUTO_TEST_CASE(rules_of_a_pod_monitor_in_order) {
  check_rules(
      jobs_of("PodMonitor",
              "{selector: {matchExpressions: [{key: a, operator: NotIn, values: [x, v]}, {key: b, "
              "operator: DoesNotExist}]}, podMetricsEndpoints: [{portNumber: 8080}]}",
              "{shards: 2}", test::new_operator),
      {"__tmp_prometheus_job_name = \"$1\" of job",
       "drop if __meta_kubernetes_pod_phase =~ \"(Failed|Succeeded)\"",
       "drop if __meta_kubernetes_pod_label_a, __meta_kubernetes_pod_labelpresent_a =~ "
       "\"(x|v);true\"",
       "drop if __meta_kubernetes_pod_labelpresent_b =~ \"true\"",
       "keep if __meta_kubernetes_pod_container_port_number =~ \"8080\"",
       "namespace = \"$1\" of __meta_kubernetes_namespace",
       "container = \"$1\" of __meta_kubernetes_pod_container_name",
       "pod = \"$1\" of __meta_kubernetes_pod_name", "job = \"demo/m\"",
       "__tmp_current_shard = \"$(SHARD)\"", "keep if __tmp_current_shard =~ \"0|1\"", hash,
       "__tmp_hash = hash of __tmp_hash modulo 2",
       "keep if __tmp_hash, __tmp_disable_sharding =~ \"$(SHARD);|.+;.+\""});
}

BOOST_AUTO_TEST_CASE(namespaces_and_role) {
  auto job = [](char const *spec, char const *prometheus = "{}") {
    auto made = jobs_of("ServiceMonitor",
                        std::string("{endpoints: [{}], selector: {}, ") + spec + "}", prometheus);
    BOOST_REQUIRE(made.jobs.size() == 1u);
    return made.jobs[0];
  };
  BOOST_TEST(job("namespaceSelector: {}").namespaces == std::vector<std::string>{"demo"});
  BOOST_TEST(job("namespaceSelector: {any: true}").all_namespaces);
  BOOST_TEST(job("namespaceSelector: {matchNames: [x, y]}").namespaces.size() == 2u);
  BOOST_TEST(job("namespaceSelector: {any: true}", "{ignoreNamespaceSelectors: true}").namespaces ==
             std::vector<std::string>{"demo"});
  char const *slices = "{serviceDiscoveryRole: EndpointSlice}";
  BOOST_TEST((job("jobLabel: a", slices).role == sd_role::endpointslice));
  BOOST_TEST((job("serviceDiscoveryRole: Endpoints", slices).role == sd_role::endpoints));
  BOOST_TEST((job("jobLabel: a", "{serviceDiscoveryRole: EndpointSlice, version: v2.20.0}").role ==
              sd_role::endpoints));
  auto const by_role = job("selectorMechanism: RoleSelector");
  BOOST_TEST(by_role.selectors.size() == 2u);
}

BOOST_AUTO_TEST_CASE(limits_against_the_enforced) {
  auto limit = [](char const *own, char const *enforced) {
    auto const made = jobs_of("ServiceMonitor",
                              std::string("{selector: {}, endpoints: [{}]") + own + "}", enforced);
    return made.jobs.at(0).sample_limit.value_or(-1);
  };
  BOOST_TEST(limit("", "{}") == -1);
  BOOST_TEST(limit(", sampleLimit: 5", "{}") == 5);
  BOOST_TEST(limit(", sampleLimit: 5", "{enforcedSampleLimit: 3}") == 3);
  BOOST_TEST(limit(", sampleLimit: 5", "{enforcedSampleLimit: 9}") == 5);
  BOOST_TEST(limit("", "{enforcedSampleLimit: 3}") == -1);  // stands in global
  BOOST_TEST(limit("", "{enforcedSampleLimit: 3, version: v2.44.0}") == 3);
  auto const made = jobs_of("ServiceMonitor", "{selector: {}, endpoints: [{}], bodySizeLimit: 2GB}",
                            "{enforcedBodySizeLimit: 1500MB, enforcedSampleLimit: 3}");
  BOOST_TEST(made.jobs.at(0).body_size_limit == "1500MB");
  BOOST_TEST(made.jobs.at(0).global.sample_limit.value() == 3);
}

BOOST_AUTO_TEST_CASE(intervals_that_count) {
  auto job = [](char const *endpoint, char const *prometheus) {
    return jobs_of("ServiceMonitor", std::string("{selector: {}, endpoints: [") + endpoint + "]}",
                   prometheus)
        .jobs.at(0);
  };
  BOOST_TEST(job("{}", "{}").effective_interval() == "30s");
  BOOST_TEST(job("{}", "{}").effective_timeout() == "10s");
  BOOST_TEST(job("{interval: 5s}", "{}").effective_timeout() == "5s");
  BOOST_TEST(job("{interval: 60s}", "{scrapeTimeout: 20s}").effective_interval() == "1m");
  BOOST_TEST(job("{interval: 60s}", "{scrapeTimeout: 20s}").effective_timeout() == "20s");
}

BOOST_AUTO_TEST_CASE(fields_that_an_old_prometheus_does_not_know) {
  char const *spec =
      "{selector: {}, scrapeNativeHistograms: true, fallbackScrapeProtocol: PrometheusText0.0.4,"
      " endpoints: [{trackTimestampsStaleness: true}], keepDroppedTargets: 3}";
  auto const today = jobs_of("ServiceMonitor", spec).jobs.at(0);
  BOOST_TEST(today.scrape_native_histograms.value());
  BOOST_TEST(today.fallback_scrape_protocol == "PrometheusText0.0.4");
  auto const old = jobs_of("ServiceMonitor", spec, "{version: v2.45.0}").jobs.at(0);
  BOOST_TEST(!old.scrape_native_histograms);
  BOOST_TEST(!old.track_timestamps_staleness);
  BOOST_TEST(!old.keep_dropped_targets);
  BOOST_TEST(old.fallback_scrape_protocol.empty());
}

BOOST_AUTO_TEST_CASE(a_default_scrape_class_and_a_named_one) {
  char const *classes =
      "{scrapeClasses: [{name: a, default: true, relabelings: [{targetLabel: x, replacement: "
      "'1'}]},"
      " {name: b, fallbackScrapeProtocol: PrometheusText0.0.4, attachMetadata: {node: true}}]}";
  auto const by_default =
      jobs_of("PodMonitor", "{selector: {}, podMetricsEndpoints: [{}]}", classes);
  auto const rules = rules_of(by_default);
  BOOST_TEST((std::find(rules.begin(), rules.end(), "x = \"1\"") != rules.end()));
  auto const named =
      jobs_of("PodMonitor", "{selector: {}, scrapeClass: b, podMetricsEndpoints: [{}]}", classes);
  BOOST_TEST(named.jobs.at(0).attach_node);
  BOOST_TEST(named.jobs.at(0).fallback_scrape_protocol == "PrometheusText0.0.4");
}

BOOST_AUTO_TEST_CASE(who_is_excluded_from_enforcement) {
  auto enforced = [](char const *excluded) {
    auto const rules = rules_of(jobs_of(
        "ServiceMonitor", "{selector: {}, endpoints: [{}]}",
        std::string("{enforcedNamespaceLabel: ns, excludedFromEnforcement: [") + excluded + "]}"));
    return std::find(rules.begin(), rules.end(), "ns = \"demo\"") != rules.end();
  };
  BOOST_TEST(enforced(""));
  BOOST_TEST(!enforced("{resource: servicemonitors, namespace: demo}"));
  BOOST_TEST(!enforced("{resource: servicemonitors, namespace: demo, name: m}"));
  BOOST_TEST(enforced("{resource: servicemonitors, namespace: demo, name: other}"));
  BOOST_TEST(enforced("{resource: podmonitors, namespace: demo}"));
}

BOOST_AUTO_TEST_SUITE_END()
