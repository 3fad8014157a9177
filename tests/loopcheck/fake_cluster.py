# SPDX-License-Identifier: Apache-2.0
"""healthy.yaml as a cluster runs it: with Pods, endpoints, and a Prometheus that scrapes them."""
from __future__ import annotations

import copy
import json
import time
from typing import Any

import loopcheck
from fake_api_server import Answer, ApiServer, Object, Query

GROUPS = {"v1": "/api/v1"}
PLURALS = {"NetworkPolicy": "networkpolicies", "Prometheus": "prometheuses",
           "Endpoints": "endpoints"}
PROXY = "/api/v1/namespaces/monitoring/pods/prometheus-k8s-0:9090/proxy"
CART, QUEUE = "serviceMonitor/monitoring/cart/0", "podMonitor/shop/queue/0"


def list_path(kind: str, version: str, space: str = "") -> str:
    """Of all namespaces, or of one."""
    group = GROUPS.get(version, "/apis/" + version)
    return "/".join([group, *(["namespaces", space] if space else []),
                     PLURALS.get(kind, kind.lower() + "s")])


def pod(space: str, name: str, labels: dict[str, str], containers: list[Object],
        address: str) -> Object:
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": space, "labels": labels, "uid": name},
            "spec": {"containers": containers, "nodeName": "node"},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                       "conditions": [{"type": "Ready", "status": "True"}],
                       "containerStatuses": [{"name": each["name"], "ready": True,
                                              "restartCount": 0, "state": {"running": {}}}
                                             for each in containers]}}


def target(pool: str, job: str, address: str, **labels: str) -> Object:
    final = {"job": job, "instance": address, "namespace": "shop", **labels}
    return {"scrapePool": pool, "labels": final, "discoveredLabels": final, "health": "up",
            "scrapeUrl": f"http://{address}/metrics", "lastError": "",
            "lastScrape": "2026-01-01T00:00:00Z", "scrapeInterval": "30s", "scrapeTimeout": "10s"}


class Cluster:
    """Objects by "Kind/namespace/name", to be changed at will; it answers with what they are."""

    def __init__(self) -> None:
        self.objects = loopcheck.healthy()
        self.targets = [
            *(target(CART, "cart", f"10.0.0.{i + 1}:9090", pod=f"cart-{i}", container="cart",
                     endpoint="metrics", service="cart") for i in range(2)),
            target(QUEUE, "shop/queue", "10.0.0.3:9419", pod="queue-0", container="exporter",
                   endpoint="metrics")]
        for each in ("Deployment/shop/cart", "StatefulSet/shop/queue"):
            self.run(self.objects[each])
        containers = [{"name": "prometheus", "image": "prometheus:v3.5.0",
                       "ports": [{"name": "web", "containerPort": 9090}]}]
        self.add(pod("monitoring", "prometheus-k8s-0",
                     {"app.kubernetes.io/name": "prometheus", "prometheus": "k8s",
                      "app.kubernetes.io/managed-by": "prometheus-operator",
                      "operator.prometheus.io/name": "k8s"}, containers, "10.0.0.9"))
        self.add(pod("monitoring", "operator-0", {"app.kubernetes.io/name": "prometheus-operator"},
                     [{"name": "operator", "image": "quay.io/x/prometheus-operator:v0.88.0"}],
                     "10.0.0.10"))
        self.add({"apiVersion": "v1", "kind": "Endpoints",
                  "metadata": {"name": "cart", "namespace": "shop", "labels": {"app": "cart"}},
                  "subsets": [{"addresses": [
                      {"ip": f"10.0.0.{i + 1}", "targetRef": {"kind": "Pod", "name": f"cart-{i}",
                                                              "namespace": "shop"}}
                      for i in range(2)],
                      "ports": [{"name": "web", "port": 8080, "protocol": "TCP"},
                                {"name": "metrics", "port": 9090, "protocol": "TCP"}]}]})

    def add(self, each: Object) -> None:
        self.objects.update(loopcheck.by_id([each]))

    def run(self, workload: Object) -> None:
        """Its Pods, which are ready."""
        name, spec = workload["metadata"]["name"], workload["spec"]
        count = spec["replicas"]
        workload["status"] = {"replicas": count, "readyReplicas": count,
                              "availableReplicas": count, "updatedReplicas": count}
        for i in range(count):
            address = {"cart": 1, "queue": 3}[name] + i
            self.add(pod("shop", f"{name}-{i}", spec["template"]["metadata"]["labels"],
                         copy.deepcopy(spec["template"]["spec"]["containers"]),
                         f"10.0.0.{address}"))

    def lists(self) -> dict[str, list[Object]]:
        made: dict[str, list[Object]] = {}
        for each in self.objects.values():
            for space in {"", each["metadata"].get("namespace", "")}:
                path = list_path(each["kind"], each["apiVersion"], space)
                made.setdefault(path, []).append(each)
        return made

    def show(self, server: ApiServer) -> None:
        """From now on this is what is there."""
        server.objects = self.lists()

    def answers(self) -> dict[str, Answer]:
        """Those of Prometheus, through the API server's proxy."""
        def good(data: Any) -> tuple[int, bytes]:
            return 200, json.dumps({"status": "success", "data": data}).encode()

        def targets(query: Query) -> tuple[int, bytes]:
            return good({"activeTargets": [each for each in self.targets
                                           if each["scrapePool"] == query["scrapePool"]],
                         "droppedTargets": []})

        def samples(query: Query) -> tuple[int, bytes]:
            held = str(time.time()) if "timestamp" in query["query"] else "10"
            return good({"resultType": "vector", "result": [
                {"metric": each["labels"], "value": [time.time(), held]}
                for each in self.targets]})

        jobs = "".join(f"- job_name: {each}\n" for each in (CART, QUEUE))
        api = PROXY + "/api/v1/"
        return {api + "status/buildinfo": good({"version": "3.5.0"}),
                api + "status/runtimeinfo": good({"reloadConfigSuccess": True}),
                api + "status/flags": good({}),
                api + "status/config": good({"yaml": f"scrape_configs:\n{jobs}"}),
                api + "targets": targets,
                api + "query": samples}
