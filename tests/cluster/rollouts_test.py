# SPDX-License-Identifier: Apache-2.0
"""Rolling restarts and scale-downs under load through the Service: no request fails, and the counts
of every Pod that was stopped reach Prometheus, where its role lets it scrape a Pod that ends."""
from __future__ import annotations

import time
import unittest

import client
import demo
import kube
import prometheus
from kube import kubectl
from programs import amount, wait_until

ROLLOUTS = amount(quick=15, long=200)
SCALED_EACH = 5  # rollouts
# Prometheus takes up to 5 s to let go of a target, so that by chance it may still ask a Pod that
# has just been taken out of the Endpoints: one in three. Ten Pods are not all that lucky.
RESTARTS_THAT_LOSE = 5
PER_SECOND = 40
GRACE_S = 45  # of a Pod
INTERVAL_S = 15  # of scrapes


class Counted:
    """The Pods that there were, and what Prometheus knows of them."""

    def __init__(self, server: prometheus.Server) -> None:
        self._server = server
        self._begin = time.time()
        self.pods: set[str] = set()

    def note(self) -> None:
        self.pods |= {each["metadata"]["name"] for each in demo.pods()}

    def increase(self) -> float:
        """Of the requests of the load, added up over the Pods. Not increase(), which extrapolates:
        a Pod's counter begins at 0, so that what it came to is its increase."""
        window = f"{int(time.time() - self._begin) + 1}s"
        ours = f'namespace="demo", path="/hello", code="200", pod=~"{"|".join(self.pods)}"'
        return self._server.one(
            f"sum(max_over_time(demo_http_requests_total{{{ours}}}[{window}]))")

    def is_all(self, answered: int) -> None:
        counted = self.increase()
        assert counted == answered, f"{counted} of {answered}"


class Rollouts(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = prometheus.given()
        cls.enterClassContext(kube.Sandbox())

    def begin(self, *components: str) -> None:
        wait_until(self.server.none, timeout_s=prometheus.switch_s(), pause_s=1)
        self.enterContext(demo.Demo(demo.compose(*components)))
        pool = prometheus.pool(components[0])
        wait_until(lambda: self.server.all_up(pool, 2), timeout_s=prometheus.switch_s(), pause_s=1)
        self.counted = Counted(self.server)
        self.counted.note()

    def restart(self) -> None:
        kubectl("-n", demo.NAMESPACE, "rollout", "restart", f"deployment/{demo.NAME}")
        demo.rolled_out()
        self.counted.note()

    def scale(self, pods: int) -> None:
        kubectl("-n", demo.NAMESPACE, "scale", f"deployment/{demo.NAME}", f"--replicas={pods}")
        demo.rolled_out()
        self.counted.note()

    def only_the_ready_are_left(self) -> None:
        left = kube.listed("pods", demo.NAMESPACE, demo.PODS)
        assert len(left) == 2, [each["metadata"]["name"] for each in left]

    def test_no_request_fails_and_none_is_lost(self) -> None:
        self.begin("servicemonitor", "endpointslice-role")
        with client.Client(per_second=PER_SECOND) as load:
            for number in range(1, ROLLOUTS + 1):
                self.restart()
                if number % SCALED_EACH == 0:
                    self.scale(4)
                    self.scale(2)
                self.assertEqual(load.counts()["failed"], 0, load.failures())
            # Until the last ones to stop have stopped, under load.
            wait_until(self.only_the_ready_are_left, timeout_s=2 * GRACE_S, pause_s=1)
            counts = load.stop()
            self.assertEqual(counts["failed"], 0, load.failures())
        print(f"{ROLLOUTS} rollouts, {len(self.counted.pods)} Pods: {counts}")
        self.assertGreaterEqual(len(self.counted.pods), 2 + 2 * ROLLOUTS)
        for kind in ("answered_on_new", "answered_on_kept"):
            self.assertGreater(counts[kind], PER_SECOND * ROLLOUTS)
        self.assertEqual(counts["answered"], counts["sent"])
        # Two Pods are alive; their last counts come with the next scrape.
        wait_until(lambda: self.counted.is_all(counts["answered"]), timeout_s=3 * INTERVAL_S,
                   pause_s=1)

    def test_with_the_role_endpoints_the_last_interval_is_lost(self) -> None:
        """Which is why the component endpointslice-role exists; and it shows that the sum above can
        be wrong."""
        self.begin("servicemonitor")
        with client.Client(per_second=PER_SECOND) as load:
            for _ in range(RESTARTS_THAT_LOSE):
                self.restart()
            wait_until(self.only_the_ready_are_left, timeout_s=2 * GRACE_S, pause_s=1)
            counts = load.stop()
            self.assertEqual(counts["failed"], 0, load.failures())
        stopped = self.counted.pods - {each["metadata"]["name"] for each in demo.pods()}
        self.assertGreaterEqual(len(stopped), 2 * RESTARTS_THAT_LOSE)

        def scraped() -> None:  # both that are alive, after the load
            for each in demo.pods():
                name = each["metadata"]["name"]
                at = self.server.one(f'timestamp(up{{namespace="demo", pod="{name}"}})')
                assert at > ended, f"{name} at {at}, ended at {ended}"
        ended = self.server.one("vector(time())")
        wait_until(scraped, timeout_s=3 * INTERVAL_S, pause_s=1)
        self.assertLess(self.counted.increase(), counts["answered"])


if __name__ == "__main__":
    unittest.main()
