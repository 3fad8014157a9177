# SPDX-License-Identifier: Apache-2.0
"""More than one: Pods by `kubectl scale`, shards and replicas of a Prometheus object, and what the
autoscaler says where no metrics server tells it anything."""
from __future__ import annotations

import unittest

import demo
import kube
import prometheus
from kube import kubectl
from programs import wait_until

PODS = 6
SOON_S = 90


def instances(server: prometheus.Server) -> set[str]:
    return {each["labels"]["instance"] for each in server.ours()}


class Scale(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(kube.Sandbox())
        cls.enterClassContext(demo.Demo(demo.compose("servicemonitor")))

    def scale(self, pods: int) -> set[str]:
        """The addresses of the Pods that there are then."""
        kubectl("-n", demo.NAMESPACE, "scale", f"deployment/{demo.NAME}", f"--replicas={pods}")
        demo.rolled_out()
        found = demo.pods()
        self.assertEqual(len(found), pods)
        return {f"{each['status']['podIP']}:8080" for each in found}

    def test_shards_share_the_targets_and_replicas_repeat_them(self) -> None:
        addresses = self.scale(PODS)
        with prometheus.Own(shards=2, replicas=2) as servers:
            names = [each.pod for each in servers]
            # prometheus-NAME-REPLICA, and for further shards prometheus-NAME-shard-N-REPLICA.
            first = [each for each in servers if "-shard-" not in each.pod]
            second = [each for each in servers if "-shard-" in each.pod]
            self.assertEqual((len(first), len(second)), (2, 2), names)

            def dealt() -> None:
                for one, other in (first, second):
                    assert instances(one) == instances(other), (instances(one), instances(other))
                assert instances(first[0]) | instances(second[0]) == addresses
                assert not instances(first[0]) & instances(second[0])
                for each in servers:
                    assert all(one["health"] == "up" for one in each.ours()), each.pod
            wait_until(dealt, timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)
            # A question to one of them is answered for its part alone.
            parts = [server.one('count(up{namespace="demo"}) or vector(0)')
                     for server in (first[0], second[0])]
            self.assertEqual(sum(parts), PODS)
            self.assertEqual({each.api("status/config")["yaml"].count("prometheus_replica: ")
                              for each in servers}, {1})

    def test_targets_follow_the_number_of_pods(self) -> None:
        server = prometheus.given()
        for pods in (PODS, 2):
            addresses = self.scale(pods)

            def followed() -> None:
                assert instances(server) == addresses, (instances(server), addresses)
            wait_until(followed, timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)

    def test_the_autoscaler_is_accepted_and_says_what_it_lacks(self) -> None:
        kube.apply(demo.compose("servicemonitor", "hpa"))
        self.addCleanup(kubectl, "-n", demo.NAMESPACE, "delete", "hpa", demo.NAME)
        metrics = kube.run("get", "--raw", "/apis/metrics.k8s.io/v1beta1/pods").returncode == 0

        def judged() -> dict[str, str]:
            status = kube.get("hpa", demo.NAME, demo.NAMESPACE).get("status", {})
            told = {each["type"]: f"{each['status']} {each['reason']}"
                    for each in status.get("conditions", [])}
            assert "ScalingActive" in told, told
            return told
        told = wait_until(judged, timeout_s=SOON_S, pause_s=1)
        self.assertRegex(told["AbleToScale"], "^True")
        expected = "^True" if metrics else "^False FailedGetResourceMetric"
        if metrics:
            wait_until(lambda: self.assertRegex(judged()["ScalingActive"], expected),
                       timeout_s=2 * SOON_S, pause_s=1)
        else:
            self.assertRegex(told["ScalingActive"], expected)


if __name__ == "__main__":
    unittest.main()
