# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the real service: the last two links of the chain, and what the user
asks of them in PromQL."""
import pathlib
import tempfile
import time
import unittest

import contract
import load
from prometheus_server import Prometheus
from programs import tool, wait_until
from service import Service

PROMETHEUS = tool("prometheus")

JOB = "demo"
PER_SECOND = 50
LOAD_S = 26
WINDOW_S = 15  # of the rates: well inside the load


class Chain(unittest.TestCase):
    """One life of service and Prometheus: loaded, asked, and at last seen to go."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.service = cls.enterClassContext(Service())
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.prometheus = cls.enterClassContext(
            Prometheus(PROMETHEUS, pathlib.Path(folder), [
                {"job_name": JOB, "static_configs": [{"targets": [cls.service.address]}]}]))
        wait_until(lambda: cls.up(1), timeout_s=20)
        cls.load = load.OpenLoad(cls.service.address, "/hello", PER_SECOND, LOAD_S)
        cls.addClassCleanup(cls.load.stop)
        cls.load.start()
        wait_until(cls.load_is_known, timeout_s=LOAD_S, pause_s=0.2)
        cls.asked_at = time.time()

    @classmethod
    def up(cls, value: int) -> None:
        assert cls.prometheus.one(f'up{{job="{JOB}"}}') == value

    @classmethod
    def load_is_known(cls) -> None:
        """The window of our rates, and a scrape or two, lie in the load."""
        sent_at = list(cls.load.sent_at)
        assert sent_at and sent_at[-1] - sent_at[0] > WINDOW_S + 3, f"{len(sent_at)} sent"

    def test_target_is_up_without_error(self) -> None:
        target, = self.prometheus.targets()
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        self.assertEqual(target["scrapeUrl"], f"http://{self.service.address}/metrics")
        self.assertLess(target["lastScrapeDuration"], 0.5)

    def test_build_info_is_there(self) -> None:
        (labels, value), = self.prometheus.query("demo_build_info")
        self.assertEqual(value, 1)
        self.assertLessEqual(contract.BUILD_LABELS, labels.keys())
        self.assertEqual(labels["instance"], self.service.address)

    def test_no_label_had_to_give_way(self) -> None:
        series = self.prometheus.api("series", **{"match[]": f'{{job="{JOB}"}}'})
        self.assertGreater(len(series), 100)
        for labels in series:
            self.assertEqual([name for name in labels if name.startswith("exported_")], [])

    def test_rate_is_the_load(self) -> None:
        at = self.asked_at
        rate = self.prometheus.one(
            f'sum(rate(demo_http_requests_total{{path="/hello",code="200"}}[{WINDOW_S}s]))', at)
        sent = self.load.sent_between(at - WINDOW_S, at) / WINDOW_S
        self.assertAlmostEqual(sent, PER_SECOND, delta=0.1 * PER_SECOND)
        self.assertAlmostEqual(rate, sent, delta=0.1 * sent)
        everything = self.prometheus.one(f"sum(rate(demo_http_requests_total[{WINDOW_S}s]))", at)
        self.assertEqual(everything, rate, "scrapes are not the service's requests")

    def test_p95_is_the_95th_of_0_to_99_ms(self) -> None:
        p95_s = self.prometheus.one(
            "histogram_quantile(0.95, sum by (le) "
            f"(rate(demo_http_request_duration_seconds_bucket[{WINDOW_S}s])))", self.asked_at)
        self.assertGreater(p95_s, 0.05)
        self.assertLess(p95_s, 0.1)

    def test_metadata(self) -> None:
        found = self.prometheus.api("targets/metadata", match_target=f'{{job="{JOB}"}}')
        said = {one["metric"]: (one["type"], one["help"]) for one in found
                if one["metric"].startswith("demo_")}
        # It asks for OpenMetrics first, which calls a counter's family so.
        self.assertEqual(said, {name.removesuffix("_total"): what
                                for name, what in contract.FAMILIES.items()})

    def test_no_sample_was_refused(self) -> None:
        for reason, count in self.prometheus.refused().items():
            self.assertEqual(count, 0, reason)
        self.assertEqual(self.prometheus.one(f'scrape_samples_post_metric_relabeling{{job="{JOB}"}}'
                                             f' - scrape_samples_scraped{{job="{JOB}"}}'), 0)

    def test_z_end_total_is_exact_and_then_up_falls(self) -> None:
        """Last, since it ends the service."""
        self.load.wait()
        self.assertEqual(self.load.failures, [])
        sent = len(self.load.sent_at)
        self.assertEqual(sent, PER_SECOND * LOAD_S)

        def all_counted() -> None:
            counted = self.prometheus.one('demo_http_requests_total{path="/hello",code="200"}')
            assert counted == sent, f"{counted} of {sent}"
        wait_until(all_counted, timeout_s=5, pause_s=0.1)

        self.assertEqual(self.service.stop(), 0)
        wait_until(lambda: self.up(0), timeout_s=10, pause_s=0.1)
        target, = self.prometheus.targets()
        self.assertEqual(target["health"], "down")
        self.assertIn("connection refused", target["lastError"])


if __name__ == "__main__":
    unittest.main()
