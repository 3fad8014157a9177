# SPDX-License-Identifier: Apache-2.0
"""Random Namespaces, Pods and Services, and their Endpoints and EndpointSlices as the control plane
writes them: what there is to discover in a case."""
from __future__ import annotations

import random
from typing import Any

Object = dict[str, Any]

NAMESPACES = ("demo", "shop", "monitoring")
LABELS = {
    "app": ("demo", "web", "api", "demo.x"),
    "tier": ("front", "back", "1.2", "1x2"),
    "app.kubernetes.io/name": ("demo", "web"),
    "team-x/a.b_c": ("a", "b", "a.b"),
    "version": ("v1.2", "v1x2", ""),
    "enabled": ("true", "false"),
}


def labels(rng: random.Random, at_least: int = 1) -> dict[str, str]:
    names = rng.sample(list(LABELS), rng.randint(at_least, 4))
    return {name: rng.choice(LABELS[name]) for name in names}


def namespace(rng: random.Random, name: str) -> Object:
    made: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    if rng.random() < 0.7:
        made["metadata"]["labels"] = {"team": rng.choice("ab"), "env": rng.choice(("prod", "dev"))}
    return made


def node(rng: random.Random, name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name,
                                                  "topology.kubernetes.io/zone": rng.choice("ab"),
                                                  "disk-type.io/x": "ssd"},
                         "annotations": {"rack": "7"}},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.1"}]}}


def _port(rng: random.Random, number: int, name: str | None) -> Object:
    made: Object = {"containerPort": number}
    if name:
        made["name"] = name
    if rng.random() < 0.15:
        made["protocol"] = "UDP"
    elif rng.random() < 0.5:
        made["protocol"] = "TCP"
    return made


def _container(rng: random.Random, name: str, first_port: int) -> Object:
    made: Object = {"name": name, "image": f"registry.example/{name}:1"}
    names = rng.sample(("metrics", "http", "web", "metricsx", "grpc-web"), 3)
    if rng.random() < 0.9:
        made["ports"] = [_port(rng, first_port + i, names[i] if rng.random() < 0.85 else None)
                         for i in range(rng.choice((1, 1, 2, 3)))]
    return made


def pod(rng: random.Random, namespace_: str, name: str, address: str) -> Object:
    meta: Object = {"name": name, "namespace": namespace_, "uid": f"uid-{name}",
                    "labels": labels(rng)}
    if rng.random() < 0.1:
        del meta["labels"]
    if rng.random() < 0.3:
        meta["annotations"] = {"prometheus.io/scrape": "true", "note": "a b;c"}
    if rng.random() < 0.4:
        meta["ownerReferences"] = [{"apiVersion": "apps/v1", "uid": "u", "name": f"{name}-owner",
                                    "kind": rng.choice(("ReplicaSet", "StatefulSet", "DaemonSet")),
                                    "controller": rng.random() < 0.8}]
    spec: Object = {"containers": [_container(rng, "main", 8080)]}
    if rng.random() < 0.3:
        spec["containers"].append(_container(rng, "side", 9090))
    if rng.random() < 0.2:
        spec["initContainers"] = [_container(rng, "init", 7070)]
        if rng.random() < 0.5:
            spec["initContainers"][0]["restartPolicy"] = "Always"
    spec["nodeName"] = rng.choice(("node-1", "node-2"))
    if rng.random() < 0.05:
        spec["hostNetwork"] = True
    phase = rng.choices(("Running", "Pending", "Failed", "Succeeded"), (86, 4, 5, 5))[0]
    ready = phase == "Running" and rng.random() < 0.85
    status: Object = {"phase": phase,
                      "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    if phase != "Pending" or rng.random() < 0.3:
        status["podIP"] = address
        status["hostIP"] = "10.1.0.1"
        status["podIPs"] = [{"ip": address}]
    elif rng.random() < 0.5:
        del spec["nodeName"]  # not scheduled
    if rng.random() < 0.05:
        del status["conditions"]
    if rng.random() < 0.5:
        status["containerStatuses"] = [{"name": each["name"],
    "containerID": f"cri://{each['name']}",
    "ready": ready,
    "restartCount": 0,
    "image": each["image"],
     "imageID": ""} for each in spec["containers"]]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def container_ports(of: Object) -> list[Object]:
    spec = of["spec"]
    return [port for container in spec["containers"] + spec.get("initContainers", [])
            for port in container.get("ports", [])]


def service(rng: random.Random, namespace_: str, name: str, pods: list[Object]) -> Object:
    """Mostly of a Pod there is, by one of its labels, and with ports that reach its ports."""
    meta: Object = {"name": name, "namespace": namespace_, "labels": labels(rng)}
    if rng.random() < 0.05:
        del meta["labels"]
    if rng.random() < 0.3:
        meta["annotations"] = {"note.io/x-y": "z"}
    here = [each for each in pods if each["metadata"]["namespace"] == namespace_]
    running = [each for each in here if each["status"]["phase"] == "Running"]
    of = rng.choice(running or here) if here else None
    spec: Object = {"type": rng.choices(("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
                                        (85, 5, 5, 5))[0]}
    if spec["type"] == "ExternalName":
        spec["externalName"] = "db.example"
    elif rng.random() < 0.9:
        of_labels = of["metadata"].get("labels") if of else None
        key = rng.choice(sorted(of_labels)) if of_labels else "app"
        spec["selector"] = {key: of_labels[key] if of_labels else "demo"}
    if spec["type"] == "ClusterIP":
        spec["clusterIP"] = "None" if rng.random() < 0.3 else "10.96.0.7"
    if rng.random() < 0.1:
        spec["publishNotReadyAddresses"] = True
    declared = container_ports(of) if of else []
    spec["ports"] = _service_ports(rng, declared)
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _service_ports(rng: random.Random, declared: list[Object]) -> list[Object]:
    ports: list[Object] = []
    for i in range(rng.choice((1, 1, 1, 2))):
        port: Object = {"port": 80 + i}
        if declared and rng.random() < 0.9:
            to = rng.choice(declared)
            if "name" in to and rng.random() < 0.6:
                port["targetPort"] = to["name"]
            elif rng.random() < 0.8:
                port["targetPort"] = to["containerPort"]
            else:
                port["port"] = to["containerPort"] + i * 1000
            if "protocol" in to:
                port["protocol"] = to["protocol"]
        else:
            port["targetPort"] = rng.choice(("nowhere", 1234))
        ports.append(port)
    names = rng.sample(("metrics", "http", "web", "metrics-x"), 2)
    if len(ports) > 1 or rng.random() < 0.85:
        for port, name in zip(ports, names):
            port["name"] = name
    return ports


def _resolve(port: Object, of: Object) -> int | None:
    """The Pod's port that a Service's port leads to."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    protocol = port.get("protocol", "TCP")
    for container in of["spec"]["containers"] + [
            each for each in of["spec"].get("initContainers", []) if each.get("restartPolicy")]:
        for declared in container.get("ports", []):
            if declared.get("name") == target and declared.get("protocol", "TCP") == protocol:
                return int(declared["containerPort"])
    return None


def _is_ready(of: Object) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True"
               for each in of["status"].get("conditions", []))


def _chosen(rng: random.Random, of: Object, pods: list[Object], settled: bool) -> list[Object]:
    selector = of["spec"].get("selector")
    stale = rng.random() < 0.3 and not settled  # it is not yet seen that the Pod has ended
    return [] if selector is None else [
        each for each in pods
        if each["metadata"]["namespace"] == of["metadata"]["namespace"]
        and selector.items() <= each["metadata"].get("labels", {}).items()
        and "podIP" in each["status"]
        and (stale or each["status"]["phase"] in ("Running", "Pending"))]


def _by_ports(of: Object, chosen: list[Object]) -> dict[tuple[Any, ...], list[Object]]:
    """Pods by the ports that they resolve to."""
    groups: dict[tuple[Any, ...], list[Object]] = {}
    for each in chosen:
        ports = tuple((port.get("name"), _resolve(port, each), port.get("protocol"))
                      for port in of["spec"]["ports"] if _resolve(port, each) is not None)
        groups.setdefault(ports, []).append(each)
    return groups


def _port_list(ports: tuple[Any, ...]) -> list[Object]:
    return [{key: value for key, value in zip(("name", "port", "protocol"), each)
             if value is not None} for each in ports]


def _reference(of: Object) -> Object:
    return {"kind": "Pod", "name": of["metadata"]["name"], "namespace": of["metadata"]["namespace"],
            "uid": of["metadata"]["uid"]}


def published(rng: random.Random, of: Object, pods: list[Object], settled: bool) -> list[Object]:
    """The Endpoints, which come first, and EndpointSlices of a Service."""
    if of["spec"]["type"] == "ExternalName":
        return []
    groups = _by_ports(of, _chosen(rng, of, pods, settled))
    early = of["spec"].get("publishNotReadyAddresses", False)
    if "selector" not in of["spec"] and rng.random() < 0.8:
        return _by_hand(rng, of)
    meta = of["metadata"]
    subsets = []
    slices = []
    for i, (ports, members) in enumerate(groups.items()):
        subset: Object = {}
        endpoints = []
        for each in members:
            ready = early or _is_ready(each)
            address: Object = {"ip": each["status"]["podIP"], "targetRef": _reference(each)}
            endpoint: Object = {"addresses": [each["status"]["podIP"]],
                                "conditions": {"ready": ready, "serving": _is_ready(each),
                                               "terminating": False},
                                "targetRef": _reference(each)}
            if "nodeName" in each["spec"]:
                address["nodeName"] = endpoint["nodeName"] = each["spec"]["nodeName"]
            if rng.random() < 0.3:
                endpoint["zone"] = rng.choice("ab")
            if rng.random() < 0.1:
                address["hostname"] = endpoint["hostname"] = each["metadata"]["name"]
            subset.setdefault("addresses" if ready else "notReadyAddresses", []).append(address)
            endpoints.append(endpoint)
        if ports:
            subset["ports"] = _port_list(ports)
        subsets.append(subset)
        slices.append(_slice(of, f"{meta['name']}-{i}", endpoints, _port_list(ports)))
    whole: Object = {"apiVersion": "v1", "kind": "Endpoints",
                     "metadata": {"name": meta["name"], "namespace": meta["namespace"],
                                  "labels": dict(meta.get("labels", {}))},
                     "subsets": [subset for subset in subsets if "ports" in subset]}
    return [whole, *slices]


def _slice(of: Object, name: str, endpoints: list[Object], ports: list[Object],
           kind: str = "IPv4") -> Object:
    meta = of["metadata"]
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": kind,
            "metadata": {"name": name, "namespace": meta["namespace"],
                         "labels": {**meta.get("labels", {}),
                                    "kubernetes.io/service-name": meta["name"],
                                    "endpointslice.kubernetes.io/managed-by": "someone"}},
            "endpoints": endpoints, "ports": ports}


def _by_hand(rng: random.Random, of: Object) -> list[Object]:
    """Of a Service without a selector: outside addresses, Nodes, a Pod that is not there."""
    meta = of["metadata"]
    port: Object = {"port": 9100}
    if rng.random() < 0.8:
        port["name"] = of["spec"]["ports"][0].get("name", "metrics")
    to = rng.choice((None, {"kind": "Node", "name": "node-1"},
                     {"kind": "Pod", "name": "gone", "namespace": meta["namespace"]}))
    address: Object = {"ip": "192.0.2.7"}
    endpoint: Object = {"addresses": ["192.0.2.7"]}
    if to:
        address["targetRef"] = endpoint["targetRef"] = to
    six = rng.random() < 0.2
    if six:
        address["ip"], endpoint["addresses"] = "2001:db8::7", ["2001:db8::7"]
    if rng.random() < 0.3:
        endpoint["conditions"] = {"ready": rng.random() < 0.5}
    return [{"apiVersion": "v1", "kind": "Endpoints",
             "metadata": {"name": meta["name"], "namespace": meta["namespace"],
                          "labels": dict(meta.get("labels", {}))},
             "subsets": [{"addresses": [address], "ports": [dict(port)]}]},
            _slice(of, f"{meta['name']}-hand", [endpoint], [dict(port)],
                   "IPv6" if six else "IPv4")]
