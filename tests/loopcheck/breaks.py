# SPDX-License-Identifier: Apache-2.0
"""Ways to break the chain of healthy.yaml, each in one place, with the code that names it. Written
by hand from what the Operator and Kubernetes do, not from the checker."""
from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Callable

Objects = dict[str, dict]  # by "Kind/namespace/name", or "Kind/name"
Edit = Callable[[Objects], None]

SHORT = {
    "binding": "RoleBinding/shop/prometheus",
    "deployment": "Deployment/shop/cart",
    "namespace": "Namespace/shop",
    "podmonitor": "PodMonitor/shop/queue",
    "policy": "NetworkPolicy/shop/from-prometheus",
    "prometheus": "Prometheus/monitoring/k8s",
    "role": "Role/shop/prometheus",
    "service": "Service/shop/cart",
    "servicemonitor": "ServiceMonitor/monitoring/cart",
    "statefulset": "StatefulSet/shop/queue",
}


@dataclass(frozen=True)
class Break:
    code: str
    name: str
    edits: tuple[Edit, ...]
    object: str  # that the finding names
    mends: bool = True  # the printed patch makes the chain whole


def _way(objects: Objects, where: str, path: str) -> tuple[Any, Any]:
    thing: Any = objects[SHORT.get(where, where)]
    *way, last = [int(key) if key.isdigit() else key.replace("~", ".") for key in path.split(".")]
    for key in way:
        if isinstance(thing, dict):
            thing = thing.setdefault(key, {})
        else:
            thing = thing[key]
    return thing, last


def put(where: str, path: str, held: Any) -> Edit:
    def edit(objects: Objects) -> None:
        thing, key = _way(objects, where, path)
        thing[key] = copy.deepcopy(held)
    return edit


def drop(where: str, path: str) -> Edit:
    def edit(objects: Objects) -> None:
        thing, key = _way(objects, where, path)
        del thing[key]
    return edit


def remove(where: str) -> Edit:
    return lambda objects: objects.__delitem__(SHORT.get(where, where))


def add(held: dict) -> Edit:
    def edit(objects: Objects) -> None:
        space = held["metadata"].get("namespace")
        key = "/".join(filter(None, (held["kind"], space, held["metadata"]["name"])))
        objects[key] = copy.deepcopy(held)
    return edit


def _break(code: str, name: str, where: str, *edits: Edit, mends: bool = True) -> Break:
    return Break(code, name, edits, SHORT.get(where, where), mends)


PORTS = "spec.template.spec.containers.0.ports"
ENDPOINT = "spec.endpoints.0"
POD_ENDPOINT = "spec.podMetricsEndpoints.0"


BREAKS = [
    # 1: workload
    _break("LC0101", "no replicas", "deployment", put("deployment", "spec.replicas", 0)),
    _break("LC0101", "no replicas of a StatefulSet", "statefulset",
           put("statefulset", "spec.replicas", 0)),
    _break("LC0104", "a port name of 16 letters", "deployment",
           put("deployment", f"{PORTS}.1.name", "http-metrics-own"),
           put("service", "spec.ports.1.targetPort", 9090),
           put("policy", "spec.ingress.0.ports.0.port", 9090), mends=False),
    _break("LC0104", "a port name in capitals", "deployment",
           put("deployment", f"{PORTS}.1.name", "Metrics"),
           put("service", "spec.ports.1.targetPort", 9090),
           put("policy", "spec.ingress.0.ports.0.port", 9090), mends=False),
    _break("LC0104", "a port name of digits", "deployment",
           put("deployment", f"{PORTS}.1.name", "9090"),
           put("service", "spec.ports.1.targetPort", 9090),
           put("policy", "spec.ingress.0.ports.0.port", 9090), mends=False),
    _break("LC0105", "a port above 65535", "deployment",
           put("deployment", f"{PORTS}.0.containerPort", 80800), mends=False),
    _break("LC0108", "a Deployment that selects other Pods", "deployment",
           put("deployment", "spec.selector.matchLabels.app", "basket"), mends=False),

    _break("LC0104", "a port name with two dashes", "deployment",
           put("deployment", f"{PORTS}.0.name", "http--web"),
           put("service", "spec.ports.0.targetPort", 8080), mends=False),
    _break("LC0104", "a port name that ends in a dash", "statefulset",
           put("statefulset", f"{PORTS}.0.name", "amqp-"), mends=False),
    _break("LC0105", "port 0", "statefulset",
           put("statefulset", f"{PORTS}.0.containerPort", 0), mends=False),
    _break("LC0108", "a StatefulSet that selects other Pods", "statefulset",
           put("statefulset", "spec.selector.matchLabels", {"name": "queue"}), mends=False),

    # 2: Service
    _break("LC0201", "a Service that selects other labels", "service",
           put("service", "spec.selector", {"app": "basket"})),
    _break("LC0201", "a Service with one label too many", "service",
           put("service", "spec.selector", {"app": "cart", "release": "prometheus"})),
    _break("LC0201", "a Service with another key", "service",
           put("service", "spec.selector", {"app.kubernetes.io/name": "cart"})),
    _break("LC0202", "a Service's only port has no name", "service",
           put("service", "spec.ports", [{"port": 9090, "targetPort": "http-metrics"}])),
    _break("LC0203", "a targetPort that no container declares", "service",
           put("service", "spec.ports.1.targetPort", "metrics"), mends=False),
    _break("LC0204", "an ExternalName", "service",
           put("service", "spec.type", "ExternalName"),
           put("service", "spec.externalName", "cart.example.org"),
           drop("service", "spec.selector"), mends=False),
    _break("LC0205", "a Service without a selector", "service",
           drop("service", "spec.selector"), mends=False),
    _break("LC0208", "two ports of which one has no name", "service",
           drop("service", "spec.ports.1.name"), mends=False),

    _break("LC0203", "a targetPort by the Service's name for it", "service",
           put("service", "spec.ports.1.targetPort", "web"), mends=False),

    # 3: monitor
    _break("LC0301", "no monitor", "service", remove("servicemonitor")),
    _break("LC0302", "the selector has the Pods' labels", "servicemonitor",
           put("servicemonitor", "spec.selector.matchLabels", {"tier": "web"})),
    _break("LC0302", "a misspelt label", "servicemonitor",
           put("servicemonitor", "spec.selector.matchLabels", {"app": "carts"})),
    _break("LC0302", "one label too many", "servicemonitor",
           put("servicemonitor", "spec.selector.matchLabels", {"app": "cart", "tier": "web"})),
    _break("LC0302", "a Service without labels", "servicemonitor",
           drop("service", "metadata.labels")),
    _break("LC0302", "an expression that excludes it", "servicemonitor",
           put("servicemonitor", "spec.selector",
               {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["shop"]}]})),
    _break("LC0303", "a PodMonitor with a misspelt label", "podmonitor",
           put("podmonitor", "spec.selector.matchLabels", {"app": "queues"})),
    _break("LC0303", "a PodMonitor with labels of the StatefulSet", "podmonitor",
           put("statefulset", "metadata.labels", {"component": "queue"}),
           put("podmonitor", "spec.selector.matchLabels", {"component": "queue"})),
    _break("LC0304", "no namespaceSelector", "servicemonitor",
           drop("servicemonitor", "spec.namespaceSelector")),
    _break("LC0304", "another namespace", "servicemonitor",
           put("servicemonitor", "spec.namespaceSelector.matchNames", ["default"])),
    _break("LC0304", "a PodMonitor that looks elsewhere", "podmonitor",
           put("podmonitor", "spec.namespaceSelector", {"matchNames": ["default"]})),
    _break("LC0305", "the number of the port in place of its name", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.port", "9090")),
    _break("LC0305", "the container's name for the port", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.port", "http-metrics")),
    _break("LC0305", "a port that is not there", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.port", "prometheus"), mends=False),
    _break("LC0306", "a targetPort that is not declared", "servicemonitor",
           put("servicemonitor", "spec.endpoints", [{"targetPort": 9091}]), mends=False),
    _break("LC0306", "a targetPort by the Service's name", "servicemonitor",
           put("servicemonitor", "spec.endpoints", [{"targetPort": "metrics"}]), mends=False),
    _break("LC0307", "a PodMonitor with the number in place of the name", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.port", "9419")),
    _break("LC0307", "a PodMonitor with a port that is not there", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.port", "http"), mends=False),
    _break("LC0307", "a PodMonitor with a portNumber that is not declared", "podmonitor",
           put("podmonitor", "spec.podMetricsEndpoints", [{"portNumber": 9420}]), mends=False),
    _break("LC0308", "scrapeTimeout above the interval", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.scrapeTimeout", "45s"), mends=False),
    _break("LC0308", "scrapeTimeout above the Prometheus object's interval", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.scrapeTimeout", "45s"), mends=False),
    _break("LC0309", "no endpoints", "servicemonitor",
           put("servicemonitor", "spec.endpoints", []), mends=False),
    _break("LC0310", "an operator that does not exist", "servicemonitor",
           put("servicemonitor", "spec.selector",
               {"matchExpressions": [{"key": "app", "operator": "Is", "values": ["cart"]}]}),
           mends=False),
    _break("LC0310", "In without values", "podmonitor",
           put("podmonitor", "spec.selector",
               {"matchExpressions": [{"key": "app", "operator": "In"}]}), mends=False),

    _break("LC0302", "a label that must exist and does not", "servicemonitor",
           put("servicemonitor", "spec.selector",
               {"matchExpressions": [{"key": "monitored", "operator": "Exists"}]})),
    _break("LC0303", "an expression that excludes the Pods", "podmonitor",
           put("podmonitor", "spec.selector",
               {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), mends=False),
    _break("LC0305", "a port in capitals", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.port", "Metrics"), mends=False),
    _break("LC0307", "the container in place of its port", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.port", "exporter"), mends=False),
    _break("LC0308", "scrapeTimeout above an interval of its own", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.interval", "10s"),
           put("podmonitor", f"{POD_ENDPOINT}.scrapeTimeout", "11s"), mends=False),

    # 4: Prometheus selects it
    _break("LC0402", "no release label", "servicemonitor",
           drop("servicemonitor", "metadata.labels.release")),
    _break("LC0402", "another release", "servicemonitor",
           put("servicemonitor", "metadata.labels.release", "kube-prometheus-stack")),
    _break("LC0402", "a PodMonitor without labels", "podmonitor",
           drop("podmonitor", "metadata.labels")),
    _break("LC0402", "expressions that exclude it", "servicemonitor",
           put("prometheus", "spec.serviceMonitorSelector", {"matchExpressions": [
               {"key": "release", "operator": "Exists"},
               {"key": "team", "operator": "In", "values": ["shop", "web"]}]})),
    _break("LC0403", "a Namespace without the label", "podmonitor",
           drop("namespace", "metadata.labels")),
    _break("LC0403", "a nil namespace selector", "podmonitor",
           drop("prometheus", "spec.podMonitorNamespaceSelector")),
    _break("LC0403", "a namespace selector by name", "servicemonitor",
           put("prometheus", "spec.serviceMonitorNamespaceSelector",
               {"matchLabels": {"team": "shop"}})),
    _break("LC0404", "a nil selector", "prometheus", drop("prometheus", "spec.podMonitorSelector")),
    _break("LC0404", "a nil selector of ServiceMonitors", "prometheus",
           drop("prometheus", "spec.serviceMonitorSelector")),
    _break("LC0405", "no selector at all", "prometheus",
           drop("prometheus", "spec.podMonitorSelector"),
           drop("prometheus", "spec.serviceMonitorSelector"), remove("podmonitor"), mends=False),
    _break("LC0406", "a paused Prometheus", "prometheus", put("prometheus", "spec.paused", True)),

    _break("LC0402", "labels that must not be there", "podmonitor",
           put("prometheus", "spec.podMonitorSelector", {"matchExpressions": [
               {"key": "release", "operator": "DoesNotExist"}]})),
    _break("LC0403", "a namespace selector by expression", "podmonitor",
           put("prometheus", "spec.podMonitorNamespaceSelector", {"matchExpressions": [
               {"key": "env", "operator": "In", "values": ["prod"]}]})),

    # 5: access
    _break("LC0501", "no Role", "prometheus", remove("role"), remove("binding")),
    _break("LC0501", "no binding", "prometheus", remove("binding")),
    _break("LC0501", "a binding of another account", "prometheus",
           put("binding", "subjects.0.name", "default")),
    _break("LC0501", "a binding of an account elsewhere", "prometheus",
           put("binding", "subjects.0.namespace", "shop")),
    _break("LC0501", "a Role without Pods", "prometheus",
           put("role", "rules.0.resources", ["services", "endpoints"])),
    _break("LC0501", "a Role without watch", "prometheus",
           put("role", "rules.0.verbs", ["get", "list"])),
    _break("LC0501", "a Role of another group", "prometheus",
           put("role", "rules.0.apiGroups", ["apps"])),
    _break("LC0502", "a policy that admits nobody", "policy",
           drop("policy", "spec.ingress")),
    _break("LC0502", "a policy for another namespace", "policy",
           put("policy", "spec.ingress.0.from.0.namespaceSelector.matchLabels",
               {"kubernetes.io/metadata.name": "prometheus"})),
    _break("LC0502", "a policy for other Pods", "policy",
           put("policy", "spec.ingress.0.from.0.podSelector.matchLabels", {"app": "prometheus"})),
    _break("LC0502", "a policy for other ports", "policy",
           put("policy", "spec.ingress.0.ports", [{"port": 8080}])),
    _break("LC0502", "a policy for UDP", "policy",
           put("policy", "spec.ingress.0.ports", [{"port": 9090, "protocol": "UDP"}])),
    _break("LC0503", "a policy that keeps Prometheus in",
           "NetworkPolicy/monitoring/default-deny",
           add({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "default-deny", "namespace": "monitoring"},
                "spec": {"podSelector": {}, "policyTypes": ["Egress"]}})),

    _break("LC0501", "a Role that may only get", "prometheus",
           put("role", "rules.0.verbs", ["get"])),
    _break("LC0502", "a policy by a port's name that no Pod has", "policy",
           put("policy", "spec.ingress.0.ports.0.port", "metrics-old")),

    # 6: accepted and loaded
    _break("LC0602", "an unknown scrapeClass", "servicemonitor",
           put("servicemonitor", "spec.scrapeClass", "nobody"), mends=False),
    _break("LC0602", "a relabelling rule without a target", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.relabelings", [{"action": "replace"}]), mends=False),
    _break("LC0602", "two kinds of login", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.basicAuth",
               {"username": {"name": "login", "key": "user"}}),
           put("servicemonitor", f"{ENDPOINT}.authorization",
               {"credentials": {"name": "login", "key": "token"}}), mends=False),
    _break("LC0602", "a relabelling rule whose regex does not compile", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.relabelings",
               [{"action": "drop", "sourceLabels": ["pod"], "regex": "("}]), mends=False),

    _break("LC0603", "a regex that Prometheus does not load", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.port", "me(trics"), mends=False),

    # 7: target
    _break("LC0704", "a rule that keeps another app", "servicemonitor",
           put("servicemonitor", f"{ENDPOINT}.relabelings",
               [{"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_label_app"],
                 "regex": "basket"}]), mends=False),
    _break("LC0704", "a rule that drops the namespace", "podmonitor",
           put("podmonitor", f"{POD_ENDPOINT}.relabelings",
               [{"action": "drop", "sourceLabels": ["namespace"], "regex": "sh.*"}]), mends=False),
    _break("LC0706", "targetLimit below the Pods", "servicemonitor",
           put("servicemonitor", "spec.targetLimit", 1), mends=True),
]
