#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random cases for the prediction of targets: monitors, workloads and Prometheus objects. A case is
its seed's alone. As a program: `cases.py FIRST COUNT` prints them, one JSON line each."""
from __future__ import annotations

import json
import random
import sys
from typing import Any

import case_monitors
import case_workloads
from case_workloads import NAMESPACES, Object

LOGIN: Object = {
    "apiVersion": "v1", "kind": "Secret",
    "metadata": {"name": "login"}, "stringData": {"user": "demo", "token": "s3cret", "ca": "none"}}
AUTHORITY: Object = {
    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "authority"},
    "data": {"ca.crt": """-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUazHBUiz25ND0LXP17oZOU0MeZ2kwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEZGVtbzAgFw0yNjExMjgwNzM3NTlaGA8yMTI2MTEwNDA3Mzc1
OVowDzENMAsGA1UEAwwEZGVtbzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKxC
N2/5yCJYO5HAegnBK+tqDdbR1GPG2TX+8SrUZov90fvswVLRVYip5GAE0HgzHR+V
a6tT/kbZbSmWFja6DQ2jUzBRMB0GA1UdDgQWBBRUGoH25tg7nk9yLlp+U9gfV007
jTAfBgNVHSMEGDAWgBRUGoH25tg7nk9yLlp+U9gfV007jTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIDCQjelUYyKTBJU0eSqb3kwuVIxcPrpQ8OWz
SS95hu0qAiBhsjU21mj6HACts/2qKnTm5nqBN4aoVKNTN+dWLTZlNw==
-----END CERTIFICATE-----
"""}}


def scrape_classes(rng: random.Random) -> list[Object]:
    classes: list[Object] = [
        {"name": "tidy", "relabelings": case_monitors.rules(rng, 0.9, 0.004),
         "metricRelabelings": case_monitors.rules(rng, 0.4, 0.004)},
        {"name": "tls", "tlsConfig": {"insecureSkipVerify": True},
         "authorization": {"credentialsFile": "/token"}},
        {"name": "plain", "attachMetadata": {"node": True},
         "fallbackScrapeProtocol": "PrometheusText0.0.4"}]
    rng.shuffle(classes)
    if rng.random() < 0.4:
        classes[0]["default"] = True
    if rng.random() < 0.01:
        classes[0]["default"] = classes[1]["default"] = True
    return classes


def monitor_selector(rng: random.Random) -> Object | None:
    return rng.choices(({}, {"matchLabels": {"release": "prometheus"}},
                        {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]},
                        {"matchExpressions": [{"key": "release", "operator": "NotIn",
                         "values": ["other"]}]},
                        None), (67, 22, 4, 4, 3))[0]


def namespace_selector(rng: random.Random) -> Object | None:
    return rng.choices(({}, {"matchLabels": {"env": "prod"}},
                        {"matchExpressions": [{"key": "kubernetes.io/metadata.name",
                         "operator": "In",
                                               "values": ["demo", "shop"]}]}, None),
                       (80, 6, 7, 7))[0]


SOME: tuple[tuple[str, float, tuple[Any, ...]], ...] = (
    ("version", 0.3, ("v3.0.0", "v2.55.1", "v3.8.1", "v2.45.0", "3.5.0", "v2.53.1", "v2.37.0")),
    ("scrapeInterval", 0.2, ("10s", "2m")), ("scrapeTimeout", 0.15, ("8s", "10s")),
    ("podTargetLabels", 0.15, (["tier"], ["app", "team-x/a.b_c"])),
    ("serviceDiscoveryRole", 0.4, ("EndpointSlice", "EndpointSlice", "Endpoints")),
    ("overrideHonorLabels", 0.1, (True, False)), ("overrideHonorTimestamps", 0.1, (True, False)),
    ("enforcedNamespaceLabel", 0.12, ("namespace", "tenant")),
    ("ignoreNamespaceSelectors", 0.07, (True, False)),
    ("shards", 0.25, (1, 2, 3)), ("replicas", 0.1, (1, 2)),
    ("enforcedSampleLimit", 0.1, (50, 1000)), ("enforcedTargetLimit", 0.08, (10, 100)),
    ("enforcedLabelLimit", 0.08, (32,)), ("enforcedLabelNameLengthLimit", 0.08, (100,)),
    ("enforcedLabelValueLengthLimit", 0.08, (100,)), ("enforcedKeepDroppedTargets", 0.08, (10,)),
    ("enforcedBodySizeLimit", 0.08, ("1MB", "5MB")), ("sampleLimit", 0.06, (777,)),
    ("bodySizeLimit", 0.05, ("3MB",)), ("targetLimit", 0.05, (99,)),
    ("arbitraryFSAccessThroughSMs", 0.08, ({"deny": True}, {"deny": False})),
    ("scrapeProtocols", 0.06, (["PrometheusText0.0.4"],)),
    ("scrapeClassicHistograms", 0.05, (True, False)), ("scrapeNativeHistograms", 0.05, (True,)),
    ("convertClassicHistogramsToNHCB", 0.05, (True,)),
    ("nameValidationScheme", 0.04, ("Legacy", "UTF8")),
    ("externalLabels", 0.05, ({"cluster": "c1"},)),
)


def prometheus(rng: random.Random, name: str, monitors: list[Object]) -> Object:
    spec: Object = {}
    for field, value in (("serviceMonitorSelector", monitor_selector(rng)),
                         ("podMonitorSelector", monitor_selector(rng)),
                         ("serviceMonitorNamespaceSelector", namespace_selector(rng)),
                         ("podMonitorNamespaceSelector", namespace_selector(rng))):
        if value is not None:
            spec[field] = value
    for field, often, values in SOME:
        if rng.random() < often:
            spec[field] = rng.choice(values)
    named = any("scrapeClass" in each["spec"] for each in monitors)
    if rng.random() < (0.97 if named else 0.3):
        spec["scrapeClasses"] = scrape_classes(rng)
    if "enforcedNamespaceLabel" in spec and rng.random() < 0.4:
        of = rng.choice(monitors)
        spec["excludedFromEnforcement"] = [
            {"resource": of["kind"].lower() + "s", "namespace": of["metadata"]["namespace"],
             **rng.choice(({}, {"name": of["metadata"]["name"]}, {"name": "other"}))}]
    if rng.random() < 0.04:
        spec["shardingStrategy"] = {"mode": "Topology", "topology": {"values": rng.choice(
            (["a"], ["a", "b"], ["b", "c"]))}}
        spec["shards"] = rng.choice((1, 2, 3))
    where = rng.choice(monitors)["metadata"]["namespace"] if rng.random() < 0.5 else "monitoring"
    agent = rng.random() < 0.08
    return {"apiVersion": "monitoring.coreos.com/" + ("v1alpha1" if agent else "v1"),
            "kind": "PrometheusAgent" if agent else "Prometheus",
            "metadata": {"name": name, "namespace": where}, "spec": spec}


def undone(case_: Object) -> Object:
    """The case as manifests have it: without what the control plane makes of Services."""
    chosen = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in case_[
               "objects"] if each["kind"] == "Service" and "selector" in each["spec"]}

    def made(of: Object) -> bool:
        name = of["metadata"].get("labels", {}).get("kubernetes.io/service-name",
                                                    of["metadata"]["name"])
        return (of["kind"] in ("Endpoints", "EndpointSlice")
                and (of["metadata"]["namespace"], name) in chosen)

    return {**case_, "objects": [each for each in case_["objects"] if not made(each)]}


def case(seed: int, settled: bool = False) -> Object:
    """`settled`: the control plane has seen all that there is."""
    rng = random.Random(f"loopcheck {seed}")
    spaces = rng.sample(NAMESPACES, rng.choice((1, 2, 2, 3)))
    pods = [case_workloads.pod(rng, rng.choice(spaces), f"pod-{i}", f"10.0.0.{i + 1}")
            for i in range(rng.choice((1, 2, 3, 4, 5)))]
    services = [
    case_workloads.service(
        rng,
        rng.choice(pods)["metadata"]["namespace"],
        f"svc-{i}",
        pods) for i in range(
            rng.randint(
                1,
                 4))]
    by_service = [case_workloads.published(rng, service, pods, settled) for service in services]
    published = [each for made in by_service for each in made]
    reachable = [
    service for service,
    made in zip(
        services,
         by_service) if made and made[0]["subsets"]]
    monitors = []
    for i in range(rng.choice((1, 2, 2, 3, 3))):
        where = rng.choice(spaces)
        if rng.random() < 0.6:
            monitors.append(
    case_monitors.service_monitor(
        rng,
        f"mon-{i}",
        where,
        reachable if reachable and rng.random() < 0.8 else services,
         pods))
        else:
            monitors.append(case_monitors.pod_monitor(rng, f"mon-{i}", where, pods))
    proms = [prometheus(rng, f"prom-{i}", monitors) for i in range(rng.choice((1, 1, 1, 2)))]
    if any(each["spec"].get("version", "").startswith("v2.") for each in proms):
        for each in pods:  # what the oracle's Prometheus 3 finds at their ports, 2 does not
            each["spec"].pop("initContainers", None)
    objects = [*(case_workloads.namespace(rng, name) for name in spaces if rng.random() < 0.9),
               *(case_workloads.node(rng, name) for name in ("node-1", "node-2")),
               *pods, *services, *published, *monitors, *proms]
    for name in sorted({each["metadata"]["namespace"] for each in monitors}):
        for shared in (LOGIN, AUTHORITY):
            objects.append({**shared, "metadata": {**shared["metadata"], "namespace": name}})
    if rng.random() < 0.5:
        rng.shuffle(objects)
    return {"id": seed, "objects": objects}


if __name__ == "__main__":
    for number in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        print(json.dumps(case(number), ensure_ascii=False))
