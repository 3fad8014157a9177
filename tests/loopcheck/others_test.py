# SPDX-License-Identifier: Apache-2.0
"""loopcheck on manifests of others, taken as they are: no false alarm on those that work, the known
fault on those that do not. A row whose manifests cannot be had here is skipped."""
from __future__ import annotations

import json
import pathlib
import unittest
from dataclasses import dataclass
from typing import Any

import loopcheck
import others
from others import OPERATOR

# What a row expects beside "nothing": code → the objects, without their namespace.
Faults = dict[str, set[str]]
PLAIN_CLUSTER = loopcheck.HERE / "plain_cluster.yaml"
TOLD = ("error", "undecided", "warning")


@dataclass(frozen=True)
class Chart:
    path: str
    settings: tuple[str, ...] = ()
    subcharts: tuple[tuple[str, str, str], ...] = ()  # project, version, path


@dataclass(frozen=True)
class Row:
    name: str
    project: str
    version: str
    inputs: tuple[str | Chart, ...]
    exit: int
    active: int                        # targets
    faults: tuple[tuple[str, tuple[str, ...]], ...] = ()
    flags: tuple[str, ...] = ()
    beside: tuple[pathlib.Path, ...] = ()
    needs: tuple[str, ...] = ()        # folders, where that is more than the inputs
    links: int = 9                     # up to which findings are compared, and the exit status


def with_label(monitor: str, label: str, *more: str) -> tuple[str, ...]:
    return (f"{monitor}.enabled=true", f"{monitor}.{label}.release=prometheus", *more)


STARTED = "example/user-guides/getting-started/"
RIGHTS = tuple(f"example/rbac/prometheus/prometheus-{each}.yaml" for each in (
    "cluster-role", "cluster-role-binding", "service-account"))
APP = (STARTED + "example-app-deployment.yaml", STARTED + "example-app-service.yaml")
BY_SERVICE = STARTED + "example-app-service-monitor.yaml"
BY_POD = STARTED + "example-app-pod-monitor.yaml"
SELECTS_SERVICE_MONITORS = STARTED + "prometheus-service-monitor.yaml"
SELECTS_POD_MONITORS = STARTED + "prometheus-pod-monitor.yaml"
SELECTS_NONE = STARTED + "prometheus.yaml"


def of_operator(version: str) -> list[Row]:
    def row(name: str, *inputs: str, **more: Any) -> Row:
        return Row(f"operator {version}: {name}", OPERATOR, version, inputs,
                   flags=("--operator", version), **more)

    return [
        row("getting started with a ServiceMonitor", *APP, BY_SERVICE, SELECTS_SERVICE_MONITORS,
            STARTED + "prometheus-service.yaml", *RIGHTS, exit=0, active=1),
        row("getting started with a PodMonitor", *APP, BY_POD, SELECTS_POD_MONITORS, *RIGHTS,
            exit=0, active=1),
        row("getting started with the admin API", *APP, BY_SERVICE,
            STARTED + "prometheus-admin-api.yaml", *RIGHTS, exit=0, active=1),
        row("a ServiceMonitor, and a Prometheus that selects PodMonitors", *APP, BY_SERVICE,
            SELECTS_POD_MONITORS, *RIGHTS, exit=1, active=0,
            faults=(("LC0404", ("Prometheus/prometheus",)),)),
        row("a Prometheus that selects nothing", *APP, BY_SERVICE, BY_POD, SELECTS_NONE, *RIGHTS,
            exit=1, active=0, faults=(("LC0405", ("Prometheus/prometheus",)),)),
        row("no Prometheus: its stand-in wants another label than team", *APP, BY_SERVICE, BY_POD,
            exit=1, active=0, faults=(("LC0402", ("PodMonitor/example-app",
                                                  "ServiceMonitor/example-app")),)),
        row("all of getting started, three Prometheus objects of one name", STARTED.rstrip("/"),
            exit=2, active=0),
        row("shards", "example/shards", exit=0, active=1),
        row("thanos, whose Prometheus monitors itself", "example/thanos", exit=0, active=1),
        row("the Operator itself, which no Prometheus selects", "example/rbac/prometheus-operator",
            exit=1, active=0, faults=(("LC0402", ("ServiceMonitor/prometheus-operator",)),)),
        row("the Operator's bundle, which has no monitor", "bundle.yaml", exit=1, active=0,
            faults=(("LC0301", ("Service/prometheus-operator",)),)),
    ]


KUBE_PROMETHEUS = ("prometheus-operator/kube-prometheus", "v0.18.0")
CHARTS = ("prometheus-community/helm-charts", "kube-prometheus-stack-88.5.3")
STACK = Chart("charts/kube-prometheus-stack", (), (
    (*CHARTS, "charts/kube-state-metrics"), (*CHARTS, "charts/prometheus-node-exporter"),
    (*CHARTS, "charts/prometheus-windows-exporter"),
    ("grafana-community/helm-charts", "grafana-12.11.1", "charts/grafana")))
PODINFO = ("stefanprodan/podinfo", "6.14.1")
STRIMZI = ("strimzi/strimzi-kafka-operator", "1.2.0")
STRIMZI_FILES = ("install/cluster-operator", "examples/metrics/prometheus-install",
                 "examples/metrics/kafka-metrics.yaml")
STRIMZI_MAKES = tuple(f"PodMonitor/{each}-metrics" for each in (
    "bridge", "entity-operator", "kafka-resources"))
RABBITMQ = ("rabbitmq/cluster-operator", "v2.22.3")
CONTOUR = ("projectcontour/contour", "v1.33.6")


def exporter(name: str, *settings: str) -> Row:
    return Row(f"chart of prometheus-{name}", *CHARTS,
               (Chart(f"charts/prometheus-{name}", settings),), exit=0, active=1)


ROWS = [
    *of_operator("v0.88.0"),
    *of_operator("v0.93.0"),
    # Where targets are undecided, so are the many queries for their jobs: only links 1 to 8.
    Row("kube-prometheus without a cluster", *KUBE_PROMETHEUS, ("manifests",), exit=3, active=11,
        links=8, faults=(("LC0302", tuple(f"ServiceMonitor/{each}" for each in (
            "coredns", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
            "kubelet"))),)),
    Row("kube-prometheus on a plain cluster", *KUBE_PROMETHEUS, ("manifests",), exit=1, active=18,
        beside=(PLAIN_CLUSTER,), links=8, faults=(("LC0302", (
            "ServiceMonitor/kube-controller-manager", "ServiceMonitor/kube-scheduler")),)),
    Row("kube-prometheus-stack without a cluster", *CHARTS, (STACK,), exit=3, active=8, links=8,
        flags=("-n", "monitoring"), faults=(
            ("LC0201", tuple(f"Service/prometheus-kube-prometheus-{each}" for each in (
                "coredns", "kube-controller-manager", "kube-etcd", "kube-proxy",
                "kube-scheduler"))),
            ("LC0302", ("ServiceMonitor/prometheus-kube-prometheus-apiserver",
                        "ServiceMonitor/prometheus-kube-prometheus-kubelet")))),
    Row("podinfo's chart", *PODINFO, (Chart("charts/podinfo", ("serviceMonitor.enabled=true",)),),
        exit=1, active=0, faults=(("LC0402", ("ServiceMonitor/prometheus-podinfo",)),)),
    Row("podinfo's chart with the label", *PODINFO, (Chart("charts/podinfo", with_label(
        "serviceMonitor", "additionalLabels")),), exit=0, active=1),
    Row("podinfo's kustomization, which has no monitor", *PODINFO, ("kustomize",), exit=1,
        active=0, faults=(("LC0301", ("Service/podinfo",)),)),
    Row("chart of cert-manager", "cert-manager/cert-manager", "v1.21.1", (Chart(
        "deploy/charts/cert-manager", with_label("prometheus.servicemonitor", "labels")),),
        exit=0, active=3),
    Row("chart of ingress-nginx", "kubernetes/ingress-nginx", "controller-v1.15.1", (Chart(
        "charts/ingress-nginx", with_label("controller.metrics.serviceMonitor", "additionalLabels",
                                           "controller.metrics.enabled=true")),),
        exit=0, active=1),
    Row("chart of metrics-server", "kubernetes-sigs/metrics-server", "v0.9.0", (Chart(
        "charts/metrics-server", with_label("serviceMonitor", "additionalLabels",
                                            "metrics.enabled=true")),), exit=0, active=1),
    exporter("node-exporter", *with_label("prometheus.monitor", "additionalLabels")),
    *(exporter(f"{each}-exporter", *with_label("serviceMonitor", "additionalLabels"))
      for each in ("mongodb", "mysql", "nginx", "statsd")),
    *(exporter(f"{each}-exporter", *with_label("serviceMonitor", "labels"))
      for each in ("elasticsearch", "redis")),
    exporter("pushgateway", *with_label("serviceMonitor", "additionalLabels")),
    Row("chart of CoreDNS", "coredns/helm", "coredns-1.46.2", (Chart(
        "charts/coredns", with_label("prometheus.monitor", "additionalLabels",
                                     "prometheus.service.enabled=true")),), exit=0, active=1),
    Row("chart of Longhorn", "longhorn/longhorn", "v1.12.1", (Chart(
        "chart", with_label("metrics.serviceMonitor", "additionalLabels")),), exit=0, active=1),
    Row("chart of Traefik", "traefik/traefik-helm-chart", "v41.3.0", (Chart(
        "traefik", with_label("metrics.prometheus.serviceMonitor", "additionalLabels",
                              "metrics.prometheus.service.enabled=true")),), exit=0, active=1),
    Row("chart of KEDA", "kedacore/charts", "v2.20.2", (Chart("keda", tuple(
        each for part in ("operator", "metricServer") for each in with_label(
            f"prometheus.{part}.serviceMonitor", "additionalLabels",
            f"prometheus.{part}.enabled=true"))),), exit=0, active=2),
    Row("chart of Velero", "vmware-tanzu/helm-charts", "velero-12.1.0", (Chart(
        "charts/velero", with_label("metrics.serviceMonitor", "additionalLabels",
                                    "configuration.backupStorageLocation[0].provider=aws",
                                    "configuration.backupStorageLocation[0].bucket=x")),),
        exit=0, active=1),
    Row("chart of Vault: TLS settings for a plain port", "hashicorp/vault-helm", "v0.34.1", (Chart(
        ".", ("serverTelemetry.serviceMonitor.enabled=true",)),), exit=0, active=1,
        faults=(("LC0313", ("ServiceMonitor/prometheus-vault",)),)),
    Row("chart of Kueue: its ServiceMonitor takes no more labels", "kubernetes-sigs/kueue",
        "v0.19.2", (Chart("charts/kueue", ("enablePrometheus=true",)),), exit=1, active=0,
        faults=(("LC0402", (
            "ServiceMonitor/prometheus-kueue-controller-manager-metrics-monitor",)),)),
    Row("MetalLB with its own Prometheus labels", "metallb/metallb", "v0.16.1",
        ("config/manifests/metallb-native-prometheus.yaml",), exit=1, active=0,
        faults=(("LC0402", ("ServiceMonitor/controller-monitor",
                            "ServiceMonitor/speaker-monitor")),)),
    Row("kube-thanos", "thanos-io/kube-thanos", "v0.29.0", ("manifests",), exit=0, active=3,
        flags=("--selector", "app.kubernetes.io/version=v0.29.0")),
    Row("Argo CD, which has no monitor", "argoproj/argo-cd", "v3.5.1", ("manifests/install.yaml",),
        exit=1, active=0, faults=(("LC0301", tuple(f"Service/argocd-{each}" for each in (
            "applicationset-controller", "dex-server", "metrics",
            "notifications-controller-metrics", "repo-server", "server-metrics"))),)),
    Row("Contour, whose PodMonitors have no labels", *CONTOUR, (
        "examples/contour", "examples/prometheus"), exit=1, active=0,
        faults=(("LC0402", ("PodMonitor/contour-pods", "PodMonitor/envoy-pods")),)),
    Row("Strimzi, where its monitors look", *STRIMZI, STRIMZI_FILES, exit=3, active=1, links=8,
        flags=("-n", "myproject"), faults=(("LC0303", STRIMZI_MAKES),)),
    Row("Strimzi in another namespace than its monitors look into", *STRIMZI, STRIMZI_FILES,
        exit=1, active=0, links=8, faults=(
            ("LC0303", STRIMZI_MAKES), ("LC0304", ("PodMonitor/cluster-operator-metrics",)))),
    Row("RabbitMQ: what its operator makes is unknown", *RABBITMQ, (
        "config/installation", "observability/prometheus/monitors"), exit=1, active=0,
        needs=("config", "observability/prometheus/monitors"),
        faults=(("LC0302", ("ServiceMonitor/rabbitmq",)),
                ("LC0402", ("PodMonitor/rabbitmq-cluster-operator", "ServiceMonitor/rabbitmq")))),
    Row("Flux's monitoring, whose dashboards ask Loki, too", "fluxcd/flux2-monitoring-example",
        "7ab65dc8b90f7a6751d88f18bbb4e1bee33bf334", ("monitoring/configs",), exit=3, active=0,
        flags=("--selector", "app.kubernetes.io/part-of=flux"),
        faults=(("LC0303", ("PodMonitor/flux-system",)),)),
]


class Others(unittest.TestCase):
    def check(self, row: Row) -> None:
        arguments, stdin = [*row.flags, *map(str, row.beside)], ""
        for one in row.inputs:
            if isinstance(one, str):
                needed = row.needs or (one,)
                arguments.append(str(others.folder(row.project, row.version, *needed) / one))
                continue
            space = row.flags[row.flags.index("-n") + 1] if "-n" in row.flags else "default"
            stdin += "---\n" + others.rendered(
                others.folder(row.project, row.version, one.path) / one.path, one.settings, space,
                tuple(others.folder(*each) / each[2] for each in one.subcharts))
        if stdin:
            arguments.append("-")
        done = loopcheck.run("manifests", "-o", "json", *arguments, stdin=stdin)
        said = done.stderr or done.stdout
        if row.exit == 2:
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), said)
            return
        self.assertNotEqual(done.returncode, 2, said)
        report = json.loads(done.stdout)
        found = [each for each in report["findings"] if each["severity"] in TOLD
                 and each["link"] <= row.links]
        self.assertEqual(told(found), {code: set(of) for code, of in row.faults}, said_of(found))
        self.assertEqual(sum(each["state"] == "active" for each in report["targets"]), row.active,
                         [each["url"] for each in report["targets"] if each["state"] == "active"])
        severities = {each["severity"] for each in found}
        status = 1 if "error" in severities else 3 if "undecided" in severities else 0
        self.assertEqual(done.returncode if row.links == 9 else status, row.exit, said_of(found))

    def test_each(self) -> None:
        skipped: dict[str, str] = {}
        for row in ROWS:
            with self.subTest(row.name):
                try:
                    self.check(row)
                except others.Unavailable as why:
                    skipped[row.name] = str(why)
        print(f"{len(ROWS) - len(skipped)} of {len(ROWS)} rows checked")
        for why in sorted(set(skipped.values())):
            print(f"{sum(each == why for each in skipped.values())} skipped: {why}")
        if len(skipped) == len(ROWS):
            self.skipTest("none of the manifests can be had here")


def told(findings: list[dict[str, Any]]) -> Faults:
    made: Faults = {}
    for each in findings:
        kind, *_, name = each["object"].split("/")
        made.setdefault(each["code"], set()).add(f"{kind}/{name}")
    return made


def said_of(findings: list[dict[str, Any]]) -> str:
    return "\n".join(f"{each['code']} {each['severity']} {each['object']}: {each['found']}; "
                     f"expected {each['expected']}" for each in findings[:40])


if __name__ == "__main__":
    unittest.main()
