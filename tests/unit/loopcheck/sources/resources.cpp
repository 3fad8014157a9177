// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/sources/references.hpp>
#include <loopcheck/sources/resources.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(sources_resources)

BOOST_AUTO_TEST_CASE(of_a_pod_what_a_check_needs) {
  auto const long_text = std::string(1025, 'x');
  auto const pod = kept_object(
      parse_json(R"({"metadata":{"name":"a","namespace":"demo","uid":"1","labels":{"app":"a"},
        "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","short":"yes",
        "long":")" + long_text +
                     R"("},"managedFields":[{"manager":"x"}]},
        "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"PASSWORD","value":"secret"}],
        "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"volumeMounts":[]}],
        "volumes":[{"name":"v"}],"nodeName":"n"},
        "status":{"phase":"Running","podIP":"10.0.0.1","qosClass":"Burstable",
        "conditions":[{"type":"Ready","status":"True"}]}})",
                 "x"),
      *find_resource("Pod"));
  BOOST_TEST(to_json(pod.root) ==
             R"({"metadata":{"annotations":{"short":"yes"},"labels":{"app":"a"},"name":"a",)"
             R"("namespace":"demo","uid":"1"},"spec":{"containers":[{"image":"i","name":"c",)"
             R"("ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}],"nodeName":"n"},)"
             R"("status":{"conditions":[{"type":"Ready","status":"True"}],"phase":"Running",)"
             R"("podIP":"10.0.0.1"},"apiVersion":"v1","kind":"Pod"})");
  BOOST_TEST(pod.id.text() == "Pod/demo/a");
  BOOST_TEST(pod.api_version == "v1");
}

BOOST_AUTO_TEST_CASE(null_and_empty_stay_apart) {
  auto const kept = [](char const *json) {
    return to_json(kept_object(parse_json(json, "x"), *find_resource("Prometheus")).spec());
  };
  BOOST_TEST(kept(R"({"spec":{"serviceMonitorSelector":{}}})") ==
             R"({"serviceMonitorSelector":{}})");
  BOOST_TEST(kept(R"({"spec":{}})") == "{}");
  BOOST_TEST(kept("{}") == "null");
}

BOOST_AUTO_TEST_CASE(of_a_schema_not_its_words) {
  auto const crd = kept_object(
      parse_json(R"({"metadata":{"name":"a"},"spec":{"group":"g","conversion":{},"versions":[
        {"name":"v1","schema":{"openAPIV3Schema":{"description":"words","properties":{
        "description":{"type":"string","description":"words"}},
        "anyOf":[{"description":"words","type":"x"}]}}}]}})",
                 "x"),
      *find_resource("CustomResourceDefinition"));
  BOOST_TEST(to_json(crd.spec()) ==
             R"({"group":"g","versions":[{"name":"v1","schema":{"openAPIV3Schema":)"
             R"({"properties":{"description":{"type":"string"}},"anyOf":[{"type":"x"}]}}}]})");
  BOOST_TEST(crd.api_version == "apiextensions.k8s.io/v1");
}

BOOST_AUTO_TEST_CASE(odd_shapes) {
  for (char const *json : {"null", "[]", "1", R"({"metadata":[],"spec":"x","status":[1]})",
                           R"({"spec":{"containers":{"name":"x"}}})"}) {
    auto const read = kept_object(parse_json(json, "x"), *find_resource("Pod"));
    BOOST_TEST(read.id.name == "");
    BOOST_TEST(read.root["kind"].text() == "Pod");
  }
}

BOOST_AUTO_TEST_CASE(secrets_that_a_monitor_names) {
  object monitor;
  monitor.id = {"ServiceMonitor", "demo", "a"};
  monitor.root = parse_json(R"({"spec":{"endpoints":[
    {"basicAuth":{"username":{"name":"login","key":"user"},
      "password":{"name":"login","key":"pass"}}},
    {"tlsConfig":{"ca":{"secret":{"name":"ca","key":"ca.crt"}},
     "cert":{"configMap":{"name":"certs","key":"c"}},
     "keySecret":{"name":"key","key":"k"}}},
    {"authorization":{"credentials":{"name":"token","key":"t"}}},
    {"bearerTokenSecret":{"key":"","name":""}},
    {"oauth2":{"clientId":{"secret":{"name":"id","key":"i"}},
     "clientSecret":{"name":"oauth","key":"s"}}}
    ],"selector":{"matchLabels":{"name":"not","key":"this"}}}})",
                            "x");
  std::string text;
  for (auto const &each : referred_to(monitor))
    text += each.text() + " ";
  BOOST_TEST(text ==
             "ConfigMap/demo/certs Secret/demo/ca Secret/demo/id Secret/demo/key Secret/demo/login "
             "Secret/demo/oauth Secret/demo/token ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
