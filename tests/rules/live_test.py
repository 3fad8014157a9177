# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with our rules scrapes the real service under a little load: every rule is
evaluated, and what the rules record and the dashboard shows is there."""
from __future__ import annotations

import json
import pathlib
import signal
import tempfile
import unittest

import component
import load
import panels
import promql
import wire
from prometheus_server import Prometheus
from service import Service, tool, wait_until

PROMETHEUS = tool("prometheus")

TARGET = {"namespace": "demo", "service": "demo-cpp", "pod": "p", "container": "demo-cpp",
          "endpoint": "metrics"}
PER_SECOND = 20
LOAD_S = 12
WINDOW_S = 300  # of the rates that are recorded
# Whoever asks for these gets nothing where there is no quota and no memory limit.
MAY_BE_EMPTY = {"pod:cgroup_cpu_throttled_periods:ratio_rate5m", "cgroup_cpu_quota_cores",
                "cgroup_memory_limit_bytes", "cgroup_memory_usage_bytes"}


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.groups = component.groups()
        cls.service = cls.enterClassContext(Service())
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.prometheus = cls.enterClassContext(Prometheus(
            PROMETHEUS, folder, [{"job_name": "demo-cpp", "static_configs": [
                {"targets": [cls.service.address], "labels": TARGET}]}],
            "--enable-feature=extra-scrape-metrics"))
        (folder / "rules.yml").write_text(json.dumps(
            {"groups": [{**group, "interval": "1s"} for group in cls.groups]}))
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({**json.loads(config.read_text()),
                                      "rule_files": ["rules.yml"]}))
        cls.prometheus.signal(signal.SIGHUP)
        wait_until(cls.evaluated, timeout_s=20, pause_s=0.2)
        cls.load = load.OpenLoad(cls.service.address, "/hello", PER_SECOND, LOAD_S)
        cls.addClassCleanup(cls.load.stop)
        cls.load.start()
        cls.other_requests()

    @classmethod
    def other_requests(cls) -> None:
        """An error, and a limit that strikes; some now, some when the first are known."""
        for _ in range(2):
            for target in ("/status/500", "/" + "x" * 9000):
                wire.get(cls.service.address, target)
            cls.known(1)

    @classmethod
    def known(cls, least: int) -> None:
        def probe() -> None:
            count = cls.prometheus.one('sum(demo_http_requests_total{code="500"})')
            assert count >= least, count
        wait_until(probe, timeout_s=10, pause_s=0.2)

    @classmethod
    def evaluated(cls) -> None:
        """Every rule without an error, after the first scrape."""
        assert cls.prometheus.one("up") == 1
        rules = [rule for group in cls.prometheus.api("rules")["groups"]
                 for rule in group["rules"]]
        assert len(rules) == sum(len(group["rules"]) for group in cls.groups), len(rules)
        bad = [rule for rule in rules if rule["health"] != "ok"]
        assert not bad, bad

    def has_data(self, query: str) -> None:
        assert self.prometheus.query(query), f"nothing for {query}"

    def all_have_data(self, queries: list[str]) -> None:
        for query in queries:
            if MAY_BE_EMPTY.isdisjoint(each.metric for each in promql.parse(query).selectors):
                with self.subTest(query):
                    wait_until(lambda: self.has_data(query), timeout_s=15, pause_s=0.2)

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
        with self.assertRaisesRegex(AssertionError, "nothing for"):
            self.has_data('demo_http_requests_total{code="799"}')

    def test_rules_count_right(self) -> None:
        self.load.wait()
        self.assertEqual(self.load.failures, [])

        sent = len(self.load.sent_at)

        def probe() -> None:
            counted = WINDOW_S * self.prometheus.one("namespace_service:demo_http_requests:rate5m")
            ratio = self.prometheus.one("namespace_service:demo_http_errors:ratio_rate1h")
            assert 0.9 * sent < counted < 1.2 * sent, f"{counted} of {sent}"
            assert 0 < ratio < 0.05, ratio
        wait_until(probe, timeout_s=5, pause_s=0.2)
        _, p99_s = self.prometheus.query(
            "namespace_service:demo_http_request_duration_seconds:p99_rate5m")[0]
        self.assertGreater(p99_s, 0.05)  # /hello takes up to 0.1 s
        self.assertLess(p99_s, 0.5)

    def test_alerts_are_silent(self) -> None:
        self.has_data("up")
        firing = [each for each in self.prometheus.api("alerts")["alerts"]
                  if each["state"] == "firing"]
        self.assertEqual(firing, [])

    def test_samples_and_size_of_a_scrape_are_far_from_their_limits(self) -> None:
        for metric, limit in (("scrape_samples_scraped", "scrape_samples"),
                              ("scrape_body_size_bytes", "scrape_body_bytes")):
            share = self.prometheus.one(f"{metric} / on () group_left () demo:threshold:{limit}")
            self.assertGreater(share, 0.0005)
            self.assertLess(share, 0.5)


if __name__ == "__main__":
    unittest.main()
