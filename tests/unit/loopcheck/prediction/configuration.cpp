// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/configuration.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_configuration)

BOOST_AUTO_TEST_CASE(only_what_the_operator_writes) {
  auto const made = test::jobs_of(
      "PodMonitor",
      "{selector: {}, sampleLimit: 5, podMetricsEndpoints: [{portNumber: 80, interval: 5s, scheme: "
      "HTTPS, params: {a: [b]}}]}");
  auto const config = to_configuration(made.jobs.at(0));
  BOOST_TEST(config["job_name"].text() == "podMonitor/demo/m/0");
  BOOST_TEST(to_json(config["kubernetes_sd_configs"]) ==
             R"([{"role":"pod","namespaces":{"names":["demo"]}}])");
  BOOST_TEST(config["scrape_interval"].text() == "5s");
  BOOST_TEST(config["scheme"].text() == "https");
  BOOST_TEST(to_json(config["params"]) == R"({"a":["b"]})");
  BOOST_TEST(config["sample_limit"].integer().value() == 5);
  BOOST_TEST(!config.has("metrics_path"));
  BOOST_TEST(!config.has("scrape_timeout"));
  BOOST_TEST(to_json(config["relabel_configs"].item(2)) ==
             R"({"source_labels":["__meta_kubernetes_pod_container_port_number"],"regex":80,)"
             R"("action":"keep"})");
}

BOOST_AUTO_TEST_CASE(what_means_the_same_is_equal) {
  auto const written = test::yaml(
      "{job_name: a, honor_labels: false, scrape_interval: 60s, kubernetes_sd_configs: [{role: "
      "pod, "
      "attach_metadata: {node: false}}], relabel_configs: [{source_labels: [job], target_label: x},"
      " {source_labels: [p], regex: 8080, action: keep}]}");
  auto const shown = test::yaml(
      "{job_name: a, honor_timestamps: true, scrape_interval: 1m, metrics_path: /metrics, scheme: "
      "http, enable_compression: true, follow_redirects: true, enable_http2: true, "
      "track_timestamps_staleness: false, kubernetes_sd_configs: [{role: pod, kubeconfig_file: '', "
      "follow_redirects: true, enable_http2: true}], relabel_configs: [{source_labels: [job], "
      "separator: ;, regex: (.*), target_label: x, replacement: $1, action: replace}, "
      "{source_labels: [p], separator: ;, regex: '8080', replacement: $1, action: keep}]}");
  BOOST_TEST((normal_configuration(written) == normal_configuration(shown)));
  auto other = shown;
  other.set("scheme", "https");
  BOOST_TEST((normal_configuration(written) != normal_configuration(other)));
}

BOOST_AUTO_TEST_SUITE_END()
