// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/sources/api_cluster.hpp>
#include <loopcheck/sources/cluster.hpp>

#include "fake_cluster.hpp"

#include <boost/test/unit_test.hpp>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(sources_cluster)

BOOST_AUTO_TEST_CASE(paths) {
  list_request request;
  request.group = "/api/v1";
  request.resource = "pods";
  BOOST_TEST(path_of(request) == "/api/v1/pods?limit=500");
  request.space = "demo";
  request.label_selector = "a=b,c in (d)";
  request.field_selector = "reason=InvalidConfiguration";
  BOOST_TEST(path_of(request, "x+/=") ==
             "/api/v1/namespaces/demo/pods?limit=500&labelSelector=a%3Db%2Cc%20in%20%28d%29"
             "&fieldSelector=reason%3DInvalidConfiguration&continue=x%2B%2F%3D");
  // A name from a file cannot lead elsewhere.
  request.space = "../../secrets";
  BOOST_TEST(path_of(request).starts_with("/api/v1/namespaces/..%2F..%2Fsecrets/pods?"));
  BOOST_TEST(
      proxy_path({"monitoring", "prometheus-k8s-0", 9090, false}, "/p/api/v1/query?query=up") ==
      "/api/v1/namespaces/monitoring/pods/prometheus-k8s-0:9090/proxy/p/api/v1/query?query=up");
  BOOST_TEST(proxy_path({"m", "p", 9090, true}, "/x") ==
             "/api/v1/namespaces/m/pods/https:p:9090/proxy/x");
}

BOOST_AUTO_TEST_CASE(pages) {
  fake_cluster from;
  from.answers["/api/v1/pods?limit=500"] =
      R"({"kind":"PodList","metadata":{"continue":"more"},"items":[{"metadata":{"name":"a"}}]})";
  from.answers["/api/v1/pods?limit=500&continue=more"] =
      R"({"kind":"PodList","metadata":{},"items":null})";
  list_request request;
  request.group = "/api/v1";
  request.resource = "pods";
  auto const first = list_page(from, request);
  BOOST_REQUIRE(static_cast<bool>(first));
  BOOST_TEST(first->continue_token == "more");
  BOOST_TEST(first->items.at(0)["metadata"]["name"].text() == "a");
  auto const last = list_page(from, request, "more");
  BOOST_REQUIRE(static_cast<bool>(last));
  BOOST_TEST(last->continue_token == "");
  BOOST_TEST(last->items.empty());
  for (char const *body :
       {"", "[]", "{}", R"({"kind":"Status","status":"Failure"})", "{\"kind\":"}) {
    from.answers["/api/v1/pods?limit=500"] = body;
    auto const got = list_page(from, request);
    BOOST_REQUIRE(!got);
    BOOST_TEST(text(got.why().kind) == "bad_answer");
  }
  request.resource = "absent";
  BOOST_TEST(text(list_page(from, request).why().kind) == "not_found");
}

BOOST_AUTO_TEST_CASE(failures_of_the_api_server) {
  auto const why =
      read_api_failure(403, R"({"kind":"Status","message":"pods is forbidden"})", "/p");
  BOOST_TEST(text(why.kind) == "forbidden");
  BOOST_TEST(why.words == "/p: pods is forbidden");
  BOOST_TEST(why.status == 403);
  BOOST_TEST(read_api_failure(503, "<html>", "/p").words == "/p: HTTP status 503");
  BOOST_TEST(read_api_failure(400, R"({"status":"error","error":"parse error"})", "/p").words ==
             "/p: parse error");
  BOOST_TEST(text(read_api_failure(401, "", "").kind) == "unauthorized");
  BOOST_TEST(text(read_api_failure(404, "", "").kind) == "not_found");
  BOOST_TEST(text(read_api_failure(410, "", "").kind) == "expired");
  BOOST_TEST(text(read_api_failure(422, "", "").kind) == "refused");
  BOOST_TEST(text(read_api_failure(500, "", "").kind) == "server_error");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
