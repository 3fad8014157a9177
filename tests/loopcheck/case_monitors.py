# SPDX-License-Identifier: Apache-2.0
"""Random ServiceMonitors and PodMonitors over what case_workloads made: mostly such that they find
something, with every field that the prediction knows."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from case_workloads import LABELS, NAMESPACES, Object, container_ports

SOURCES = (
    "__meta_kubernetes_pod_name",
    "__meta_kubernetes_namespace",
    "__address__",
    "job",
    "pod",
    "__meta_kubernetes_pod_label_app",
    "__meta_kubernetes_pod_labelpresent_app",
    "instance",
    "__meta_kubernetes_pod_container_port_number",
    "nonexistent",
    "namespace",
    "container",
    "__meta_kubernetes_service_label_tier",
    "__meta_kubernetes_pod_ready",
    "endpoint",
    "__meta_kubernetes_endpoint_ready",
    "__meta_kubernetes_endpointslice_endpoint_conditions_ready",
    "__meta_kubernetes_pod_annotation_note",
    "__meta_kubernetes_node_label_disk_type_io_x",
    "__meta_kubernetes_pod_controller_kind",
    "__meta_kubernetes_pod_node_name",
    "__metrics_path__",
    "__scheme__",
    "__param_module",
     "__scrape_interval__")
REGEXES = (
    "(.+)",
    "(.*)",
    "([^:]+):(\\d+)",
    "(?i)DEMO.*",
    "demo|web|api",
    "demo-(?P<rest>.+)",
    ".*web.*",
    "(.+);(.*)",
    "\\Qdemo.x\\E",
    "[[:alpha:]]+(.*)",
    "\\p{L}+.*",
    "^demo$",
    "",
    "x{0,3}.*",
    "(?s).+",
    "(a)?(.*)",
    "\\w+-(\\d).*",
    "(?:pod|svc)-(.+?)",
    "\\d+",
    "()",
    "true",
    "([a-z]+)-?([0-9]*)",
    "(?U)(.+)(.*)",
    "[^[:space:]]*",
    "\\x70od.*",
     "pod-\\pN")
REPLACEMENTS = ("$1", "${1}-x", "$1_x", "$$1", "$rest", "${rest}", "$2", "static", "", "${1", "$",
                "a$0b", "${0}", "$1$2", "$é", "${1}${2}", "x-$1-y", "$10", "\\1", "$-1")
TARGETS = ("zone", "cluster", "instance", "job", "pod", "__param_module", "__tmp_x", "x_$1",
           "namespace", "le", "__metrics_path__", "exported_job", "a_b")


def rule(rng: random.Random, broken: float = 0.012) -> Object:
    """One relabelling rule, of any action."""
    if rng.random() < broken:
        return rng.choice((
            {"action": "replace", "targetLabel": "x", "regex": "(", "sourceLabels": ["job"]},
            {"action": "hashmod", "targetLabel": "x", "sourceLabels": ["job"]},
            {"action": "replace", "sourceLabels": ["job"]},
            {"action": "labeldrop", "regex": "pod", "sourceLabels": ["job"]},
            {"action": "keepequal", "targetLabel": "pod", "sourceLabels": ["job"], "regex": "x"},
            {"action": "lowercase", "targetLabel": "x", "sourceLabels": ["job"],
             "replacement": "y"},
            {"action": "labelkeep", "regex": "x{2000}"},
            {"action": "drop", "regex": "(?<=a)b", "sourceLabels": ["job"]},
            {"action": "replace", "targetLabel": "", "sourceLabels": ["job"], "regex": "a"}))
    action = rng.choices(
    ("replace",
    "keep",
    "drop",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
    "keepequal",
    "dropequal"),
    (50,
    7,
    7,
    6,
    8,
    5,
    2,
    5,
    5,
    3,
     4))[0]
    made: Object = {"action": action}
    sources = rng.sample(SOURCES, rng.choice((1, 1, 1, 2, 3)))
    if action == "replace":
        made["targetLabel"] = rng.choice(TARGETS)
        if rng.random() < 0.85:
            made["sourceLabels"] = sources
        if rng.random() < 0.7:
            made["regex"] = rng.choice(REGEXES)
        if rng.random() < 0.7:
            made["replacement"] = rng.choice(REPLACEMENTS)
        _special(rng, made)
    elif action in ("keep", "drop"):
        made["sourceLabels"] = sources
        made["regex"] = rng.choice(("(.*)", ".+", ".*;.*", "(?i)[a-z].*", ".*0.*|.*;?")
                                   if action == "keep" else
                                   ("false", "nothing", ".+-2", "UDP", "demo", "9090", "x|"))
    elif action == "hashmod":
        made |= {"sourceLabels": sources, "modulus": rng.choice((1, 2, 3, 7, 1000)),
                 "targetLabel": rng.choice(("__tmp_mod", "shard", "__tmp_hash"))}
    elif action == "labelmap":
        made["regex"] = rng.choice(
    ("__meta_kubernetes_pod_label_(.+)",
    "__meta_kubernetes_(pod|service)_(name)",
    "(namespace)",
    "__meta_kubernetes_service_annotation_(.+)",
    "__meta_kubernetes_node_label_(.+)",
    "__meta_kubernetes_pod_(ip|uid|phase)",
     "__meta_kubernetes_namespace_labelx_(.+)"))
        # Where two labels became one, Prometheus would take either, at random: no "fixed", no "$2".
        if rng.random() < 0.5:
            made["replacement"] = rng.choice(("k8s_${1}_$2", "${1}${2}_x", "a_$2$1"))
    elif action == "labeldrop":
        made["regex"] = rng.choice(("pod|container", "end.*", "__meta_.*", "namespace", "no"))
    elif action == "labelkeep":
        made["regex"] = rng.choice(
    ("__.*|job|instance|pod",
    "(__)?[a-z].*|__.*",
     "__address__|__s.*|job"))
    else:
        made["sourceLabels"] = sources[:1]
        made["targetLabel"] = rng.choice(("zone", "pod", "job", "exported_job"))
    if "sourceLabels" in made and action not in ("keepequal", "dropequal") and rng.random() < 0.15:
        made["separator"] = rng.choice(("", "-", ";;", "."))
    return _respelled(rng, made)


def _special(rng: random.Random, made: Object) -> None:
    """Rules on the labels that say how a target is scraped."""
    if rng.random() >= 0.2:
        return
    made.pop("sourceLabels", None)
    made.pop("separator", None)
    made.pop("regex", None)
    made["targetLabel"], made["replacement"] = rng.choices(
        (("__scrape_interval__", "15s"), ("__scrape_timeout__", "5s"), ("__scheme__", "https"),
         ("__metrics_path__", "/m/$1?x=1"), ("__param_module", "a b&c"), ("__address__",
          "proxy:80"),
         ("__scrape_interval__", "0s"), ("__scrape_interval__", "soon"), ("__scrape_timeout__",
          "90m"),
         ("__scrape_interval__", "1m30s"), ("__address__", ""), ("__address__", "a/b:80"),
         ("utf-8 name", "é"), ("instance", ""), ("job", "")),
        (8, 6, 6, 6, 6, 4, 1, 1, 1, 4, 1, 1, 2, 3, 2))[0]


def _respelled(rng: random.Random, made: Object) -> Object:
    """The CRD takes two spellings of an action, and none."""
    dice = rng.random()
    spelt = {"replace": "Replace", "keep": "Keep", "drop": "Drop", "hashmod": "HashMod",
             "labelmap": "LabelMap", "labeldrop": "LabelDrop", "labelkeep": "LabelKeep",
             "lowercase": "Lowercase", "uppercase": "Uppercase", "keepequal": "KeepEqual",
             "dropequal": "DropEqual"}
    if dice < 0.1:
        made["action"] = spelt[made["action"]]
    elif made["action"] == "replace" and dice < 0.4:
        del made["action"]
    return made


def rules(rng: random.Random, often: float, broken: float = 0.012) -> list[Object]:
    return [
    rule(
        rng, broken) for _ in range(
            rng.choice(
                (1, 1, 2, 3)))] if rng.random() < often else []


def selector(rng: random.Random, of: dict[str, str]) -> Object:
    """One that mostly matches these labels."""
    made: Object = {}
    names = sorted(of)
    if names and rng.random() < 0.6:
        chosen = rng.sample(names, rng.choice((1, 1, min(2, len(names)))))
        made["matchLabels"] = {name: of[name] for name in chosen}
    if rng.random() < 0.35:
        made["matchExpressions"] = [_expression(rng, of) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.06:
        name = rng.choice(list(LABELS))
        made["matchLabels"] = {name: rng.choice(LABELS[name])}
    if rng.random() < 0.01:
        made["matchLabels"] = {"app": rng.choice(("-bad", "a b", "x" * 64, "de(mo"))}
    if rng.random() < 0.01:
        made["matchExpressions"] = [
    rng.choice(
        ({
            "key": "app", "operator": "In"}, {
                "key": "app", "operator": "Within", "values": ["a"]}, {
                    "key": "app", "operator": "Exists", "values": ["a"]}))]
    return made


def _expression(rng: random.Random, of: dict[str, str]) -> Object:
    there = rng.choice(sorted(of)) if of and rng.random() < 0.85 else rng.choice(list(LABELS))
    absent = rng.choice([name for name in LABELS if name not in of] or ["other/label"])
    value = of.get(there, "demo")
    return rng.choice((
        {"key": there, "operator": "In", "values": sorted({value, rng.choice(("zzz", "demo"))})},
        {"key": there, "operator": "NotIn", "values": ["zzz", "1.3"]},
        {"key": there, "operator": "Exists"},
        {"key": absent, "operator": "DoesNotExist"},
        {"key": absent, "operator": "NotIn", "values": ["demo"]}))


def namespaces_of(rng: random.Random, wanted: str, own: str) -> Object | None:
    if wanted == own and rng.random() < 0.7:
        return rng.choice((None, {}, {"matchNames": []}))
    return rng.choices(({"any": True}, {"matchNames": [wanted]}, {"matchNames": [wanted, "absent"]},
                        {"matchNames": list(NAMESPACES)}, {"any": False},
                        {"any": True, "matchNames": ["absent"]}), (30, 30, 10, 15, 5, 10))[0]


def _endpoint(rng: random.Random, secure: bool = True) -> Object:
    """The fields that both kinds of endpoints have."""
    made: Object = {}
    some = (("path", ("/metrics", "/m?x=1", "metrics", "/a b")), ("scheme", ("http", "https")),
            ("honorLabels", (True, False)), ("honorTimestamps", (True, False)),
            ("trackTimestampsStaleness", (True, False)), ("filterRunning", (True, False)),
            ("followRedirects", (True, False)), ("enableHttp2", (True, False)),
            ("params", ({"module": ["http_2xx"]}, {"a": ["1", "2"], "b": []}, {})))
    for name, values in some:
        if rng.random() < (0.25 if name == "filterRunning" else 0.12):
            made[name] = rng.choice(values)
    if rng.random() < 0.3:
        made["interval"] = rng.choice(("15s", "1m", "90s", "1h", "30s", "10500ms"))
    if rng.random() < 0.2:
        made["scrapeTimeout"] = rng.choices(("5s", "10s", "1s", "1500ms", "2m"),
                                            (30, 30, 20, 15, 5))[0]
    relabelings, metrics = rules(rng, 0.45), rules(rng, 0.2)
    if relabelings:
        made["relabelings"] = relabelings
    if metrics:
        made["metricRelabelings"] = metrics
    if secure and rng.random() < 0.1:
        made |= rng.choice(SECURITY if rng.random() < 0.3 else SECURITY[:GOOD])
    return made


SECRET = {"name": "login", "key": "token"}
SECURITY: tuple[Object, ...] = (
    {"authorization": {"credentials": SECRET}},
    {"authorization": {"type": "Token", "credentials": SECRET}},
    {"basicAuth": {"username": {"name": "login", "key": "user"}, "password": SECRET}},
    {"bearerTokenSecret": SECRET},
    {"tlsConfig": {"insecureSkipVerify": True, "serverName": "demo"}},
    {"tlsConfig": {"ca": {"configMap": {"name": "authority", "key": "ca.crt"}},
     "minVersion": "TLS12"}},
    {"oauth2": {"clientId": {"secret": {"name": "login", "key": "user"}}, "clientSecret": SECRET,
                "tokenUrl": "http://auth/token", "scopes": ["a", "b"]}},
    {"proxyUrl": "http://proxy:3128"},
    # Rejected are a type that has a field of its own, an absent key, what is no certificate, a
    # certificate without its key, two kinds of login:
    {"authorization": {"type": "Basic", "credentials": SECRET}},
    {"basicAuth": {"username": {"name": "login", "key": "missing"}, "password": SECRET}},
    {"tlsConfig": {"ca": {"secret": {"name": "login", "key": "ca"}}}},
    {"tlsConfig": {"cert": {"secret": {"name": "login", "key": "token"}}}},
    {"authorization": {"credentials": SECRET}, "basicAuth": {"username": SECRET,
     "password": SECRET}},
)
GOOD = 8


def _likely(rng: random.Random, of: list[Object], good: Callable[[Object], bool]) -> Object | None:
    better = [each for each in of if good(each)] if rng.random() < 0.9 else []
    return rng.choice(better or of) if of else None


def service_monitor(rng: random.Random, name: str, namespace: str, services: list[Object],
                    pods: list[Object]) -> Object:
    of = _likely(rng, services, lambda each: each["spec"].get("selector") is not None)
    declared = [port for each in pods for port in container_ports(each)
                if of and each["metadata"]["namespace"] == of["metadata"]["namespace"]]
    endpoints = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        endpoint = _endpoint(rng)
        _service_port(rng, endpoint, of, declared)
        if rng.random() < 0.02:
            endpoint |= {"bearerTokenFile": "/token"}
        endpoints.append(endpoint)
    spec = _spec(rng, of, namespace)
    spec["endpoints"] = endpoints
    if rng.random() < 0.2:
        spec["targetLabels"] = rng.sample(list(LABELS) + ["absent"], 2)
    if rng.random() < 0.15:
        spec["serviceDiscoveryRole"] = rng.choice(("EndpointSlice", "Endpoints"))
    return _monitor(rng, "ServiceMonitor", name, namespace, spec)


def _service_port(rng: random.Random, endpoint: Object, of: Object | None,
                  declared: list[Object]) -> None:
    """As a rule one of the Service's; "ignored" is what a port overrules."""
    dice = rng.random()
    names = [port["name"] for port in of["spec"]["ports"] if "name" in port] if of else []
    if names and dice < 0.62:
        endpoint["port"] = rng.choice(names)
        if rng.random() < 0.1:
            endpoint["targetPort"] = "ignored"
    elif declared and dice < 0.82:
        port = rng.choice(declared)
        endpoint["targetPort"] = port.get("name", port["containerPort"]) \
            if rng.random() < 0.6 else port["containerPort"]
    elif dice < 0.88:
        endpoint["port"] = rng.choice(("met.*", "met(rics|x)", "[a-z]+", "web|http", "m.trics"))
    elif dice < 0.885:
        endpoint["port"] = "me(trics"  # the operator writes it, Prometheus does not load it
    elif dice < 0.92:
        endpoint["targetPort"] = rng.choice(("", 0, "80", 8080, "web|http"))


def pod_monitor(rng: random.Random, name: str, namespace: str, pods: list[Object]) -> Object:
    of = _likely(rng, pods, lambda each: each["status"]["phase"] == "Running")
    declared = container_ports(of) if of else []
    endpoints = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        endpoint = _endpoint(rng)
        dice = rng.random()
        port = rng.choice(declared) if declared else {"containerPort": 8080}
        if dice < 0.45 and "name" in port:
            endpoint["port"] = port["name"]
        elif dice < 0.65:
            endpoint["portNumber"] = port["containerPort"]
        elif dice < 0.8:
            endpoint["targetPort"] = port.get("name", port["containerPort"])
        elif dice < 0.85:
            endpoint["port"] = rng.choice(("met.*", "[a-z]+", "80"))
        endpoints.append(endpoint)
    spec = _spec(rng, of, namespace)
    spec["podMetricsEndpoints"] = endpoints
    return _monitor(rng, "PodMonitor", name, namespace, spec)


def _spec(rng: random.Random, of: Object | None, namespace: str) -> Object:
    """What both kinds have, for an object (a Service or a Pod) that they mean."""
    meta: Object = of["metadata"] if of else {"namespace": namespace}
    spec: Object = {"selector": selector(rng, meta.get("labels", {}))}
    where = namespaces_of(rng, meta["namespace"], namespace)
    if where is not None:
        spec["namespaceSelector"] = where
    some: tuple[tuple[str, float, tuple[Any, ...]], ...] = (
        ("jobLabel", 0.2, ("app", "app.kubernetes.io/name", "absent")),
        ("podTargetLabels", 0.2, (["app", "team-x/a.b_c"], ["version"], [])),
        ("attachMetadata", 0.15, ({"node": True}, {"node": False}, {})),
        ("selectorMechanism", 0.15, ("RoleSelector", "RelabelConfig")),
        ("scrapeClass", 0.15, ("tidy", "tls", "plain") * 4 + ("absent",)),
        ("sampleLimit", 0.15, (0, 100, 5000)), ("targetLimit", 0.1, (1, 100)),
        ("labelLimit", 0.1, (10, 64)), ("labelNameLengthLimit", 0.1, (50, 200)),
        ("labelValueLengthLimit", 0.1, (50, 300)), ("keepDroppedTargets", 0.1, (1, 50)),
        ("bodySizeLimit", 0.1, ("1MB", "512KB", "10GB", "1MiB")),
        ("scrapeProtocols", 0.1, (["PrometheusText0.0.4"], ["OpenMetricsText1.0.0",
         "PrometheusText1.0.0"],
                                  ["PrometheusProto"])),
        ("fallbackScrapeProtocol", 0.1, ("PrometheusText0.0.4", "PrometheusText1.0.0")),
        ("scrapeClassicHistograms", 0.1, (True, False)), ("scrapeNativeHistograms", 0.08, (True,
         False)),
        ("convertClassicHistogramsToNHCB", 0.08, (True, False)),
        ("nativeHistogramBucketLimit", 0.08, (10, 160)),
        ("nativeHistogramMinBucketFactor", 0.06, ("1.1", "2")))
    for name, often, values in some:
        if rng.random() < often:
            spec[name] = rng.choice(values)
    return spec


def _monitor(rng: random.Random, kind: str, name: str, namespace: str, spec: Object) -> Object:
    meta: Object = {"name": name, "namespace": namespace}
    if rng.random() < 0.9:
        meta["labels"] = {"release": rng.choices(("prometheus", "other"), (85, 15))[0],
                          "team": rng.choice("ab")}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": meta, "spec": spec}
