# SPDX-License-Identifier: Apache-2.0
"""Every query of the rules and the dashboard asks for what there is: for metrics, labels and values
that the real service exposes, that Prometheus writes for each target, or that a rule records."""
from __future__ import annotations

import re
import unittest

import component
import known
import panels
import promql
import rendering
import scrape
import wire
from service import Service

# Exposed only where the kernel says it: under a quota, a memory limit.
NOT_EVERYWHERE = ("cgroup_cpu_quota_cores", "cgroup_cpu_periods_total",
                  "cgroup_cpu_throttled_periods_total", "cgroup_cpu_throttled_seconds_total",
                  "cgroup_memory_limit_bytes", "cgroup_memory_usage_bytes")


class Queries(unittest.TestCase):
    known: known.Known

    @classmethod
    def setUpClass(cls) -> None:
        with Service() as service:
            service.ready()
            wire.get(service.address, "/status/500")  # so that there is an error
            scrape.fetch(service.address)  # so that there is a last scrape
            read = scrape.fetch(service.address)
        cls.known = {**known.exposed(read), **known.of_prometheus(),
                     **known.with_target_labels({name: {} for name in NOT_EVERYWHERE}),
                     **known.recorded(component.groups())}

    def findings(self, query: str) -> list[str]:
        return list(known.findings(query, self.known))

    def test_rules(self) -> None:
        for group in component.groups():
            for rule in group["rules"]:
                self.assertEqual(self.findings(rule["expr"]), [], rule)

    def test_panels(self) -> None:
        queries = list(panels.queries(component.dashboard()))
        self.assertGreater(len(queries), 20)
        for panel, query in queries:
            self.assertEqual(self.findings(query), [], panel)

    def test_runbooks(self) -> None:
        """A line of a block of PromQL is a query."""
        pages = sorted((rendering.SOURCE_ROOT / "docs" / "runbooks").glob("*.md"))
        queries = [(page.name, query) for page in pages for block in
                   re.findall(r"^```promql\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
                   for query in block.splitlines()]
        self.assertGreater(len(queries), 20)
        for page, query in queries:
            with self.subTest(page):
                self.assertEqual(self.findings(query), [], query)

    def test_what_is_not_everywhere_is_in_the_sources(self) -> None:
        source = rendering.SOURCE_ROOT / "src" / "loopmeter" / "collectors" / "cgroup.cpp"
        in_source = set(re.findall(r'"(cgroup_\w+)"', source.read_text()))
        self.assertLessEqual(set(NOT_EVERYWHERE), in_source)

    def test_what_is_not_there_is_found(self) -> None:
        cases = {
            "rate(demo_requests_total[5m])": "nobody exposes demo_requests_total",
            "sum(up) / demo:threshold:eror_ratio": "nobody exposes demo:threshold:eror_ratio",
            'up{worker="0"}': "up has no label worker",
            'demo_http_requests_total{status="200"}':
                "demo_http_requests_total has no label status",
            'demo_http_requests_total{code=~"7.."}': 'code=~"7.." fits no series',
            'loopmeter_http_limit_hits_total{limit!~"idle_timeout|idle"}':
                'limit!~"idle_timeout|idle" fits no series',
            'loopmeter_http_accept_errors_total{reason!="abort"}': 'reason!="abort" fits no series',
            "sum by (method, host) (demo_http_requests_total)": "nothing in it has the label host",
            "sum(up) by (worker)": "nothing in it has the label worker",
            'namespace_service:demo_http_requests:rate5m{pod="p"}':
                "namespace_service:demo_http_requests:rate5m has no label pod",
        }
        for query, finding in cases.items():
            with self.subTest(query):
                self.assertEqual(self.findings(query), [finding])


class Promql(unittest.TestCase):
    def test_selectors(self) -> None:
        cases = {
            "1": [], "vector(0.01)": [], "14.4 * 2e3 > bool 1": [],
            "up": ["up"], "up == 0 or inf": ["up"], "-a:b:c offset 5m": ["a:b:c"],
            "rate(a[5m]) / ignoring (code) group_left () b": ["a", "b"],
            'label_replace(a, "x", "b", "y", "c{d}")': ["a"],
            "sum(a) by (b) > on () group_left (c) d # e": ["a", "d"],
            "sum without (b) (max_over_time(a[1h:5m]))": ["a"],
            "a AND b unless c": ["a", "b", "c"],
        }
        for text, metrics in cases.items():
            with self.subTest(text):
                self.assertEqual([each.metric for each in promql.parse(text).selectors], metrics)

    def test_matchers_and_grouping(self) -> None:
        query = promql.parse(r'sum by (x, y) (a{b="}", c!~"\\d+",}) * on (z) d{}')
        self.assertEqual(query.grouping, {"x", "y", "z"})
        matchers = promql.Matcher("b", "=", "}"), promql.Matcher("c", "!~", r"\d+")
        self.assertEqual(query.selectors,
                         (promql.Selector("a", matchers), promql.Selector("d", ())))

    def test_what_it_does_not_read_is_refused(self) -> None:
        for text in ('{__name__="a"}', "a & b", 'a{b="c}', "a{b}"):
            with self.subTest(text), self.assertRaises(ValueError):
                promql.parse(text)


if __name__ == "__main__":
    unittest.main()
