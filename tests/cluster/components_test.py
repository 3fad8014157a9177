# SPDX-License-Identifier: Apache-2.0
"""Components under the real operator: native histograms and exemplars, limits, TLS; and the overlay
`production` with its rules, alerts and dashboard."""
from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
import unittest
from typing import Any

import client
import component
import demo
import evaluation
import kube
import kubernetes_page
import panels
import prometheus
from kube import kubectl
from programs import tool, wait_until

PER_SECOND = 20
SOON_S = 90


class Components(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        tool("openssl")
        cls.enterClassContext(kube.Sandbox())
        cls.enterClassContext(demo.Demo(demo.compose("servicemonitor", "native-histograms")))
        cls.server, = cls.enterClassContext(prometheus.Own(
            enableFeatures=["exemplar-storage", "extra-scrape-metrics"],
            exemplars={"maxSize": 10000}))

    def up(self, pods: int = 2, pool: str = prometheus.pool("servicemonitor"),
           scheme: str = "http") -> list[dict[str, Any]]:
        """Once they are: those of the Pods of now."""
        def probe() -> list[dict[str, Any]]:
            targets = self.server.all_up(pool, pods)
            addresses = {each["status"]["podIP"] for each in demo.pods()}
            seen = {each["labels"]["instance"].rpartition(":")[0] for each in targets}
            assert seen == addresses, (seen, addresses)
            assert all(each["scrapeUrl"].startswith(f"{scheme}://") for each in targets), targets
            return targets
        return wait_until(probe, timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)

    def deploy(self, *components: str) -> None:
        kube.apply(demo.compose(*components))
        demo.rolled_out()

    def configured(self) -> str:
        """Our job in the configuration that the server has loaded."""
        text = self.server.api("status/config")["yaml"]
        found = re.search(r"^- job_name: serviceMonitor/monitoring/demo-cpp/0\n(?:^ .*\n)*", text,
                          re.MULTILINE)
        assert found, text
        return found[0]

    def all_failed(self, words: str) -> None:
        ours = self.server.ours()
        assert len(ours) == 2, ours
        for each in ours:
            assert each["health"] == "down" and words in each["lastError"], each["lastError"]
        up = [value for _, value in self.server.query('up{namespace="demo"}')]
        assert set(up) == {0.0}, up

    def test_1_native_histograms_and_exemplars(self) -> None:
        self.up()
        self.assertRegex(self.configured(), r"scrape_native_histograms: true")
        with client.Client(per_second=PER_SECOND) as load:
            wait_until(lambda: load.answered(60 * PER_SECOND), timeout_s=100, pause_s=1)
            native = 'demo_http_request_duration_seconds{path="/hello"}'
            p95_s = self.server.one(f"histogram_quantile(0.95, sum(rate({native}[1m])))")
            self.assertGreater(p95_s, 0.08)  # to 9 %, of 0 to 99 ms
            self.assertLess(p95_s, 0.15)
            count = self.server.one(f"histogram_count(sum(rate({native}[1m])))")
            self.assertAlmostEqual(count, PER_SECOND, delta=0.25 * PER_SECOND)
            classic = self.server.one(
                'sum(rate(demo_http_request_duration_seconds_count{path="/hello"}[1m]))')
            self.assertAlmostEqual(classic, count, delta=0.01)
            begin = self.server.one("vector(time())") - 300
            found = self.server.api(
                "query_exemplars", query='demo_http_requests_total{path="/hello"}',
                start=str(begin), end=str(begin + 300))
            traces = [int(each["labels"]["trace_id"], 16)
                      for series in found for each in series["exemplars"]]
            self.assertGreater(len(traces), 0)
            sent = load.stop()["sent"]
            for each in traces:  # the client's own numbers
                self.assertTrue(1 <= each <= sent, (each, sent))

    def test_2_limits(self) -> None:
        self.deploy("servicemonitor", "limits")
        self.up()
        for line in ("sample_limit: 20000", "label_limit: 40", "label_name_length_limit: 128",
                     "label_value_length_limit: 512", "body_size_limit: 16MiB"):
            self.assertIn(line, self.configured())
        for field, value, words in (("sampleLimit", 10, "sample limit exceeded"),
                                    ("bodySizeLimit", "1KB", "body size limit exceeded")):
            monitor = {"spec": {field: value}}
            kubectl("-n", demo.MONITORING, "patch", "servicemonitor", demo.NAME, "--type=merge",
                    "-p", json.dumps(monitor))
            wait_until(lambda: self.all_failed(words), timeout_s=prometheus.switch_s() + SOON_S,
                       pause_s=1)
            self.deploy("servicemonitor", "limits")
            self.up()

    def test_3_tls(self) -> None:
        self.certificates()
        self.deploy("servicemonitor", "tls")
        self.up(scheme="https")
        # Another authority: Prometheus does check.
        other = self.certificates()
        wait_until(lambda: self.all_failed("certificate signed by unknown authority"),
                   timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)
        # And its certificate in the Pods' Secret is taken up without a restart, in minutes.
        self.secret(other)
        kubectl("-n", demo.NAMESPACE, "rollout", "restart", f"deployment/{demo.NAME}")
        demo.rolled_out()
        self.up(scheme="https")

    def certificates(self) -> str:
        """An authority of our own, by the commands of docs/kubernetes.md: what Prometheus trusts
        from now on. The folder of what was made; the first one is in the Secret, too."""
        script, = (each for each in kubernetes_page.blocks(kubernetes_page.PAGE, "sh")
                   if "openssl" in each)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        if kube.exists("secret", "demo-cpp-tls", demo.NAMESPACE):
            script = script[:script.index("kubectl")]
        done = subprocess.run(["bash", "-ec", script], cwd=folder, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(kube.run, "-n", demo.MONITORING, "delete", "configmap", "demo-cpp-ca",
                        "--ignore-not-found")
        with open(f"{folder}/ca.pem", encoding="utf-8") as file:
            authority = file.read()
        kube.apply([{"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": authority},
                     "metadata": {"name": "demo-cpp-ca", "namespace": demo.MONITORING}}],
                   "--server-side", "--force-conflicts")
        return folder

    def secret(self, folder: str) -> None:
        data = {}
        for key, name in (("tls.crt", "server.pem"), ("tls.key", "server.key")):
            with open(f"{folder}/{name}", "rb") as file:
                data[key] = base64.b64encode(file.read()).decode()
        kubectl("-n", demo.NAMESPACE, "patch", "secret", "demo-cpp-tls", "-p",
                json.dumps({"data": data}))

    def test_4_production(self) -> None:
        kube.apply(demo.overlay("production"))
        demo.rolled_out()
        self.addCleanup(kubectl, "-n", demo.NAMESPACE, "delete", "hpa", demo.NAME)
        for each in self.up():
            self.assertTrue(each["scrapeUrl"].endswith(":8081/metrics"), each["scrapeUrl"])
            self.assertEqual(each["labels"]["endpoint"], "metrics")
        scaler = kube.get("hpa", demo.NAME, demo.NAMESPACE)
        self.assertEqual((scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]), (2, 10))
        groups = component.groups()
        wait_until(lambda: evaluation.evaluated(self.server, groups),
                   timeout_s=prometheus.switch_s() + SOON_S, pause_s=1)
        queries = [*component.records(groups),
                   *(query for _, query in panels.queries(component.dashboard()))]
        address = client.service_address("http")
        with client.Client(per_second=PER_SECOND, address=address):
            for pod in demo.pods():  # some errors, and a limit that strikes
                for path in ("/status/500", "/" + "x" * 9000):
                    kube.run("get", "--raw", f"/api/v1/namespaces/{demo.NAMESPACE}/pods/"
                             f"{pod['metadata']['name']}:8080/proxy{path}")
            for query in queries:
                with self.subTest(query):  # all: a Pod has a quota and a limit of memory
                    wait_until(lambda: evaluation.has_data(self.server, query), timeout_s=SOON_S,
                               pause_s=1)
        firing = {each["labels"]["alertname"] for each in self.server.api("alerts")["alerts"]
                  if each["state"] == "firing"}
        self.assertEqual(firing, set())


if __name__ == "__main__":
    unittest.main()
