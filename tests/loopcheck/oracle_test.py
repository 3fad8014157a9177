# SPDX-License-Identifier: Apache-2.0
"""loopcheck's predictions against what the operator and Prometheus themselves make of the same
objects, to the label, over random cases; and that the cases, the oracle and the comparison are
worth something."""
from __future__ import annotations

import copy
import functools
import os
import sys
import unittest
from collections import Counter
from typing import Any

import cases
import comparison
import judge
import programs
import yaml

LOOPCHECK = os.environ["LOOPCHECK"]
COUNT = programs.amount(quick=2000, long=40000)
TIMEOUT_S = 60 + COUNT / 5
SHOWN = 3  # differences that are made small and printed

try:
    ORACLES = {version: judge.program(version) for version in judge.VERSIONS}
except judge.Unavailable as why:
    print(why)
    sys.exit(programs.SKIP)

Case = comparison.Case
Answer = comparison.Answer


def oracle(version: str, of: list[Case]) -> list[Answer]:
    return judge.ask([ORACLES[version]], of, TIMEOUT_S)


def loopcheck(version: str, of: list[Case]) -> list[Answer]:
    return judge.ask([LOOPCHECK, "predict", "--cases", "-o", "json", "--operator", version], of,
                     TIMEOUT_S)


@functools.cache
def all_cases() -> list[Case]:
    return [cases.case(seed) for seed in range(COUNT)]


@functools.cache
def wanted(version: str) -> list[Answer]:
    return oracle(version, all_cases())


def shown(version: str, case: Case, lines: list[str]) -> str:
    """A difference, made small, with the objects that make it."""
    kind = lines[0].split(" ")[:2]

    def unlike(tries: list[Case]) -> list[bool]:
        pairs = zip(oracle(version, tries), loopcheck(version, tries))
        return ["error" not in want and any(line.split(" ")[:2] == kind for line in
                                            comparison.differences(want, got))
                for want, got in pairs]

    small = comparison.minimised(case, unlike)
    want, got = oracle(version, [small])[0], loopcheck(version, [small])[0]
    said = comparison.brief(comparison.differences(want, got))
    return "\n".join([f"seed {case['id']}, operator {version}:", *said,
                      yaml.safe_dump_all(small["objects"], sort_keys=False, allow_unicode=True)])


class Predictions(unittest.TestCase):
    """The oracle's answers are those that should be."""

    def compare(self, version: str) -> None:
        found = []
        for case, want, got in zip(all_cases(), wanted(version), loopcheck(version, all_cases()),
                                   strict=True):
            self.assertEqual((want["id"], got["id"]), (case["id"], case["id"]))
            if lines := comparison.differences(want, got):
                found.append((case, lines))
        if found:
            self.fail("\n".join([f"{len(found)} of {COUNT} cases differ: seeds " +
                                 ", ".join(str(case["id"]) for case, _ in found[:20]),
                                 *(shown(version, *each) for each in found[:SHOWN])]))

    def test_of_operator_0_88(self) -> None:
        self.compare("v0.88.0")

    def test_of_operator_0_93(self) -> None:
        self.compare("v0.93.0")

    def test_from_manifests(self) -> None:
        """What the control plane would make of Services is derived: the targets are the same."""
        settled = [cases.case(seed, settled=True) for seed in range(COUNT // 4)]
        answers = loopcheck("v0.93.0", [cases.undone(case) for case in settled])
        found = []
        for case, want, got in zip(settled, oracle("v0.93.0", settled), answers, strict=True):
            lines = [line for line in comparison.differences(want, got)
                     if line[2:].startswith("targets")]
            if lines:
                found.append(f"seed {case['id']}:\n" + "\n".join(comparison.brief(lines)))
        self.assertEqual(found, [], "\n".join(found[:10]))


def fields(of: Any, path: str = "") -> set[str]:
    """The names of all fields: "spec.endpoints.port"."""
    if isinstance(of, dict):
        below = [fields(value, f"{path}.{name}" if path else name) for name, value in of.items()]
        return {path}.union(*below)
    if isinstance(of, list):
        return {path}.union(*(fields(value, path) for value in of))
    return {path}


class Cases(unittest.TestCase):
    """A generator whose cases mostly yield nothing would agree with anything."""

    def test_most_have_targets(self) -> None:
        for version in judge.VERSIONS:
            answers = wanted(version)
            counts = Counter({part: sum(bool(one[part]) for one in answers)
                              for part in comparison.PARTS})
            print(f"{version}: of {COUNT} cases, so many have", dict(counts), "targets in all:",
                  sum(len(one["targets"]) for one in answers))
            self.assertGreater(counts["targets"], 0.7 * COUNT)
            for part in comparison.PARTS:
                self.assertGreater(counts[part], 0.005 * COUNT, part)
            roles = Counter(pool["config"]["kubernetes_sd_configs"][0]["role"] for one in answers
                            for pool in one["pools"]
                            if any(each["pool"] == pool["name"] for each in one["targets"]))
            for role in ("pod", "endpoints", "endpointslice"):
                self.assertGreater(roles[role], 0.1 * COUNT, roles)

    def test_each_field_is_used_where_something_is_scraped(self) -> None:
        used: Counter[str] = Counter()
        actions: Counter[str] = Counter()
        for case, answer in zip(all_cases(), wanted("v0.93.0")):
            scraped = {one["pool"].split("/")[1] + "/" + one["pool"].split("/")[2]
                       for one in answer["targets"]}
            if not scraped:
                continue
            for one in case["objects"]:
                kind = one["kind"].replace("PrometheusAgent", "Prometheus")
                meta = one["metadata"]
                if kind in ("ServiceMonitor", "PodMonitor"):
                    if f"{meta['namespace']}/{meta['name']}" not in scraped:
                        continue
                    for rule in rules_of(one):
                        actions[rule.get("action", "replace").lower()] += 1
                used.update(f"{kind}.{path}" for path in fields(one))
        few = 0.002 * COUNT
        wanted_fields = {f"Prometheus.spec.{name}" for name, _, _ in cases.SOME}
        for kind, below, own in (("ServiceMonitor", "endpoints", MONITOR | {
                "targetLabels", "serviceDiscoveryRole", "endpoints.targetPort"}),
                                 ("PodMonitor", "podMetricsEndpoints", MONITOR | {
                                     "podMetricsEndpoints.portNumber",
                                     "podMetricsEndpoints.targetPort"})):
            wanted_fields |= {f"{kind}.spec.{name}" for name in own}
            wanted_fields |= {f"{kind}.spec.{below}.{name}" for name in ENDPOINT}
        self.assertEqual({name: used[name] for name in wanted_fields if used[name] < few}, {})
        self.assertEqual({name: actions[name] for name in ACTIONS if actions[name] < few}, {})


MONITOR = {"selector.matchLabels", "selector.matchExpressions.operator", "namespaceSelector.any",
           "namespaceSelector.matchNames", "jobLabel", "podTargetLabels", "attachMetadata.node",
           "selectorMechanism", "scrapeClass", "sampleLimit", "targetLimit", "labelLimit",
           "labelNameLengthLimit", "labelValueLengthLimit", "keepDroppedTargets", "bodySizeLimit",
           "scrapeProtocols", "fallbackScrapeProtocol", "scrapeClassicHistograms",
           "scrapeNativeHistograms", "convertClassicHistogramsToNHCB", "nativeHistogramBucketLimit"}
ENDPOINT = {"port", "path", "scheme", "params", "interval", "scrapeTimeout", "honorLabels",
            "honorTimestamps", "trackTimestampsStaleness", "filterRunning", "followRedirects",
            "enableHttp2", "relabelings", "metricRelabelings", "relabelings.separator",
            "authorization", "basicAuth", "bearerTokenSecret", "tlsConfig", "oauth2", "proxyUrl"}
ACTIONS = {"replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase",
           "uppercase", "keepequal", "dropequal"}


def rules_of(monitor: dict[str, Any]) -> list[dict[str, Any]]:
    spec = monitor["spec"]
    return [rule for endpoint in spec.get("endpoints", spec.get("podMetricsEndpoints", []))
            for rule in endpoint.get("relabelings", [])]


class Comparison(unittest.TestCase):
    def test_anything_that_changes_is_told(self) -> None:
        answers = [comparison.meant(one) for one in wanted("v0.93.0")[:500] if one["targets"]]
        for one in answers:
            self.assertEqual(comparison.differences(one, one), [])
        for part in comparison.PARTS:
            with self.subTest(part):
                of = next(one for one in wanted("v0.93.0") if comparison.meant(one)[part])
                less = copy.deepcopy(comparison.meant(of))
                less[part].pop()
                self.assertTrue(comparison.differences(of, less))
                self.assertTrue(comparison.differences(less, of))
        for field, value in (("url", "http://x"), ("interval", "31s"), ("timeout", "9s"),
                             ("labels", {}), ("pool", "serviceMonitor/a/b/0")):
            changed = copy.deepcopy(answers[0])
            changed["targets"][0][field] = value
            self.assertTrue(comparison.differences(answers[0], changed), field)
        changed = copy.deepcopy(answers[0])
        changed["pools"][0]["config"]["relabel_configs"][-1]["regex"] = "x"
        self.assertTrue(comparison.differences(answers[0], changed))

    def test_a_difference_becomes_small(self) -> None:
        def has_port(tries: list[Case]) -> list[bool]:
            return ["spec.endpoints.port" in set().union(*map(fields, one["objects"]))
                                                 for one in tries]

        case = next(one for one in all_cases() if has_port([one])[0])
        small = comparison.minimised(case, has_port)
        self.assertEqual([(one["kind"], fields(one["spec"])) for one in small["objects"]],
                         [("ServiceMonitor", {"", "endpoints", "endpoints.port"})])


def pod(name: str = "pod", **status: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "demo", "labels": {"app": "demo", "v": "1x2"}},
            "spec": {"nodeName": "node", "initContainers": [
                {"name": "init", "ports": [{"containerPort": 1}]}],
                "containers": [{"name": "main", "ports": [
                    {"name": "metrics", "containerPort": 8080},
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1", **status}}


def monitor(endpoint: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
            "metadata": {"name": "mon", "namespace": "demo", "labels": {"release": "x"}},
            "spec": {"selector": {}, **spec, "podMetricsEndpoints": [endpoint]}}


def prometheus(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
            "metadata": {"name": "k8s", "namespace": "demo"},
            "spec": {"podMonitorSelector": {}, **spec}}


class Oracle(unittest.TestCase):
    """What is known of the operator, seen on clusters, holds of the oracle."""

    def answer(self, *objects: dict[str, Any]) -> Answer:
        answers = [oracle(version, [{"id": 1, "objects": list(objects)}])[0]
                   for version in judge.VERSIONS]
        self.assertEqual([one.get("error") for one in answers], [None] * len(answers))
        for part in ("targets", "rejected", "not_selected", "unloadable"):
            self.assertEqual(len(answers[0][part]), len(answers[1][part]), part)
        return answers[0]

    def urls(self, *objects: dict[str, Any]) -> list[str]:
        return sorted(one["url"] for one in self.answer(*objects)["targets"])

    def test_labels_of_a_pod(self) -> None:
        one, = self.answer(pod(), monitor({"port": "metrics"}), prometheus())["targets"]
        self.assertEqual(one["labels"], {
            "container": "main", "endpoint": "metrics", "instance": "10.0.0.1:8080",
            "job": "demo/mon", "namespace": "demo", "pod": "pod"})
        self.assertEqual((one["url"], one["interval"], one["timeout"]),
                         ("http://10.0.0.1:8080/metrics", "30s", "10s"))

    def test_ports(self) -> None:
        every = [f"http://10.0.0.1:{port}/metrics" for port in (1, 53, 8080)]
        self.assertEqual(self.urls(pod(), monitor({}), prometheus()), every)
        self.assertEqual(self.urls(pod(), monitor({"port": "met.*"}), prometheus()), every[2:])
        one, = self.answer(pod(), monitor({"portNumber": 53}), prometheus())["targets"]
        self.assertNotIn("endpoint", one["labels"])

    def test_phases(self) -> None:
        for phase in ("Failed", "Succeeded"):
            ended = pod(phase=phase)
            self.assertEqual(self.urls(ended, monitor({"port": "dns"}), prometheus()), [])
            self.assertEqual(len(self.urls(ended, monitor(
                {"port": "dns", "filterRunning": False}), prometheus())), 1)
        self.assertEqual(len(self.urls(pod(conditions=[{"type": "Ready", "status": "False"}]),
                                       monitor({"port": "dns"}), prometheus())), 1)

    def test_selectors_are_regexes(self) -> None:
        meant = {"selector": {"matchLabels": {"v": "1.2"}}}
        self.assertEqual(len(self.urls(pod(), monitor({"port": "dns"}, **meant), prometheus())), 1)
        self.assertEqual(self.urls(pod(), monitor(
            {"port": "dns"}, **meant, selectorMechanism="RoleSelector"), prometheus()), [])

    def test_selection(self) -> None:
        for selector, selected in ((None, 0), ({}, 1), ({"matchLabels": {"release": "x"}}, 1),
                                   ({"matchLabels": {"release": "y"}}, 0)):
            found = self.answer(pod(), monitor({"port": "dns"}), prometheus(
                podMonitorSelector=selector))
            self.assertEqual((len(found["targets"]), len(found["not_selected"])),
                             (selected, 1 - selected))

    def test_rejected_and_unloadable(self) -> None:
        found = self.answer(pod(), monitor({"scrapeTimeout": "31s"}), prometheus())
        self.assertIn("greater than", found["rejected"][0]["why"])
        found = self.answer(pod(), monitor({"port": "me(trics"}), prometheus())
        self.assertEqual((found["rejected"], len(found["unloadable"])), ([], 1))


if __name__ == "__main__":
    unittest.main()
