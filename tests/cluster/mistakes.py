# SPDX-License-Identifier: Apache-2.0
"""Chains of their own in one namespace, each with one mistake: what breaks it, which code names it,
and what mends it where loopcheck prints no patch."""
from __future__ import annotations

import copy
import dataclasses
from typing import Any, Callable

import demo
import kube
from kube import Object

LABEL = {"release": kube.SANDBOX}
CONTAINER = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
             "capabilities": {"drop": ["ALL"]}}
POD = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def chain(name: str, kind: str = "ServiceMonitor", replicas: int = 1) -> dict[str, Object]:
    """A whole one: Deployment, Service, monitor, by kind."""
    own = {"app": name}
    where = {"name": name, "namespace": demo.NAMESPACE}
    container = {"name": "demo", "image": kube.IMAGE, "imagePullPolicy": "IfNotPresent",
                 "ports": [{"name": "http", "containerPort": 8080}], "securityContext": CONTAINER,
                 "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080},
                                    "periodSeconds": 1}}
    made = {
        "Deployment": {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": where,
            "spec": {
                "replicas": replicas, "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": own},
                "template": {
                    "metadata": {"labels": own},
                    "spec": {"securityContext": POD, "terminationGracePeriodSeconds": 1,
                             "automountServiceAccountToken": False,
                             "containers": [container]}}}},
        "Service": {
            "apiVersion": "v1", "kind": "Service", "metadata": {**where, "labels": own},
            "spec": {"selector": own,
                     "ports": [{"name": "metrics", "port": 8080, "targetPort": "http"}]}},
        kind: {
            "apiVersion": "monitoring.coreos.com/v1", "kind": kind,
            "metadata": {**where, "labels": LABEL},
            "spec": {"selector": {"matchLabels": own}}},
    }
    port = "metrics" if kind == "ServiceMonitor" else "http"
    endpoints = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    made[kind]["spec"][endpoints] = [{"port": port}]
    return made


Change = Callable[[dict[str, Object]], None]


@dataclasses.dataclass
class Mistake:
    name: str
    code: str
    make: Change  # of a whole chain a broken one
    kind: str = "ServiceMonitor"
    replicas: int = 1
    # Where what is printed are words: the whole chain is applied again.
    by_words: bool = False
    # In the focus of a namespace a monitor that misses hides Services without one: asked by name.
    by_name: bool = False

    def whole(self) -> dict[str, Object]:
        return chain(self.name, self.kind, self.replicas)

    def broken(self) -> dict[str, Object]:
        made = copy.deepcopy(self.whole())
        self.make(made)
        return made


def at(kind: str, path: str, held: Any) -> Change:
    """Sets one field; None removes it."""
    def change(objects: dict[str, Object]) -> None:
        *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
        there: Any = objects[kind]
        for key in way:
            there = there[key] if isinstance(key, int) else there.setdefault(key, {})
        if held is None:
            del there[last]
        else:
            there[last] = held
    return change


def without(kind: str) -> Change:
    def change(objects: dict[str, Object]) -> None:
        del objects[kind]
    return change


def endpoint(key: str, held: Any) -> Change:
    return at("ServiceMonitor", f"spec.endpoints.0.{key}", held)


DROPS = [{"action": "drop", "sourceLabels": ["namespace"], "regex": ".*"}]

MISTAKES = [
    Mistake("no-replicas", "LC0101", at("Deployment", "spec.replicas", 0)),
    Mistake("no-such-image", "LC0103", at("Deployment", "spec.template.spec.containers.0.image",
                                          "registry.invalid/demo-cpp:none"), by_words=True),
    Mistake("never-ready", "LC0103",
            at("Deployment", "spec.template.spec.containers.0.readinessProbe.httpGet.path",
               "/never"), by_words=True),
    Mistake("service-selector", "LC0201", at("Service", "spec.selector", {"app": "other"})),
    Mistake("unnamed-port", "LC0202", at("Service", "spec.ports.0.name", None)),
    Mistake("target-port-name", "LC0203", at("Service", "spec.ports.0.targetPort", "htpp")),
    Mistake("no-monitor", "LC0301", without("ServiceMonitor"), by_name=True),
    Mistake("pod-labels", "LC0302",
            at("ServiceMonitor", "spec.selector.matchLabels", {"tier": "pod-labels"})),
    Mistake("pod-selector", "LC0303",
            at("PodMonitor", "spec.selector.matchLabels", {"name": "pod-selector"}),
            kind="PodMonitor"),
    Mistake("other-namespace", "LC0304",
            at("ServiceMonitor", "spec.namespaceSelector", {"matchNames": [kube.SANDBOX]})),
    Mistake("port-number", "LC0305", endpoint("port", "8080")),
    Mistake("target-port", "LC0306",
            at("ServiceMonitor", "spec.endpoints.0", {"targetPort": "metrics"})),
    Mistake("pod-port", "LC0307", at("PodMonitor", "spec.podMetricsEndpoints.0.port", "metrics"),
            kind="PodMonitor"),
    Mistake("long-timeout", "LC0308", endpoint("scrapeTimeout", "50s")),
    Mistake("no-label", "LC0402", at("ServiceMonitor", "metadata.labels", {"app": "no-label"})),
    Mistake("no-secret", "LC0602", endpoint("basicAuth", {
        "username": {"name": "no-secret", "key": "user"},
        "password": {"name": "no-secret", "key": "password"}}), by_words=True),
    Mistake("drops-all", "LC0704", endpoint("relabelings", DROPS)),
    Mistake("target-limit", "LC0725", at("ServiceMonitor", "spec.targetLimit", 1), replicas=2),
    Mistake("refused", "LC0710", at("Service", "spec.ports.0.targetPort", 8081)),
    Mistake("wrong-path", "LC0715", endpoint("path", "/metric")),
    Mistake("https", "LC0718", endpoint("scheme", "https")),
    Mistake("json", "LC0720", endpoint("path", "/version")),
    Mistake("no-exposition", "LC0721", endpoint("path", "/hello")),
    Mistake("body-limit", "LC0722", at("ServiceMonitor", "spec.bodySizeLimit", "1KB")),
    Mistake("sample-limit", "LC0723", at("ServiceMonitor", "spec.sampleLimit", 5)),
    Mistake("label-limit", "LC0724", at("ServiceMonitor", "spec.labelLimit", 2)),
    Mistake("keeps-nothing", "LC0805", endpoint("metricRelabelings", DROPS), by_words=True),
]
