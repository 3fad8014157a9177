// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

constexpr char const *secrets = R"(
kind: Secret
metadata: {name: s, namespace: demo}
stringData: {user: demo, token: t, ca: none}
)";

std::string refused(std::string const &endpoint, char const *kind = "ServiceMonitor",
                    char const *prometheus = "{}") {
  bool const services = std::string_view(kind) == "ServiceMonitor";
  auto const made = test::jobs_of(kind,
                                  "{selector: {}, " +
                                      std::string(services ? "endpoints" : "podMetricsEndpoints") +
                                      ": [" + endpoint + "]}",
                                  prometheus, test::new_operator, secrets);
  return made.rejected.empty() ? "" : made.rejected[0].field;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_http_checks)

BOOST_AUTO_TEST_CASE(logins) {
  std::string const at = "spec.endpoints[0]";
  BOOST_TEST(refused("{authorization: {credentials: {name: s, key: token}}}") == "");
  BOOST_TEST(refused("{authorization: {}}") == at + ".authorization");
  BOOST_TEST(refused("{authorization: {type: basic, credentials: {name: s, key: token}}}") ==
             at + ".authorization.type");
  BOOST_TEST(refused("{authorization: {credentials: {name: s, key: token}}, basicAuth: {username: "
                     "{name: s, key: user}, password: {name: s, key: token}}}") ==
             at + ".basicAuth");
  BOOST_TEST(refused("{basicAuth: {username: {name: s, key: nobody}, password: {name: s, key: "
                     "token}}}") == at + ".basicAuth.username");
  BOOST_TEST(refused("{bearerTokenSecret: {name: s, key: none}}") == at + ".bearerTokenSecret");
  BOOST_TEST(refused("{oauth2: {clientId: {}}}") == at + ".oauth2");
  // Files never tell that there is no such Secret in the cluster.
  BOOST_TEST(refused("{bearerTokenSecret: {name: other, key: none}}") == "");
}

BOOST_AUTO_TEST_CASE(tls_and_files) {
  std::string const at = "spec.endpoints[0].tlsConfig";
  BOOST_TEST(refused("{tlsConfig: {insecureSkipVerify: true}}") == "");
  BOOST_TEST(refused("{tlsConfig: {certFile: /c}}") == at);
  BOOST_TEST(refused("{tlsConfig: {minVersion: TLS13, maxVersion: TLS12}}") == at);
  BOOST_TEST(refused("{tlsConfig: {ca: {secret: {name: s, key: ca}}}}") == at + ".ca");  // no PEM
  BOOST_TEST(refused("{tlsConfig: {ca: {secret: {}, configMap: {}}}}") == at);
  char const *denied = "{arbitraryFSAccessThroughSMs: {deny: true}}";
  BOOST_TEST(refused("{tlsConfig: {caFile: /c}}", "ServiceMonitor", denied) == at + ".caFile");
  BOOST_TEST(refused("{tlsConfig: {certFile: /c}}", "PodMonitor") == "");  // has no such field
}

BOOST_AUTO_TEST_CASE(proxies) {
  std::string const at = "spec.endpoints[0]";
  BOOST_TEST(refused("{proxyUrl: 'http://p', noProxy: x}") == "");
  BOOST_TEST(refused("{noProxy: x}") == at);
  BOOST_TEST(refused("{proxyFromEnvironment: true, proxyUrl: 'http://p'}") == at);
  BOOST_TEST(refused("{proxyConnectHeader: {a: [{name: s, key: token}]}}") == at);
}

BOOST_AUTO_TEST_SUITE_END()
