// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/sources/collect.hpp>

#include "fake_cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace loopcheck {
namespace {

using knowledge = inventory::knowledge;

std::string const core = "/api/v1";
std::string const monitoring = "/apis/monitoring.coreos.com/v1";

std::string list(std::string const &items = "", std::string const &token = "") {
  return R"({"kind":"List","metadata":{"continue":")" + token + R"("},"items":[)" + items + "]}";
}

/// Everything installed and nothing in it.
void fill(fake_cluster &to, std::string const &space = "") {
  auto const put = [&](std::string const &group, std::string const &names, bool of_space) {
    std::string const where = of_space && !space.empty() ? "/namespaces/" + space : "";
    for (std::string_view rest = names; !rest.empty();) {
      auto const end = std::min(rest.find(' '), rest.size());
      to.answers[group + where + "/" + std::string(rest.substr(0, end)) + "?limit=500"] = list();
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  };
  to.answers["/version"] = R"({"gitVersion":"v1.34.4"})";
  put(core, "namespaces", false);
  put(core, "pods services endpoints serviceaccounts", true);
  put("/apis/discovery.k8s.io/v1", "endpointslices", true);
  put("/apis/apps/v1", "deployments statefulsets daemonsets replicasets", true);
  put("/apis/batch/v1", "jobs cronjobs", true);
  put("/apis/networking.k8s.io/v1", "networkpolicies", true);
  put("/apis/rbac.authorization.k8s.io/v1", "roles rolebindings", true);
  put("/apis/rbac.authorization.k8s.io/v1", "clusterroles clusterrolebindings", false);
  put(monitoring, "prometheuses servicemonitors podmonitors prometheusrules", false);
  put("/apis/monitoring.coreos.com/v1alpha1", "prometheusagents", false);
  std::string const where = space.empty() ? "" : "/namespaces/" + space;
  to.answers[core + where + "/configmaps?limit=500&labelSelector=grafana_dashboard"] = list();
  to.answers[core + where + "/events?limit=500&fieldSelector=reason%3DInvalidConfiguration"] =
      list();
}

bool has_asked(fake_cluster const &of, std::string const &path) {
  return std::find(of.asked.begin(), of.asked.end(), path) != of.asked.end();
}

BOOST_AUTO_TEST_SUITE(sources_collect)

BOOST_AUTO_TEST_CASE(pages_until_the_last) {
  fake_cluster from;
  fill(from);
  from.answers[core + "/pods?limit=500"] =
      list(R"({"metadata":{"name":"a","namespace":"x"}})", "t");
  // What changed meanwhile may come twice.
  from.answers[core + "/pods?limit=500&continue=t"] =
      list(R"({"metadata":{"name":"a","namespace":"x","labels":{"a":"b"}}},)"
           R"({"metadata":{"name":"b","namespace":"x"}})");
  auto const got = collect(from, {});
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST(got->all.of_kind("Pod").size() == 2u);
  BOOST_TEST((got->all.known("Pod") == knowledge::complete));
  BOOST_TEST((got->all.known("CronJob") == knowledge::complete));
  BOOST_TEST(got->server_version == "v1.34.4");
  BOOST_TEST(got->requests == from.asked.size());
  // No CRD is there, and that is known.
  BOOST_TEST((got->all.known("CustomResourceDefinition") == knowledge::complete));
  BOOST_TEST((got->all.known("Node") == knowledge::partial));
}

BOOST_AUTO_TEST_CASE(forbidden_and_absent_are_told_apart) {
  fake_cluster from;
  fill(from);
  from.failures[core + "/pods"] = {access_error::forbidden, "pods is forbidden", 403};
  from.failures["/apis/networking.k8s.io/v1/networkpolicies"] = {access_error::server_error, "oops",
                                                                 500};
  from.answers.erase(monitoring + "/podmonitors?limit=500");
  auto const got = collect(from, {});
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST((got->all.known("Pod") == knowledge::forbidden));
  BOOST_TEST(got->all.why_unknown("Pod") == "pods is forbidden");
  BOOST_TEST((got->all.known("PodMonitor") == knowledge::absent));
  BOOST_TEST((got->all.known("NetworkPolicy") == knowledge::partial));
  BOOST_TEST(got->all.why_unknown("NetworkPolicy") == "oops");
  BOOST_TEST((got->all.known("Service") == knowledge::complete));
}

BOOST_AUTO_TEST_CASE(what_stops_everything) {
  for (auto const kind : {access_error::tool_missing, access_error::unreachable,
                          access_error::unauthorized, access_error::timed_out}) {
    fake_cluster from;
    from.failures["/version"] = {kind, "no", 0};
    auto const got = collect(from, {});
    BOOST_REQUIRE(!got);
    BOOST_TEST(text(got.why().kind) == text(kind));
    BOOST_TEST(from.asked.size() == 1u);
  }
  fake_cluster from;
  fill(from);
  from.failures[core + "/pods"] = {access_error::interrupted, "interrupted", 0};
  BOOST_TEST(text(collect(from, {}).why().kind) == "interrupted");
}

BOOST_AUTO_TEST_CASE(a_token_that_expires) {
  fake_cluster from;
  fill(from);
  from.answers[core + "/pods?limit=500"] =
      list(R"({"metadata":{"name":"a","namespace":"x"}})", "old");
  from.failures[core + "/pods?limit=500&continue=old"] = {access_error::expired, "too old", 410};
  auto const got = collect(from, {});
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST(got->all.of_kind("Pod").size() == 1u);
  BOOST_TEST((got->all.known("Pod") == knowledge::partial));  // it began anew, once
  BOOST_TEST(std::count(from.asked.begin(), from.asked.end(), core + "/pods?limit=500") == 2);
}

BOOST_AUTO_TEST_CASE(more_than_is_read) {
  fake_cluster from;
  fill(from);
  from.answers[core + "/pods?limit=500"] =
      list(R"({"metadata":{"name":"a","namespace":"x"}})", "t");
  collect_options options;
  options.objects_max = 1;
  auto const got = collect(from, options);
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST(got->all.of_kind("Pod").size() == 1u);
  BOOST_TEST((got->all.known("Pod") == knowledge::partial));
  BOOST_TEST(got->all.why_unknown("Pod") == "more than 1 of them");
}

BOOST_AUTO_TEST_CASE(one_namespace_and_those_that_take_part) {
  fake_cluster from;
  fill(from, "demo");
  from.answers[monitoring + "/prometheuses?limit=500"] =
      list(R"({"metadata":{"name":"k8s","namespace":"monitoring"}})");
  from.answers[monitoring + "/servicemonitors?limit=500"] = list(
      R"({"metadata":{"name":"a","namespace":"demo"},)"
      R"("spec":{"namespaceSelector":{"matchNames":["shop"]},)"
      R"("endpoints":[{"basicAuth":{"username":{"name":"login","key":"user"}}}]}},)"
      R"({"metadata":{"name":"b","namespace":"other"},"spec":{"namespaceSelector":{"any":true},)"
      R"("endpoints":[{"basicAuth":{"username":{"name":"any","key":"user"}}}]}},)"
      R"({"metadata":{"name":"c","namespace":"other"},"spec":{)"
      R"("endpoints":[{"basicAuth":{"username":{"name":"foreign","key":"user"}}}]}})");
  from.answers[core + "/namespaces/monitoring/pods?limit=500"] =
      list(R"({"metadata":{"name":"prometheus-k8s-0","namespace":"monitoring"}})");
  from.answers[core + "/namespaces/shop/pods?limit=500"] = list();
  from.answers[core + "/namespaces/shop/services?limit=500"] = list();
  from.failures[core + "/namespaces/shop/endpoints"] = {access_error::forbidden, "no", 403};
  collect_options options;
  options.space = "demo";
  auto const got = collect(from, options);
  BOOST_REQUIRE(static_cast<bool>(got));
  auto const &all = got->all;
  BOOST_TEST(all.find("Pod", "monitoring", "prometheus-k8s-0") != nullptr);
  BOOST_TEST((all.known("Pod") == knowledge::complete));
  BOOST_TEST(all.why_unknown("Pod") == "in demo, monitoring, shop");
  BOOST_TEST((all.known("Endpoints") == knowledge::partial));
  BOOST_TEST(all.why_unknown("Endpoints") == "no; read in demo");
  BOOST_TEST(has_asked(from, core + "/namespaces/shop/services?limit=500"));
  BOOST_TEST(!has_asked(from, core + "/namespaces/monitoring/services?limit=500"));
  BOOST_TEST(!has_asked(from, core + "/pods?limit=500"));
  // Keys of a Secret, without values; not of monitors that look elsewhere.
  auto const *login = all.find("Secret", "demo", "login");
  BOOST_REQUIRE(login != nullptr);
  BOOST_TEST((*login)["data"].has("user"));
  BOOST_TEST((*login)["data"]["user"].is_null());
  BOOST_TEST(has_asked(from, "keys of other/any"));
  BOOST_TEST(!has_asked(from, "keys of other/foreign"));
  BOOST_TEST(got->generated.at(0).prometheus.text() == "Prometheus/monitoring/k8s");
  BOOST_TEST(!got->generated.at(0).why_not.empty());
}

BOOST_AUTO_TEST_CASE(a_namespace_is_all_that_is_allowed) {
  fake_cluster from;
  fill(from, "demo");
  from.failures[monitoring + "/servicemonitors"] = {access_error::forbidden, "not all", 403};
  from.failures[core + "/namespaces"] = {access_error::forbidden, "not all", 403};
  from.answers[monitoring + "/namespaces/demo/servicemonitors?limit=500"] =
      list(R"({"metadata":{"name":"a","namespace":"demo"}})");
  from.answers[core + "/namespaces/demo"] = R"({"metadata":{"name":"demo","labels":{"team":"x"}}})";
  collect_options options;
  options.space = "demo";
  auto const got = collect(from, options);
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST((got->all.known("ServiceMonitor") == knowledge::partial));
  BOOST_TEST(got->all.why_unknown("ServiceMonitor") == "not all; read in demo");
  BOOST_TEST(got->all.of_kind("ServiceMonitor").size() == 1u);
  BOOST_TEST(got->all.namespace_labels("demo").at("team") == "x");
}

BOOST_AUTO_TEST_CASE(secrets_that_may_not_be_read) {
  fake_cluster from;
  fill(from);
  from.answers[monitoring + "/podmonitors?limit=500"] =
      list(R"({"metadata":{"name":"a","namespace":"demo"},"spec":{"podMetricsEndpoints":[)"
           R"({"basicAuth":{"password":{"name":"hidden","key":"p"}}},)"
           R"({"basicAuth":{"password":{"name":"gone","key":"p"}}}]}})");
  from.failures["demo/hidden"] = {access_error::forbidden, "no secrets", 403};
  auto const got = collect(from, {});
  BOOST_REQUIRE(static_cast<bool>(got));
  BOOST_TEST((got->all.known("Secret") == knowledge::forbidden));
  BOOST_TEST(got->all.why_unknown("Secret") == "no secrets");
  BOOST_TEST(got->all.find("Secret", "demo", "gone") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
