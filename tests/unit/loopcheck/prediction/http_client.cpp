// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

std::string client(char const *kind, std::string const &endpoint, char const *prometheus = "{}") {
  bool const services = std::string_view(kind) == "ServiceMonitor";
  auto const made = test::jobs_of(kind,
                                  "{selector: {}, " +
                                      std::string(services ? "endpoints" : "podMetricsEndpoints") +
                                      ": [" + endpoint + "]}",
                                  prometheus);
  return made.jobs.empty() ? made.rejected.at(0).why : to_json(made.jobs[0].authorization);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_http_client)

BOOST_AUTO_TEST_CASE(what_secrets_hold_is_not_written) {
  BOOST_TEST(client("ServiceMonitor", "{authorization: {credentials: {name: s, key: k}}}") ==
             R"({"authorization":{"type":"Bearer","credentials":"<secret>"}})");
  BOOST_TEST(client("PodMonitor",
                    "{basicAuth: {username: {name: s, key: u}, password: {name: s, "
                    "key: p}}}") ==
             R"({"basic_auth":{"username":"<secret>","password":"<secret>"}})");
}

BOOST_AUTO_TEST_CASE(files_of_certificates) {
  BOOST_TEST(client("ServiceMonitor",
                    "{tlsConfig: {ca: {configMap: {name: c, key: ca.crt}}, "
                    "serverName: x, minVersion: TLS12}}") ==
             R"({"tls_config":{"ca_file":"/etc/prometheus/certs/1_demo_c_ca.crt",)"
             R"("server_name":"x","min_version":"TLS12"}})");
  // An empty section is one for a ServiceMonitor only.
  BOOST_TEST(client("ServiceMonitor", "{tlsConfig: {}}") == R"({"tls_config":{}})");
  BOOST_TEST(client("PodMonitor", "{tlsConfig: {}}") == "{}");
}

BOOST_AUTO_TEST_CASE(a_scrape_class_fills_in) {
  char const *prometheus =
      "{scrapeClasses: [{name: a, default: true, tlsConfig: {caFile: /ca, insecureSkipVerify: "
      "true},"
      " authorization: {credentialsFile: /token}}]}";
  BOOST_TEST(client("PodMonitor", "{}", prometheus) ==
             R"({"tls_config":{"insecure_skip_verify":true,"ca_file":"/ca"},)"
             R"("authorization":{"type":"Bearer","credentials_file":"/token"}})");
  BOOST_TEST(client("ServiceMonitor",
                    "{tlsConfig: {serverName: x}, authorization: {credentials: {name: s, key: k}}}",
                    prometheus) ==
             R"({"tls_config":{"server_name":"x","ca_file":"/ca"},)"
             R"("authorization":{"type":"Bearer","credentials":"<secret>"}})");
}

BOOST_AUTO_TEST_SUITE_END()
