// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/discovery.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

namespace {

constexpr char const *objects = R"(
kind: Pod
metadata:
  {name: p, namespace: demo, uid: u, labels: {app.kubernetes.io/name: x},
   ownerReferences: [{kind: ReplicaSet, name: r, controller: true}]}
spec:
  nodeName: node-1
  containers:
  - name: main
    image: "i:1"
    ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
  - {name: side, image: "s:1"}
  initContainers:
  - {name: first, image: "f:1", ports: [{containerPort: 7070, protocol: UDP}]}
status:
  {phase: Running, podIP: 10.0.0.1, hostIP: 10.1.0.1,
   conditions: [{type: Ready, status: "False"}]}
---
kind: Service
metadata: {name: s, namespace: demo, labels: {a.b: c}}
---
kind: Endpoints
metadata: {name: s, namespace: demo, labels: {a.b: c}}
subsets:
- ports: [{name: web, port: 8080}]
  notReadyAddresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, namespace: demo, name: p}}]
  addresses: [{ip: "fd00::1", nodeName: node-1}]
---
kind: EndpointSlice
metadata: {name: s-1, namespace: demo, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints:
- addresses: [10.0.0.1]
  conditions: {ready: false}
  targetRef: {kind: Pod, namespace: demo, name: p}
---
kind: Node
metadata: {name: node-1, labels: {zone: z}}
)";

std::vector<discovered> found(sd_role role, bool node = false) {
  scrape_job job;
  job.role = role;
  job.attach_node = node;
  job.namespaces = {"demo"};
  job.discovery_version = {3, 13, 1};
  return discover(job, test::manifests(objects));
}

std::string get(discovered const &of, char const *name) {
  auto const at = of.all.find(name);
  return at == of.all.end() ? "-" : at->second;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_discovery)

BOOST_AUTO_TEST_CASE(each_declared_port_of_a_pod) {
  auto const all = found(sd_role::pod);
  BOOST_REQUIRE(all.size() == 4u);
  BOOST_TEST(get(all[0], "__address__") == "10.0.0.1:8080");
  BOOST_TEST(get(all[1], "__meta_kubernetes_pod_container_port_name") == "metrics");
  BOOST_TEST(get(all[2], "__address__") == "10.0.0.1");  // declares none
  BOOST_TEST(get(all[2], "__meta_kubernetes_pod_container_port_name") == "-");
  BOOST_TEST(get(all[3], "__meta_kubernetes_pod_container_init") == "true");
  BOOST_TEST(get(all[3], "__meta_kubernetes_pod_container_port_protocol") == "UDP");
  BOOST_TEST(get(all[0], "__meta_kubernetes_pod_ready") == "false");
  BOOST_TEST(get(all[0], "__meta_kubernetes_pod_label_app_kubernetes_io_name") == "x");
  BOOST_TEST(get(all[0], "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name") == "true");
  BOOST_TEST(get(all[0], "__meta_kubernetes_pod_controller_name") == "r");
  BOOST_TEST(all[0].pod.text() == "Pod/demo/p");
  BOOST_TEST(get(found(sd_role::pod, true)[0], "__meta_kubernetes_node_label_zone") == "z");
}

BOOST_AUTO_TEST_CASE(addresses_of_endpoints_and_the_other_ports_of_their_pods) {
  auto const all = found(sd_role::endpoints);
  BOOST_REQUIRE(all.size() == 4u);
  BOOST_TEST(get(all[0], "__address__") == "[fd00::1]:8080");
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpoint_node_name") == "node-1");
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpoint_ready") == "true");
  BOOST_TEST(get(all[1], "__meta_kubernetes_endpoint_ready") == "false");
  BOOST_TEST(get(all[1], "__meta_kubernetes_endpoint_port_name") == "web");
  BOOST_TEST(get(all[1], "__meta_kubernetes_pod_container_port_name") == "http");
  BOOST_TEST(get(all[1], "__meta_kubernetes_service_label_a_b") == "c");
  BOOST_TEST(get(all[1], "__meta_kubernetes_endpoints_name") == "s");
  BOOST_TEST(get(all[2], "__address__") == "10.0.0.1:9090");
  BOOST_TEST(get(all[2], "__meta_kubernetes_endpoint_port_name") == "-");
  BOOST_TEST(get(all[3], "__meta_kubernetes_pod_container_name") == "first");
}

BOOST_AUTO_TEST_CASE(endpoints_of_slices) {
  auto const all = found(sd_role::endpointslice);
  BOOST_REQUIRE(all.size() == 3u);
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpointslice_port") == "8080");
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpointslice_port_name") == "-");  // is empty
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpointslice_endpoint_conditions_ready") == "false");
  BOOST_TEST(get(all[0], "__meta_kubernetes_endpointslice_endpoint_conditions_serving") == "-");
  BOOST_TEST(get(all[0], "__meta_kubernetes_service_name") == "s");
  BOOST_TEST(all[0].service.text() == "Service/demo/s");
}

BOOST_AUTO_TEST_CASE(selectors_of_roles) {
  scrape_job job;
  job.role = sd_role::endpoints;
  job.namespaces = {"demo"};
  job.selectors = {{"endpoints", "a.b=other", ""}, {"service", "a.b=other", ""}};
  BOOST_TEST(discover(job, test::manifests(objects)).empty());
  job.selectors = {{"endpoints", "a.b=c", ""}, {"service", "a.b=c", ""}};
  BOOST_TEST(!discover(job, test::manifests(objects)).empty());
  job.namespaces = {"other"};
  BOOST_TEST(discover(job, test::manifests(objects)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
