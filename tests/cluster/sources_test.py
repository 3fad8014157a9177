# SPDX-License-Identifier: Apache-2.0
"""What loopcheck reads from a real cluster, through kubectl and as a Pod does: the same objects,
the targets that Prometheus has, and a missing right called by its name."""
from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from typing import Any

import demo
import kube
import prometheus
from programs import wait_until

PROBE = os.environ["SOURCES_PROBE"]
READER = f"system:serviceaccount:{kube.SANDBOX}:reader"


def probe(*arguments: str) -> Any:
    done = subprocess.run([PROBE, *arguments, f"kubectl={kube.KUBECTL}"], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rights() -> list[kube.Object]:
    """A ServiceAccount that may read Pods and monitors of the service's namespace, and no more."""
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount",
         "metadata": {"name": "reader", "namespace": kube.SANDBOX}},
        {"apiVersion": f"{group}/v1", "kind": "Role",
         "metadata": {"name": kube.SANDBOX, "namespace": demo.NAMESPACE},
         "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
                   {"apiGroups": ["monitoring.coreos.com"], "resources": ["servicemonitors"],
                    "verbs": ["list"]}]},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding",
         "metadata": {"name": kube.SANDBOX, "namespace": demo.NAMESPACE},
         "roleRef": {"apiGroup": group, "kind": "Role", "name": kube.SANDBOX},
         "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": kube.SANDBOX}]},
        {"apiVersion": "v1", "kind": "Secret",
         "metadata": {"name": "login", "namespace": kube.SANDBOX},
         "stringData": {"user": "me", "password": "hunter2"}},
    ]


class Sources(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = prometheus.given()
        cls.enterClassContext(kube.Sandbox())
        cls.enterClassContext(demo.Demo(demo.overlay("servicemonitor")))
        kube.apply(rights())
        cls.pool = prometheus.pool("servicemonitor")
        cls.targets = wait_until(lambda: cls.server.all_up(cls.pool, 2), pause_s=1,
                                 timeout_s=prometheus.switch_s())

    def test_everything(self) -> None:
        got = probe("collect")
        for kind, plural in {"Pod": "pods", "Service": "services", "Namespace": "namespaces",
                             "ServiceMonitor": "servicemonitors", "ReplicaSet": "replicasets",
                             "ClusterRole": "clusterroles"}.items():
            listed = json.loads(kube.kubectl("get", plural, "-A", "-o", "json"))["items"]
            self.assertEqual(got["kinds"][kind], len(listed), kind)
            self.assertEqual(got["known"][kind]["how"], "complete", kind)
        generated = got["generated"]["Prometheus/" + "/".join(prometheus.GIVEN)]
        self.assertIn(self.pool, generated["pools"], generated)

    def test_targets_are_those_of_prometheus(self) -> None:
        whole = probe("prometheuses", f"space={demo.NAMESPACE}")
        got = whole["Prometheus/" + "/".join(prometheus.GIVEN)]
        ours = [each for each in got["merged"]["active"] if each["pool"] == self.pool]
        self.assertCountEqual([each["labels"] for each in ours],
                              [each["labels"] for each in self.targets])
        self.assertEqual([each["health"] for each in ours], ["up"] * 2)
        self.assertEqual(len(ours[0]["up"]), len(got["asked"]))
        for name, answers in got["asked"].items():
            with self.subTest(name):
                jobs = [each["job_name"] for each in answers["configuration"]["scrape_configs"]]
                self.assertIn(self.pool, jobs)
                self.assertTrue(answers["info"]["reload_successful"])
                self.assertEqual(len([each for each in answers["query"]["samples"]
                                      if each["labels"].get("namespace") == demo.NAMESPACE]), 2)

    def test_a_pod_without_what_nobody_asks_for(self) -> None:
        pods = probe("objects", "kind=Pod", f"space={demo.NAMESPACE}")
        for each in pods:
            self.assertNotIn("managedFields", each["metadata"])
            self.assertNotIn("volumes", each["spec"])
            self.assertNotIn("env", json.dumps(each["spec"]["containers"]))
        ours = [each for each in pods if each["metadata"]["namespace"] == demo.NAMESPACE]
        self.assertEqual([each["status"]["phase"] for each in ours], ["Running"] * 2)

    def test_few_rights(self) -> None:
        got = probe("collect", f"space={demo.NAMESPACE}", f"as={READER}")
        self.assertEqual(got["kinds"], {"Pod": 2})  # the monitor is in `monitoring`
        self.assertEqual(got["known"]["Pod"], {"how": "complete", "why": f"in {demo.NAMESPACE}"})
        self.assertEqual(got["known"]["ServiceMonitor"]["how"], "partial")
        for kind in ("Service", "Prometheus", "Role", "CustomResourceDefinition"):
            self.assertEqual(got["known"][kind]["how"], "forbidden", kind)
            self.assertIn(READER, got["known"][kind]["why"])
        got = probe("collect", "as=nobody")
        self.assertEqual(got["kinds"], {})
        self.assertEqual(got["known"]["Pod"]["how"], "forbidden")

    def test_keys_of_a_secret(self) -> None:
        asked = ("secret-keys", f"space={kube.SANDBOX}", "name=login")
        self.assertEqual(probe(*asked), ["password", "user"])
        self.assertEqual(probe(*asked, f"as={READER}")["error"], "forbidden")
        self.assertEqual(probe("secret-keys", f"space={kube.SANDBOX}", "name=none")["error"],
                         "not_found")

    def test_as_a_pod_does(self) -> None:
        config = json.loads(kube.kubectl("config", "view", "--raw", "--minify", "--flatten",
                                         "-o", "json"))["clusters"][0]["cluster"]
        server = config["server"].removeprefix("https://")
        token = kube.kubectl("-n", kube.SANDBOX, "create", "token", "reader")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "token").write_text(token)
            (folder / "ca.crt").write_bytes(base64.b64decode(config["certificate-authority-data"]))
            pod = (f"api={server}", f"folder={folder}", f"space={demo.NAMESPACE}")
            got = probe("collect", *pod)
            by_kubectl = probe("collect", f"space={demo.NAMESPACE}", f"as={READER}")
            self.assertEqual(got["kinds"], by_kubectl["kinds"])
            self.assertEqual({kind: each["how"] for kind, each in got["known"].items()},
                             {kind: each["how"] for kind, each in by_kubectl["known"].items()})
            # The token is read again each time.
            (folder / "token").write_text("wrong")
            self.assertEqual(probe("collect", *pod)["error"], "unauthorized")
            (folder / "token").write_text(token)
            (folder / "ca.crt").write_text("")
            self.assertIn(probe("collect", *pod)["error"], ("bad_configuration", "unreachable"))


if __name__ == "__main__":
    unittest.main()
