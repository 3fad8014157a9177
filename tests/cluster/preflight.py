# SPDX-License-Identifier: Apache-2.0
"""Whether the cluster that KUBECONFIG points to can hold these tests. stdout: the Prometheus object
that takes our monitors, NAMESPACE/NAME. stderr: what is missing, a line each. exit: 0 it can, 1 it
cannot."""
from __future__ import annotations

import json
import os
import sys
from typing import Any, Iterator

import checker
import kube

CRDS = ("servicemonitors", "podmonitors", "prometheusrules", "prometheuses")
GROUP = "monitoring.coreos.com"
MONITOR_LABELS = {"release": "prometheus"}
OURS = (("namespace", "demo"), ("namespace", kube.SANDBOX), ("clusterrole", "loopcheck"),
        ("clusterrolebinding", "loopcheck"))
OURS_IN_MONITORING = (("servicemonitor", "demo-cpp"), ("podmonitor", "demo-cpp"),
                      ("prometheusrule", "demo-cpp"), ("prometheus", "drill"),
                      ("serviceaccount", "drill"), ("deployment", "loopcheck"),
                      ("service", "loopcheck"), ("serviceaccount", "loopcheck"),
                      ("servicemonitor", "loopcheck"))


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """As on a Prometheus object: nil selects nothing, {} everything."""
    return selector is not None and (selector == {} or checker.matches(selector, labels))


def takes_ours(prometheus: dict[str, Any], kind: str, monitoring: dict[str, str]) -> bool:
    """Whether it takes our monitor of this kind ("service" or "pod") out of `monitoring`, which has
    these labels."""
    spec = prometheus["spec"]
    namespaces = spec.get(f"{kind}MonitorNamespaceSelector")
    there = prometheus["metadata"]["namespace"] == "monitoring" if namespaces is None else \
        selects(namespaces, monitoring)
    return there and not spec.get("paused") and selects(spec.get(f"{kind}MonitorSelector"),
                                                        MONITOR_LABELS)


def missing() -> Iterator[str]:
    """What is missing; nothing else is asked for where the first thing is."""
    reached = kube.run("version", "-o", "json", "--request-timeout=10s")
    if reached.returncode != 0 or "serverVersion" not in json.loads(reached.stdout or "{}"):
        where = os.environ.get("KUBECONFIG", "not set")
        yield f"no cluster answers (KUBECONFIG {where}): {reached.stderr.strip().splitlines()[-1]}"
        return
    if kube.run("auth", "can-i", "*", "*", "--all-namespaces").stdout.strip() != "yes":
        yield "this user may not do everything there; the tests make namespaces, roles and CRDs"
    absent = [each for each in CRDS if not kube.exists("crd", f"{each}.{GROUP}")]
    if absent:
        yield f"the Prometheus Operator's CRDs are not there: {', '.join(absent)}"
    if not kube.exists("namespace", "monitoring"):
        yield "no namespace monitoring: the monitors live there"
    for kind, name in OURS:
        if kube.exists(kind, name):
            yield f"{kind} {name} is there already, and would be changed: remove it first"
    for kind, name in OURS_IN_MONITORING:
        if not absent and kube.exists(kind, name, "monitoring"):
            yield f"{kind} {name} in monitoring is there already, and would be changed"


def chosen() -> str | None:
    """The Prometheus object that takes both kinds of our monitors."""
    labels = kube.get("namespace", "monitoring")["metadata"]["labels"]
    for each in kube.listed(f"prometheuses.{GROUP}"):
        if takes_ours(each, "service", labels) and takes_ours(each, "pod", labels):
            return f"{each['metadata']['namespace']}/{each['metadata']['name']}"
    return None


def main() -> int:
    found = list(missing())
    name = None if found else chosen()
    if not found and name is None:
        found.append("no Prometheus object takes monitors labelled release: prometheus from "
                     "the namespace monitoring")
    for each in found:
        print(f"cluster-test: error: {each}", file=sys.stderr)
    if found:
        return 1
    print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
