# SPDX-License-Identifier: Apache-2.0
"""The component loopcheck on a real cluster: it looks by the API server itself, is scraped, and
says by its metrics, in Prometheus, which link of which chain is broken."""
from __future__ import annotations

import json
import unittest
from typing import Any

import demo
import kube
import prometheus
from kube import kubectl
from programs import wait_until

NAME = "loopcheck"
POOL = f"serviceMonitor/{demo.MONITORING}/{NAME}/0"
CHAIN = f'loopcheck_chain_broken_link{{kind="ServiceMonitor", name="{demo.NAME}"}}'
# So that the test need not wait for minutes.
OFTEN = [{"target": {"kind": "Deployment", "name": NAME}, "patch": json.dumps(
    [{"op": "replace", "path": "/spec/template/spec/containers/0/args",
      "value": ["serve", "--interval=3s"]}])},
    {"target": {"kind": "ServiceMonitor", "name": NAME}, "patch": json.dumps(
        [{"op": "replace", "path": "/spec/endpoints/0/interval", "value": "3s"}])}]


def remove() -> None:
    """What the component adds outside of the namespace of the service."""
    for kind in ("servicemonitor", "deployment", "service", "serviceaccount"):
        kube.delete(kind, NAME, demo.MONITORING)
    for kind in ("clusterrolebinding", "clusterrole"):
        kube.delete(kind, NAME)


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if not kube.LOOPCHECK_IMAGE:
            raise unittest.SkipTest("no image of loopcheck: --loopcheck-image")
        cls.server = prometheus.given()
        objects = demo.compose("servicemonitor", "loopcheck", patches=OFTEN,
                               images=demo.images() + demo.images(kube.LOOPCHECK_IMAGE, NAME))
        cls.addClassCleanup(remove)
        cls.enterClassContext(demo.Demo(objects))
        kubectl("-n", demo.MONITORING, "rollout", "status", f"deployment/{NAME}",
                "--timeout=120s", timeout_s=130)

    def says(self, link: int) -> list[tuple[dict[str, str], float]]:
        found = self.server.query(CHAIN)
        assert [value for _, value in found] == [link], found
        return found

    def soon(self, link: int) -> list[tuple[dict[str, str], float]]:
        return wait_until(lambda: self.says(link), timeout_s=prometheus.switch_s() + 90, pause_s=1)

    def scraped(self) -> dict[str, Any]:
        found = [each for each in self.server.targets() if each["scrapePool"] == POOL]
        assert [each["health"] for each in found] == ["up"], found
        return found[0]

    def test_a_chain_breaks_and_is_mended(self) -> None:
        wait_until(self.scraped, timeout_s=prometheus.switch_s() + 60, pause_s=1)
        labels, _ = self.soon(0)[0]
        self.assertEqual(labels["namespace"], demo.MONITORING)  # the monitor's
        kubectl("-n", demo.MONITORING, "label", "servicemonitor", demo.NAME, "release=other",
                "--overwrite")
        self.soon(4)
        codes = self.server.query('loopcheck_findings{code="LC0402", severity="error"}')
        self.assertEqual([value for _, value in codes], [1])
        log = kubectl("-n", demo.MONITORING, "logs", f"deployment/{NAME}")
        self.assertRegex(log, r"chain is broken.*LC0402")
        kubectl("-n", demo.MONITORING, "label", "servicemonitor", demo.NAME, "release=prometheus",
                "--overwrite")
        self.soon(0)
        failed = self.server.query('loopcheck_checks_total{result="failed"}')
        self.assertEqual([value for _, value in failed], [0])

    def test_its_account_may_not_write_or_read_secrets(self) -> None:
        account = f"system:serviceaccount:{demo.MONITORING}:{NAME}"
        for verb, resource, may in (("list", "pods", "yes"), ("get", "secrets", "no"),
                                    ("list", "secrets", "no"), ("create", "pods", "no"),
                                    ("delete", "pods", "no"), ("patch", "servicemonitors", "no")):
            done = kube.run("auth", "can-i", verb, resource, "-A", "--as", account)
            self.assertEqual(done.stdout.strip(), may, (verb, resource))


if __name__ == "__main__":
    unittest.main()
