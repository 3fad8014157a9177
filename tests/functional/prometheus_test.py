# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the real service: the last two links of the chain, and what the user
asks of them in PromQL."""
import json
import pathlib
import signal
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
from typing import Any

import contract
import load
from service import Program, Service, log_field, tool, wait_until

PROMETHEUS = tool("prometheus")

JOB = "demo"
PER_SECOND = 50
LOAD_S = 26
WINDOW_S = 15  # of the rates: well inside the load


class Prometheus(Program):
    """Debian's, on a port of the kernel's choice, with its data in a folder of its own."""

    def __init__(self, folder: pathlib.Path, target: str) -> None:
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # which is YAML, too
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}]}))
        super().__init__([PROMETHEUS, f"--config.file={config}",
                          f"--storage.tsdb.path={folder / 'data'}",
                          "--web.listen-address=127.0.0.1:0"])
        try:
            line = wait_until(lambda: self.logged('msg="Listening on"'), timeout_s=60)
            self.address = log_field(line, "address")
            wait_until(lambda: self.get("/-/ready"), timeout_s=60)
        except AssertionError:
            self.kill()
            raise

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGTERM)
        try:
            self.wait(20)
        finally:
            self.kill()

    def get(self, path: str, **query: str) -> bytes:
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read()

    def api(self, path: str, **query: str) -> Any:
        answer = json.loads(self.get("/api/v1/" + path, **query))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, promql: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        when = {} if at is None else {"time": str(at)}
        return [(one["metric"], float(one["value"][1]))
                for one in self.api("query", query=promql, **when)["result"]]

    def one(self, promql: str, at: float | None = None) -> float:
        found = self.query(promql, at)
        assert len(found) == 1, f"{promql}: {found}"
        return found[0][1]

    def target(self) -> dict[str, Any]:
        found = self.api("targets", state="active")["activeTargets"]
        assert len(found) == 1, found
        return found[0]


class Chain(unittest.TestCase):
    """One life of service and Prometheus: loaded, asked, and at last seen to go."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.service = cls.enterClassContext(Service())
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.prometheus = cls.enterClassContext(
            Prometheus(pathlib.Path(folder), cls.service.address))
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
        target = self.prometheus.target()
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
        self.assertEqual(said, contract.FAMILIES)

    def test_no_sample_was_refused(self) -> None:
        own = dict(line.rsplit(" ", 1) for line in self.prometheus.get("/metrics").decode()
                   .splitlines() if line.startswith("prometheus_target_scrapes_"))
        for reason in ("sample_duplicate_timestamp", "sample_out_of_order", "sample_out_of_bounds",
                       "exceeded_sample_limit", "exceeded_body_size_limit"):
            self.assertEqual(own[f"prometheus_target_scrapes_{reason}_total"], "0", reason)
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
        target = self.prometheus.target()
        self.assertEqual(target["health"], "down")
        self.assertIn("connection refused", target["lastError"])


if __name__ == "__main__":
    unittest.main()
