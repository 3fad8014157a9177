# SPDX-License-Identifier: Apache-2.0
"""What a cluster has and manifests do not: Pods that operators make, other namespaces, hooks of
Helm. It is derived where it is known, and else nothing is said to be broken."""
from __future__ import annotations

import copy
import json
import unittest
from typing import Any

import loopcheck

Objects = dict[str, dict[str, Any]]
CART = "ServiceMonitor/monitoring/cart"


class BeyondInput(unittest.TestCase):
    def setUp(self) -> None:
        self.objects: Objects = loopcheck.healthy()

    def add(self, of: dict[str, Any]) -> None:
        self.objects.update(loopcheck.by_id([of]))

    def monitor(self, name: str, space: str, labels: dict[str, str], port: str) -> None:
        """A ServiceMonitor that looks into that namespace."""
        made = copy.deepcopy(self.objects[CART])
        made["metadata"]["name"] = name
        made["spec"]["namespaceSelector"] = {"matchNames": [space]}
        made["spec"]["selector"] = {"matchLabels": labels}
        made["spec"]["endpoints"] = [{"port": port}]
        self.add(made)

    def service(self, name: str, space: str, selector: dict[str, str], port: str,
                target: str | int) -> None:
        self.add({"apiVersion": "v1", "kind": "Service",
                  "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
                  "spec": {"selector": selector,
                           "ports": [{"name": port, "port": 80, "targetPort": target}]}})

    def check(self, *expected: tuple[str, str], targets: int = 2) -> None:
        """Code and severity of each finding; how many targets are active."""
        report = loopcheck.manifests(self.objects)
        self.assertEqual([(each["code"], each["severity"]) for each in report["findings"]],
                         list(expected), report["findings"])
        self.assertEqual(sum(each["state"] == "active" for each in report["targets"]), targets)

    def test_pods_of_the_operators_own_objects(self) -> None:
        self.add({"apiVersion": "monitoring.coreos.com/v1", "kind": "Alertmanager",
                  "metadata": {"name": "main", "namespace": "shop"},
                  "spec": {"portName": "http", "containers": [{
                      "name": "proxy", "ports": [{"name": "proxied", "containerPort": 9443}]}]}})
        del self.objects["NetworkPolicy/shop/from-prometheus"]
        for name, port in (("alerts", "http"), ("alerts-proxy", "proxied")):
            self.service(name, "shop", {"alertmanager": "main"}, "web", port)
            self.monitor(name, "shop", {"app": name}, "web")
        self.check(targets=4)
        pods = {each["labels"]["pod"] for each in loopcheck.manifests(self.objects)["targets"]
                if each["state"] == "active"}
        self.assertIn("alertmanager-main-0", pods)

    def test_a_service_that_misses_them_is_broken_still(self) -> None:
        self.add({"apiVersion": "monitoring.coreos.com/v1", "kind": "Alertmanager",
                  "metadata": {"name": "main", "namespace": "shop"}, "spec": {}})
        self.service("alerts", "shop", {"alertmanager": "mian"}, "web", "web")
        self.monitor("alerts", "shop", {"app": "alerts"}, "web")
        self.check(("LC0201", "error"))

    def test_a_namespace_of_which_nothing_is_known(self) -> None:
        for kind in ("Role", "RoleBinding"):
            right = copy.deepcopy(self.objects[f"{kind}/shop/prometheus"])
            right["metadata"]["namespace"] = "kube-system"
            self.add(right)
        self.monitor("dns", "kube-system", {"k8s-app": "kube-dns"}, "metrics")
        self.check(("LC0302", "undecided"))
        self.service("scheduler", "kube-system", {"component": "scheduler"}, "metrics", 10259)
        self.check(("LC0302", "undecided"))  # what runs there is still beyond the input
        self.monitor("dns", "kube-system", {"app": "shceduler"}, "metrics")
        self.check(("LC0302", "error"))
        self.monitor("dns", "kube-system", {"k8s-app": "kube-dns"}, "metrics")
        self.add({"apiVersion": "apps/v1", "kind": "Deployment",
                  "metadata": {"name": "dns", "namespace": "kube-system"},
                  "spec": {"selector": {"matchLabels": {"k8s-app": "kube-dns"}}, "template": {
                      "metadata": {"labels": {"k8s-app": "kube-dns"}},
                      "spec": {"containers": [{"name": "dns"}]}}}})
        self.check(("LC0302", "error"))

    def test_what_another_operator_may_make(self) -> None:
        """Not where something comes near enough to be meant."""
        self.monitor("kafka", "shop", {"strimzi.io/kind": "Kafka"}, "metrics")
        self.check(("LC0302", "error"))
        self.add({"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka",
                  "metadata": {"name": "events", "namespace": "shop"}, "spec": {}})
        self.check(("LC0302", "undecided"))
        self.monitor("kafka", "shop", {"app": "crat"}, "metrics")
        self.check(("LC0302", "error"))
        del self.objects["ServiceMonitor/monitoring/kafka"]
        self.service("events", "shop", {"strimzi.io/name": "events-kafka"}, "metrics", 9404)
        self.monitor("kafka", "shop", {"app": "events"}, "metrics")
        self.check(("LC0201", "undecided"))

    def test_tests_of_a_release(self) -> None:
        """A Pod that `helm test` makes has the labels of all, and is gone."""
        self.add({"apiVersion": "v1", "kind": "Pod",
                  "metadata": {"name": "cart-test", "namespace": "shop", "labels": {"app": "cart",
                               "tier": "web"}, "annotations": {"helm.sh/hook": "test-success"}},
                  "spec": {"containers": [{"name": "curl"}]}})
        self.check()
        del self.objects["Pod/shop/cart-test"]["metadata"]["annotations"]
        self.check()  # nor does any Pod of a manifest stand for those of the Deployment

    def test_policies_and_the_hosts_network(self) -> None:
        """Where a policy admits whom it does not name, it does not matter what it means there."""
        self.objects["Deployment/shop/cart"]["spec"]["template"]["spec"]["hostNetwork"] = True
        self.check()
        policy = self.objects["NetworkPolicy/shop/from-prometheus"]
        policy["spec"]["ingress"] = []
        found = [each["code"] for each in loopcheck.manifests(self.objects)["findings"]
                 if each["object"] == CART]
        self.assertEqual(found, ["LC0506"])

    def test_a_dot_in_a_selector(self) -> None:
        """A regex to Prometheus, which matches hardly anything else: nothing to be warned of."""
        labels = self.objects["Service/shop/cart"]["metadata"]["labels"]
        wanted = self.objects[CART]["spec"]["selector"]["matchLabels"]
        labels["version"] = wanted["version"] = "1.26.3"
        self.check(("LC0315", "info"))

    def test_dashboards_that_ask_another_source_by_a_variable(self) -> None:
        panel = {"title": "Lines", "datasource": "${logs}",
                 "targets": [{"expr": '{app="x"} |= "y"'}]}
        for query, expected in (("loki", ()), ("prometheus", (("LC0901", "error"),))):
            source = {"name": "logs", "type": "datasource", "query": query}
            self.add({"apiVersion": "v1", "kind": "ConfigMap",
                      "metadata": {"name": "board", "namespace": "shop",
                                   "labels": {"grafana_dashboard": "1"}},
                      "data": {"board.json": json.dumps({
                          "title": "Board", "panels": [panel], "templating": {"list": [source]}})}})
            self.check(*expected)


if __name__ == "__main__":
    unittest.main()
