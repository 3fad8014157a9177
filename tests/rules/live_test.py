# SPDX-License-Identifier: Apache-2.0
"""Real Prometheuses with our rules scrape the real service under a little load: every rule is
evaluated, and what the rules record and the dashboard shows is there. The older one sees the target
as a ServiceMonitor gives it, the newer one, where it is there, as a PodMonitor does."""
from __future__ import annotations

import json
import pathlib
import signal
import tempfile
import unittest

import component
import evaluation
import load
import panels
import promql
import wire
from prometheus_server import Prometheus
from programs import found_tool, tool, wait_until
from service import Service

POD = {"namespace": "demo", "pod": "p", "container": "demo-cpp"}
# program -> its target's job and labels
TARGETS = {
    tool("prometheus"): ("demo-cpp", {**POD, "service": "demo-cpp", "endpoint": "metrics"}),
    found_tool("prometheus3"): ("monitoring/demo-cpp", {**POD, "endpoint": "http"}),
}
PER_SECOND = 20
LOAD_S = 12
WINDOW_S = 300  # of the rates that are recorded
# Whoever asks for these gets nothing where there is no quota and no memory limit.
MAY_BE_EMPTY = {"pod:cgroup_cpu_throttled_periods:ratio_rate5m", "cgroup_cpu_quota_cores",
                "cgroup_memory_limit_bytes", "cgroup_memory_usage_bytes"}
# Whose condition may hold for a moment where others use the processors.
OF_A_BUSY_MACHINE = {"DemoCpuWaitHigh", "DemoLoopLagHigh"}


class Asked(Prometheus):
    """One with our rules, and what is asked of it."""

    def __init__(self, program: str, folder: pathlib.Path, address: str,
                 groups: list[component.Object]) -> None:
        job, labels = TARGETS[program]
        super().__init__(program, folder, [{"job_name": job, "static_configs": [
            {"targets": [address], "labels": labels}]}], "--enable-feature=extra-scrape-metrics")
        self._groups = groups
        (folder / "rules.yml").write_text(json.dumps(
            {"groups": [{**group, "interval": "1s"} for group in groups]}))
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({**json.loads(config.read_text()),
                                      "rule_files": ["rules.yml"]}))
        self.signal(signal.SIGHUP)

    def evaluated(self) -> None:
        """Every rule without an error, after the first scrape."""
        assert self.one("up") == 1
        evaluation.evaluated(self, self._groups)

    def knows_errors(self, least: int) -> None:
        count = self.one('sum(demo_http_requests_total{code="500"})')
        assert count >= least, count

    def counts(self, sent: int) -> None:
        """The rates that are recorded are those of the load."""
        counted = WINDOW_S * self.one("namespace_service:demo_http_requests:rate5m")
        ratio = self.one("namespace_service:demo_http_errors:ratio_rate1h")
        assert 0.9 * sent < counted < 1.2 * sent, f"{counted} of {sent}"
        assert 0 < ratio < 0.05, ratio

    def alerts(self) -> dict[str, str]:
        """Those whose condition holds -> pending or firing."""
        return {each["labels"]["alertname"]: each["state"]
                for each in self.api("alerts")["alerts"]}

    def silent(self) -> None:
        assert self.alerts().keys() <= OF_A_BUSY_MACHINE, self.alerts()

    def burns(self) -> None:
        assert self.alerts().get("DemoErrorBudgetBurnFast") == "pending", self.alerts()


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.groups = component.groups()
        cls.service = cls.enterClassContext(Service())
        cls.servers = [
            cls.enterClassContext(Asked(
                program, pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory())),
                cls.service.address, cls.groups))
            for program in TARGETS if program is not None]
        for server in cls.servers:
            wait_until(server.evaluated, timeout_s=20, pause_s=0.2)
        cls.load = load.OpenLoad(cls.service.address, "/hello", PER_SECOND, LOAD_S)
        cls.addClassCleanup(cls.load.stop)
        cls.load.start()
        for least in (1, 2):  # errors and a limit that strikes: some now, some when those are known
            for target in ("/status/500", "/" + "x" * 9000):
                wire.get(cls.service.address, target)
            for server in cls.servers:
                wait_until(lambda: server.knows_errors(least), timeout_s=10, pause_s=0.2)

    def all_have_data(self, queries: list[str]) -> None:
        for query in queries:
            if not MAY_BE_EMPTY.isdisjoint(each.metric for each in promql.parse(query).selectors):
                continue
            for server in self.servers:
                with self.subTest(query):
                    wait_until(lambda: evaluation.has_data(server, query), timeout_s=15,
                               pause_s=0.2)

    def test_every_rule_records(self) -> None:
        records = list(component.records(self.groups))
        self.assertGreater(len(records), 20)
        self.all_have_data(records)

    def test_every_panel_shows(self) -> None:
        queries = [query for _, query in panels.queries(component.dashboard())]
        self.assertGreater(len(queries), 20)
        self.all_have_data(queries)

    def test_what_may_be_empty_is_asked_for(self) -> None:
        asked = {each.metric for query in
                 [*component.records(self.groups),
                  *(query for _, query in panels.queries(component.dashboard()))]
                 for each in promql.parse(query).selectors}
        self.assertLessEqual(MAY_BE_EMPTY, asked)

    def test_nothing_would_be_seen(self) -> None:
        for server in self.servers:
            with self.assertRaisesRegex(AssertionError, "nothing for"):
                evaluation.has_data(server, 'demo_http_requests_total{code="799"}')

    def test_rules_count_right(self) -> None:
        self.load.wait()
        self.assertEqual(self.load.failures, [])
        sent = len(self.load.sent_at)
        for server in self.servers:
            wait_until(lambda: server.counts(sent), timeout_s=20, pause_s=0.2)
            p99_s = server.one("namespace_service:demo_http_request_duration_seconds:p99_rate5m")
            self.assertGreater(p99_s, 0.05)  # /hello takes up to 0.1 s
            self.assertLess(p99_s, 0.5)
            with self.assertRaises(AssertionError):
                server.counts(2 * sent)

    def test_alerts_are_silent(self) -> None:
        self.load.wait()  # the few errors of before are few only among all of its requests
        for server in self.servers:
            wait_until(server.silent, timeout_s=20, pause_s=0.2)

    def test_samples_and_size_of_a_scrape_are_far_from_their_limits(self) -> None:
        for server in self.servers:
            for metric, limit in (("scrape_samples_scraped", "scrape_samples"),
                                  ("scrape_body_size_bytes", "scrape_body_bytes")):
                share = server.one(f"{metric} / on () group_left () demo:threshold:{limit}")
                self.assertGreater(share, 0.0005)
                self.assertLess(share, 0.5)

    def test_z_errors_wake_their_alert(self) -> None:
        """Last, since they change the ratio."""
        for _ in range(PER_SECOND * LOAD_S):
            wire.get(self.service.address, "/status/500")
        for server in self.servers:
            wait_until(server.burns, timeout_s=10, pause_s=0.2)


if __name__ == "__main__":
    unittest.main()
