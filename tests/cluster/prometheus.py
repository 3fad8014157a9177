# SPDX-License-Identifier: Apache-2.0
"""A Prometheus object of the cluster, and the servers that the operator made of it."""
from __future__ import annotations

import os
import re
from typing import Any

import demo
import kube
from kube import Object
from programs import wait_until
from prometheus_api import PrometheusApi

PORT = 9090


class Server(PrometheusApi):
    """One Pod of it, asked through the API server."""

    def __init__(self, namespace: str, pod: str) -> None:
        self.namespace, self.pod = namespace, pod

    def get(self, path: str, **query: str) -> bytes:
        return kube.pod_get(self.namespace, self.pod, PORT, path, **query)

    def ready(self) -> None:
        self.get("/-/ready")

    def ours(self) -> list[dict[str, Any]]:
        """The targets in the namespace of the service."""
        return [each for each in self.targets()
                if each["labels"].get("namespace") == demo.NAMESPACE]

    def all_up(self, pool: str, count: int) -> list[dict[str, Any]]:
        """That many targets, all of this scrape pool and up."""
        ours = self.ours()
        seen = [(each["scrapePool"], each["health"], each["lastError"]) for each in ours]
        assert seen == [(pool, "up", "")] * count, seen
        return ours

    def lookback_s(self) -> float:
        return seconds(self.api("status/flags")["query.lookback-delta"])

    def none(self) -> None:
        ours = self.ours()
        assert not ours, [each["scrapePool"] for each in ours]


def servers(namespace: str, name: str) -> list[Server]:
    """The Pods of this Prometheus object, in the order of their names."""
    pods = kube.listed("pods", namespace, f"operator.prometheus.io/name={name}")
    return [Server(namespace, each) for each in sorted(pod["metadata"]["name"] for pod in pods)]


# The Prometheus object that was there before us and takes our monitors: preflight.py found it.
GIVEN = tuple(os.environ["CLUSTER_PROMETHEUS"].split("/"))


def seconds(duration: str) -> float:
    """Of a duration as Go writes it, such as 1m30s."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(float(number) * units[unit]
               for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))


def switch_s() -> int:
    """How long after a change of a monitor the targets may take to follow. The operator's reloader
    notices only the first change at once and looks for later ones every three minutes, unless the
    Prometheus object tells it to look more often."""
    namespace, name = GIVEN
    flags = [flag for each in kube.get("prometheus", name, namespace)["spec"].get("containers", [])
             for flag in each.get("command", []) + each.get("args", [])]
    return 60 if any(flag.startswith("--watch-interval=") for flag in flags) else 240


def given() -> Server:
    namespace, name = GIVEN
    found = servers(namespace, name)
    assert found, f"Prometheus {namespace}/{name} has no Pod"
    return found[0]


class Own:
    """A Prometheus object of our own in the sandbox, which must be there, as must the service: it
    takes our monitors and rules, runs what the given one runs, and may look into `demo` alone."""

    # Of the given object: what its Pods need to start there, and nothing that it is for.
    KEPT = ("containers", "image", "imagePullPolicy", "imagePullSecrets", "nodeSelector",
            "securityContext", "tolerations", "version")

    def __init__(self, **spec: Any) -> None:
        namespace, name = GIVEN
        given_spec = kube.get("prometheus", name, namespace)["spec"]
        ours = {"matchLabels": {"release": "prometheus"}}
        everything = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In",
                                            "values": [demo.MONITORING, demo.NAMESPACE]}]}
        self._count = spec.get("replicas", 1) * spec.get("shards", 1)
        self._objects = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": self._named(kube.SANDBOX)},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
             "metadata": self._named(demo.NAMESPACE), "rules": [
                 {"apiGroups": [""], "resources": ["services", "endpoints", "pods"],
                  "verbs": ["get", "list", "watch"]},
                 {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                  "verbs": ["get", "list", "watch"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
             "metadata": self._named(demo.NAMESPACE),
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                         "name": kube.SANDBOX},
             "subjects": [{"kind": "ServiceAccount", **self._named(kube.SANDBOX)}]},
            {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
             "metadata": self._named(kube.SANDBOX),
             "spec": {
                 **{key: value for key, value in given_spec.items() if key in self.KEPT},
                 "serviceAccountName": kube.SANDBOX,
                 **{f"{kind}{what}": selector for kind in ("serviceMonitor", "podMonitor", "rule")
                    for what, selector in (("Selector", ours), ("NamespaceSelector", everything))},
                 **spec}}]

    @staticmethod
    def _named(namespace: str) -> Object:
        return {"name": kube.SANDBOX, "namespace": namespace}

    def __enter__(self) -> list[Server]:
        """Its servers, ready."""
        kube.apply(self._objects)
        try:
            return wait_until(self._ready, timeout_s=180, pause_s=1)
        except BaseException:
            self.__exit__()
            raise

    def _ready(self) -> list[Server]:
        found = servers(kube.SANDBOX, kube.SANDBOX)
        assert len(found) == self._count, found
        for each in found:
            each.ready()
        return found

    def __exit__(self, *_: object) -> None:
        kube.delete("prometheus", kube.SANDBOX, kube.SANDBOX)


def target_labels(monitor: str, pod: Object) -> dict[str, str]:
    """What a target made of this Pod by this kind of monitor is called, to the label."""
    address = f"{pod['status']['podIP']}:8080"
    labels = {"namespace": demo.NAMESPACE, "pod": pod["metadata"]["name"],
              "container": demo.NAME, "instance": address}
    if monitor == "servicemonitor":
        return {**labels, "job": demo.NAME, "service": demo.NAME, "endpoint": "metrics"}
    return {**labels, "job": f"{demo.MONITORING}/{demo.NAME}", "endpoint": "http"}


def pool(monitor: str) -> str:
    """The scrape pool that the operator makes of our monitor of this kind."""
    kind = {"servicemonitor": "serviceMonitor", "podmonitor": "podMonitor"}[monitor]
    return f"{kind}/{demo.MONITORING}/{demo.NAME}/0"
