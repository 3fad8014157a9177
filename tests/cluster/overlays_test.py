# SPDX-License-Identifier: Apache-2.0
"""The two basic overlays in turn, as the handbook closes the loop: Pods ready, endpoints, monitor
chosen, targets up with exactly their labels, PromQL right under load; and after the switch the old
targets are gone while their history goes on answering."""
from __future__ import annotations

import unittest

import client
import demo
import kube
import prometheus
from programs import wait_until

PER_SECOND = 20.0


def endpoints() -> list[tuple[str, int, str]]:
    """(address, port, the port's name) of each endpoint of the Service that is ready."""
    slices = kube.listed("endpointslices", demo.NAMESPACE,
                         f"kubernetes.io/service-name={demo.NAME}")
    return sorted((endpoint["addresses"][0], port["port"], port["name"])
                  for each in slices for port in each["ports"]
                  for endpoint in each["endpoints"] if endpoint["conditions"]["ready"])


class Overlays(unittest.TestCase):
    """In the order of the names of its tests: the second begins where the first ends."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = prometheus.given()
        cls.switch_s = prometheus.switch_s()
        wait_until(cls.server.none, timeout_s=cls.switch_s, pause_s=1)
        cls.enterClassContext(kube.Sandbox())
        cls.addClassCleanup(demo.remove)

    def closes(self, monitor: str) -> None:
        pods = demo.pods()
        self.assertEqual([each["status"]["phase"] for each in pods], ["Running"] * 2)
        self.assertEqual(endpoints(), sorted((each["status"]["podIP"], 8080, "metrics")
                                             for each in pods))
        pool = prometheus.pool(monitor)
        targets = wait_until(lambda: self.server.all_up(pool, len(pods)), timeout_s=self.switch_s,
                             pause_s=1)
        self.assertIn(f"job_name: {pool}\n", self.server.api("status/config")["yaml"])
        expected = [prometheus.target_labels(monitor, each) for each in pods]
        self.assertCountEqual([each["labels"] for each in targets], expected)

        with client.Client(per_second=PER_SECOND) as load:
            wait_until(lambda: load.answered(int(75 * PER_SECOND)), timeout_s=120, pause_s=1)
            job = expected[0]["job"]
            up = self.server.query('up{namespace="demo"}')
            self.assertCountEqual(
                [labels for labels, _ in up if labels["job"] == job],
                [{"__name__": "up", **labels} for labels in expected])
            self.assertEqual([value for labels, value in up if labels["job"] == job], [1.0, 1.0])
            builds = [value for labels, value in self.server.query("demo_build_info")
                      if labels["job"] == job]
            self.assertEqual(builds, [1.0, 1.0])
            ours = f'job="{job}", path="/hello"'
            rate = self.server.one(f"sum(rate(demo_http_requests_total{{{ours}}}[1m]))")
            self.assertAlmostEqual(rate, PER_SECOND, delta=0.2 * PER_SECOND)
            buckets = f"demo_http_request_duration_seconds_bucket{{{ours}}}"
            p95_s = self.server.one(
                f"histogram_quantile(0.95, sum(rate({buckets}[1m])) by (le))")
            self.assertGreater(p95_s, 0.05)  # it sleeps 0 to 99 ms, and the buckets end at 50, 100
            self.assertLess(p95_s, 0.25)
            self.assertEqual(load.stop()["failed"], 0, load.failures())

    def test_1_servicemonitor(self) -> None:
        kube.apply(demo.overlay("servicemonitor"))
        demo.rolled_out()
        self.closes("servicemonitor")

    def test_2_podmonitor_in_its_place(self) -> None:
        """As section 4 of the handbook says."""
        # The Pods of now; on a cluster that remembers more, others had this job before.
        pods = "|".join(each["metadata"]["name"] for each in demo.pods())
        old = f'up{{job="demo-cpp", pod=~"{pods}"}}'
        kube.kubectl("-n", "monitoring", "delete", "servicemonitor", demo.NAME)
        kube.apply(demo.overlay("podmonitor"))
        demo.rolled_out()
        pool = prometheus.pool("podmonitor")
        wait_until(lambda: self.server.all_up(pool, 2), timeout_s=self.switch_s, pause_s=1)
        # No target of the old pool is left, but its samples are: history, as section 7a tells.
        self.assertEqual(len(self.server.query(f"last_over_time({old}[10m])")), 2)
        self.closes("podmonitor")  # for more than a minute
        self.assertEqual(self.server.query(f"count_over_time({old}[1m])"), [])
        # An instant query looks further back than that by default, and less far where it is told.
        remembered = 2 if self.server.lookback_s() > 240 else 0
        self.assertEqual(len(self.server.query(old)), remembered)
        self.assertEqual(len(self.server.query(f"last_over_time({old}[1h])")), 2)


if __name__ == "__main__":
    unittest.main()
