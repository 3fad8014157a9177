# SPDX-License-Identifier: Apache-2.0
"""What breaks by itself: a Pod's process ends, a Pod is deleted at once, Prometheus restarts, the
kubelet restarts. The loop closes again, and no request is counted twice."""
from __future__ import annotations

import json
import os
import subprocess
import unittest

import client
import demo
import kube
import prometheus
from kube import kubectl
from programs import wait_until

PER_SECOND = 20
SOON_S = 120
COUNTER = 'demo_http_requests_total{namespace="demo", path="/hello", code="200"}'
# So that something in the container can send its process a signal: there is no shell.
WITH_CLIENT = {"target": {"kind": "Deployment"}, "patch": json.dumps([
    {"op": "add", "path": "/spec/template/spec/volumes", "value": [client.VOLUME]},
    {"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts",
     "value": [client.MOUNT]}])}


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(kube.Sandbox())
        objects = demo.compose("servicemonitor", "endpointslice-role", patches=[WITH_CLIENT])
        objects.insert(1, client.program(demo.NAMESPACE))  # after the namespace
        cls.enterClassContext(demo.Demo(objects, "--server-side"))
        cls.server, = cls.enterClassContext(prometheus.Own())

    def closed(self) -> None:
        """Two targets, those of the Pods of now, and up."""
        pool = prometheus.pool("servicemonitor")
        pods = {each["metadata"]["name"] for each in demo.pods()}
        targets = self.server.all_up(pool, len(pods))
        assert len(pods) == 2 and {each["labels"]["pod"] for each in targets} == pods, targets

    def closes(self) -> None:
        wait_until(self.closed, timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)

    def counts(self) -> dict[str, int]:
        """Pod -> the requests of the load that it has answered, as it says itself."""
        found = {}
        for each in demo.pods():
            name = each["metadata"]["name"]
            text = kube.pod_get(demo.NAMESPACE, name, 8080, "/metrics").decode()
            found[name] = sum(
                int(float(line.rpartition(" ")[2])) for line in text.splitlines()
                if line.startswith("demo_http_requests_total{") and 'path="/hello"' in line
                and 'code="200"' in line)
        return found

    def known(self) -> dict[str, int]:
        """The same as Prometheus knows it."""
        return {labels["pod"]: int(value) for labels, value in self.server.query(COUNTER)
                if labels["pod"] in {each["metadata"]["name"] for each in demo.pods()}}

    def counted_right(self, answered: int) -> None:
        """Where no Pod ended, no request is counted twice or not at all."""
        assert sum(self.counts().values()) == answered, (self.counts(), answered)
        assert self.known() == self.counts(), (self.known(), self.counts())

    def restarts(self, pod: str) -> int:
        status = kube.get("pod", pod, demo.NAMESPACE)["status"]
        return status["containerStatuses"][0]["restartCount"]

    def test_1_a_process_ends(self) -> None:
        """The second of two signals ends it at once; the kubelet starts it again in the same Pod,
        so that its counters fall in the same series."""
        self.closes()
        pod = demo.pods()[0]["metadata"]["name"]
        before = self.restarts(pod)
        with client.Client(per_second=PER_SECOND) as load:
            wait_until(lambda: load.answered(30 * PER_SECOND), timeout_s=60, pause_s=1)
            for _ in range(2):
                kube.run("-n", demo.NAMESPACE, "exec", pod, "--", "/client/client", "stop")
            wait_until(lambda: self.assertEqual(self.restarts(pod), before + 1), timeout_s=SOON_S,
                       pause_s=0.5)
            demo.rolled_out()
            self.closes()
            wait_until(lambda: load.answered(60 * PER_SECOND), timeout_s=90, pause_s=1)
            counts = load.stop()
        counter = f'{COUNTER[:-1]}, pod="{pod}"}}'
        wait_until(lambda: self.assertEqual(self.server.one(f"resets({counter}[10m])"), 1.0),
                   timeout_s=60, pause_s=1)
        # What came between the last scrape and the end is lost, but nothing is there twice.
        self.assertLessEqual(self.increase(), counts["answered"])
        self.assertGreater(self.increase(), counts["answered"] - 20 * PER_SECOND)
        self.assertLess(counts["failed"], PER_SECOND)

    def increase(self) -> float:
        """Of all Pods, from the samples as they are: increase() would extrapolate."""
        total = 0.0
        for series in self.server.api("query", query=f"{COUNTER}[10m]")["result"]:
            last = 0.0
            for _, text in series["values"]:
                value = float(text)
                total += value - last if value >= last else value
                last = value
        return total

    def test_2_a_pod_is_deleted_at_once(self) -> None:
        self.closes()
        pod = demo.pods()[0]["metadata"]["name"]
        with client.Client(per_second=PER_SECOND) as load:
            kubectl("-n", demo.NAMESPACE, "delete", "pod", pod, "--grace-period=0", "--force")
            demo.rolled_out()
            self.closes()
            counts = load.stop()
        # What was under way there, or sent there before the proxies knew, is lost; no more is.
        self.assertLess(counts["failed"], 5 * PER_SECOND)
        self.assertGreater(counts["answered"], counts["sent"] - 5 * PER_SECOND)

    def test_3_prometheus_restarts(self) -> None:
        kubectl("-n", demo.NAMESPACE, "rollout", "restart", f"deployment/{demo.NAME}")
        demo.rolled_out()  # counters at 0
        self.closes()
        with client.Client(per_second=PER_SECOND) as load:
            wait_until(lambda: load.answered(20 * PER_SECOND), timeout_s=60, pause_s=1)
            kubectl("-n", kube.SANDBOX, "delete", "pod", self.server.pod)
            wait_until(self.server.ready, timeout_s=SOON_S, pause_s=1)
            self.closes()
            counts = load.stop()
        self.assertEqual(counts["failed"], 0)
        wait_until(lambda: self.counted_right(counts["answered"]), timeout_s=60, pause_s=1)

    def test_4_the_kubelet_restarts(self) -> None:
        command = os.environ.get("CLUSTER_KUBELET_RESTART")
        if not command:
            self.skipTest("CLUSTER_KUBELET_RESTART is not set")
        kubectl("-n", demo.NAMESPACE, "rollout", "restart", f"deployment/{demo.NAME}")
        demo.rolled_out()
        self.closes()
        pods = demo.pods()
        with client.Client(per_second=PER_SECOND) as load:
            done = subprocess.run(command.split(), capture_output=True, text=True, check=False,
                                  timeout=180)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.closes()
            counts = load.stop()
            failures = {each["failure"] for each in load.failures()}
        # A kubelet that begins takes Pods for not ready until it has asked them: the proxies refuse
        # what comes meanwhile. No request that was let in fails.
        self.assertLessEqual(failures, {"connect: Connection refused"})
        self.assertEqual(counts["answered"] + counts["failed"], counts["sent"])
        # The Pods ran on.
        self.assertEqual([each["metadata"]["uid"] for each in demo.pods()],
                         [each["metadata"]["uid"] for each in pods])
        wait_until(lambda: self.counted_right(counts["answered"]), timeout_s=60, pause_s=1)


if __name__ == "__main__":
    unittest.main()
