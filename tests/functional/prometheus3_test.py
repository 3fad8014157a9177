# SPDX-License-Identifier: Apache-2.0
"""A current Prometheus scrapes one service in every protocol that it speaks, each as a job: what it
stores must not depend on the protocol, but for what only some of them can say."""
import concurrent.futures
import pathlib
import re
import secrets
import subprocess
import tempfile
import time
import unittest
from typing import Any

import contract
import wire
from prometheus_server import Prometheus
from protocols import PROTOCOLS
from programs import tool, wait_until
from service import Service

PROMETHEUS = tool("prometheus3")

PROTOBUF = "PrometheusProto"
OPENMETRICS = ("OpenMetricsText1.0.0", "OpenMetricsText0.0.1")
JOBS = [protocol.name for protocol in PROTOCOLS]
REQUESTS = 400
HELLO = 'path="/hello",method="GET"'
Series = tuple[tuple[str, str], ...]
QUANTILES = (0.1, 0.5, 0.9, 0.99)


def version() -> tuple[int, int]:
    said = subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True, timeout=60,
                          check=True)
    major, minor = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr).groups()
    return int(major), int(minor)


def job(protocol: str, target: str) -> dict[str, Any]:
    """The protocol's name is the job's."""
    made = {"job_name": protocol, "scrape_protocols": [protocol],
            "always_scrape_classic_histograms": True, "static_configs": [{"targets": [target]}]}
    if version() >= (3, 8):  # before that the feature flag alone says it
        made["scrape_native_histograms"] = True
    return made


def series_of(labels: dict[str, str]) -> Series:
    """Without what the scrape added."""
    return tuple(sorted(pair for pair in labels.items() if pair[0] not in ("job", "instance")))


class Protocols(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.service = cls.enterClassContext(Service())
        cls.started_by = time.time()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.prometheus = cls.enterClassContext(Prometheus(
            PROMETHEUS, pathlib.Path(folder), [job(name, cls.service.address) for name in JOBS],
            "--enable-feature=exemplar-storage,native-histograms,created-timestamp-zero-ingestion"))
        wait_until(cls.all_up, timeout_s=30, pause_s=0.1)
        cls.begin = time.time()
        cls.traces = {secrets.token_hex(16) for _ in range(REQUESTS)}
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for answer in pool.map(cls.ask, cls.traces):
                assert answer.status == 200, answer
        wait_until(cls.all_counted, timeout_s=20, pause_s=0.1)

    @classmethod
    def ask(cls, trace: str) -> wire.Answer:
        return wire.ask(cls.service.address, "GET", "/hello",
                        fields=f"traceparent: 00-{trace}-{secrets.token_hex(8)}-01\r\n")

    @classmethod
    def by_job(cls, promql: str) -> dict[str, float]:
        return {labels["job"]: value for labels, value in cls.prometheus.query(promql)}

    @classmethod
    def all_up(cls) -> None:
        why = {target["scrapePool"]: target["lastError"] for target in cls.prometheus.targets()}
        assert cls.by_job("up") == dict.fromkeys(JOBS, 1), why

    @classmethod
    def all_counted(cls) -> None:
        counted = cls.by_job(f"{contract.REQUESTS}{{{HELLO},code=\"200\"}}")
        assert counted == dict.fromkeys(JOBS, REQUESTS), counted

    def test_every_protocol_is_up_without_error(self) -> None:
        self.all_up()
        for target in self.prometheus.targets():
            self.assertEqual((target["health"], target["lastError"]), ("up", ""), target)

    def test_series_do_not_depend_on_the_protocol(self) -> None:
        def same() -> None:
            native, expected = self.series(PROTOBUF)
            self.assertGreater(len(native), 0)
            self.assertGreater(len(expected), 200)
            for name in JOBS[1:]:
                self.assertEqual(self.series(name)[0], set(), name)
                self.assertEqual(self.series(name)[1] ^ expected, set(), name)
        # A series that appears between two jobs' scrapes is in one of them only, for a second.
        wait_until(same, timeout_s=10, pause_s=0.5)

    def series(self, name: str) -> tuple[set[Series], set[Series]]:
        """The native histograms of a job, and all others."""
        native, others = set(), set()
        for one in self.prometheus.api("query", query=f'{{job="{name}"}}')["result"]:
            (native if "histogram" in one else others).add(series_of(one["metric"]))
        return native, others

    def test_values_do_not_depend_on_the_protocol(self) -> None:
        for name in (contract.REQUESTS, contract.DURATIONS + "_bucket",
                     contract.DURATIONS + "_count", contract.DURATIONS + "_sum",
                     contract.BUILD_INFO):
            values = {of: {series_of(labels): value for labels, value in
                           self.prometheus.query(f'{name}{{job="{of}"}}')} for of in JOBS}
            self.assertGreater(len(values[PROTOBUF]), 0, name)
            for of in JOBS[1:]:
                self.assertEqual(values[of], values[PROTOBUF], (of, name))

    def test_native_histogram_is_the_classic_one(self) -> None:
        native, classic = f'{contract.DURATIONS}{{job="{PROTOBUF}",{HELLO}}}', \
            f'{contract.DURATIONS}_bucket{{job="{PROTOBUF}",{HELLO}}}'
        self.assertEqual(self.prometheus.one(f"histogram_count({native})"), REQUESTS)
        self.assertAlmostEqual(
            self.prometheus.one(f"histogram_sum({native})"),
            self.prometheus.one(f'{contract.DURATIONS}_sum{{job="{PROTOBUF}",{HELLO}}}'))
        bounds = [0.0, *map(float, contract.BUCKETS)]
        for quantile in QUANTILES:
            finer = self.prometheus.one(f"histogram_quantile({quantile}, {native})")
            coarser = self.prometheus.one(f"histogram_quantile({quantile}, {classic})")
            low = max(bound for bound in bounds if bound < coarser)
            high = min(bound for bound in bounds if bound >= coarser)
            # Native buckets do not end where classic ones do.
            self.assertLessEqual(low * 0.8, finer, quantile)
            self.assertLessEqual(finer, high * 1.25, quantile)

    def test_native_histograms_come_by_protobuf_only(self) -> None:
        self.assertEqual(set(self.by_job(f"count by (job) ({contract.DURATIONS})")), {PROTOBUF})

    def test_exemplars_are_traces_that_were_sent(self) -> None:
        for name in (PROTOBUF, *OPENMETRICS):
            with self.subTest(name):
                found = self.exemplars(contract.DURATIONS + "_bucket", name)
                self.assertGreater(len(found), 0)
                self.check_exemplars(found)
                counted = self.exemplars(contract.REQUESTS, name)
                self.assertGreater(len(counted), 0)
                self.assertEqual({float(one["value"]) for one in counted}, {1})
                self.check_exemplars(counted)
        found = self.exemplars(contract.DURATIONS, PROTOBUF)
        self.assertGreater(len(found), 0)
        self.check_exemplars(found)
        for name in JOBS:
            if name.startswith("PrometheusText"):
                for family in (contract.DURATIONS + "_bucket", contract.REQUESTS):
                    self.assertEqual(self.exemplars(family, name), [])

    def exemplars(self, family: str, name: str) -> list[dict[str, Any]]:
        found = self.prometheus.api(
            "query_exemplars", query=f'{family}{{job="{name}",{HELLO}}}',
            start=str(self.begin - 1), end=str(time.time() + 1))
        return [one for series in found for one in series["exemplars"]]

    def check_exemplars(self, found: list[dict[str, Any]]) -> None:
        for one in found:
            self.assertIn(one["labels"]["trace_id"], self.traces)
            self.assertGreaterEqual(float(one["value"]), 0)
            self.assertLess(float(one["value"]), 10)
            self.assertGreaterEqual(one["timestamp"], self.begin - 0.1)

    def test_no_sample_was_refused(self) -> None:
        for reason, count in self.prometheus.refused().items():
            self.assertEqual(count, 0, reason)
        self.assertEqual(self.by_job("scrape_samples_post_metric_relabeling"
                                     " - scrape_samples_scraped"), dict.fromkeys(JOBS, 0))
        self.assertNotIn("level=ERROR", self.prometheus.log())
        self.assertNotIn("Error on ingesting", self.prometheus.log())

    def test_metadata(self) -> None:
        for name in JOBS:
            said = {}
            for one in self.prometheus.api("targets/metadata", match_target=f'{{job="{name}"}}'):
                if one["metric"].startswith("demo_"):
                    said[one["metric"].removesuffix("_total")] = one["type"], one["help"]
            self.assertEqual(said, {family.removesuffix("_total"): what
                                    for family, what in contract.FAMILIES.items()}, name)

    def test_unit_is_known_where_the_protocol_has_it(self) -> None:
        for name in JOBS:
            found = self.prometheus.api("targets/metadata", metric=contract.DURATIONS,
                                        match_target=f'{{job="{name}"}}')
            self.assertEqual([one["unit"] for one in found],
                             ["" if name.startswith("PrometheusText") else "seconds"], name)

    def test_counters_begin_when_the_service_did(self) -> None:
        """By protobuf the start comes along, and is stored as a sample of 0."""
        begins = {}
        for one in self.prometheus.api("query", query=f"{contract.REQUESTS}{{{HELLO}}}[5m]")[
                "result"]:
            if one["metric"]["code"] == "200":
                at, value = one["values"][0]
                begins[one["metric"]["job"]] = float(at)
                self.assertEqual(float(value), 0)
        self.assertLessEqual(begins[PROTOBUF], self.started_by)
        self.assertGreater(begins[PROTOBUF], self.started_by - 60)
        for name in JOBS:
            if name.startswith("PrometheusText"):
                self.assertGreater(begins[name], begins[PROTOBUF])


if __name__ == "__main__":
    unittest.main()
