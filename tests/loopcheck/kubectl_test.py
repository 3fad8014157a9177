# SPDX-License-Identifier: Apache-2.0
"""The real kubectl between us and API servers that are large, slow, wrong or not there."""
from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
from typing import Any

import fake_api_server
from fake_api_server import ApiServer, status
from failing_targets import closed_port
from programs import Program, tool, wait_until

PROBE = os.environ["SOURCES_PROBE"]
KUBECTL = tool("kubectl")


def probe(*arguments: str, env: dict[str, str] | None = None, timeout_s: float = 60) -> Any:
    done = subprocess.run([PROBE, *arguments], capture_output=True, text=True, check=False,
                          timeout=timeout_s, env=env)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return json.loads(done.stdout)


class Kubectl(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ask(self, server: ApiServer | None, *arguments: str) -> Any:
        config = server.kubeconfig(self.folder) if server else self.nowhere()
        return probe(*arguments, f"kubectl={KUBECTL}", f"kubeconfig={config}")

    def nowhere(self) -> str:
        file = self.folder / "nowhere"
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"http://{closed_port()}"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": ""}}]}))
        return str(file)

    def test_errors_are_told_apart(self) -> None:
        answers = {
            "/forbidden": status(403, "Forbidden", 'pods is forbidden: User "me" cannot list'),
            "/absent": status(404, "NotFound", "the server could not find the requested resource"),
            "/login": status(401, "Unauthorized", "Unauthorized"),
            "/expired": status(410, "Expired", "The provided continue parameter is too old"),
            "/broken": status(500, "InternalError", "etcd is gone"),
            "/query": (400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'),
            "/agent": (422, b'{"status":"error","error":"unavailable with Prometheus Agent"}'),
            "/moved": (302, b""),
            "/good": (200, b'{"a": 1}'),
        }
        expected = {"forbidden": ("forbidden", 403), "absent": ("not_found", 404),
                    "login": ("unauthorized", 401), "expired": ("expired", 410),
                    "broken": ("server_error", 500), "query": ("refused", 400),
                    "agent": ("refused", 422), "moved": ("refused", 0)}
        with ApiServer(answers=answers) as server:
            for name, (kind, code) in expected.items():
                with self.subTest(name):
                    got = self.ask(server, "get", f"path=/{name}")
                    self.assertEqual((got["error"], got["status"]), (kind, code), got)
            self.assertIn("cannot list", self.ask(server, "get", "path=/forbidden")["words"])
            self.assertEqual(self.ask(server, "get", "path=/good"), {"body": '{"a": 1}'})

    def test_no_server(self) -> None:
        got = self.ask(None, "collect")
        self.assertEqual(got["error"], "unreachable", got)
        self.assertIn("was refused", got["words"])

    def test_no_kubectl(self) -> None:
        got = probe("collect", "kubectl=/nowhere/kubectl")
        self.assertEqual(got["error"], "tool_missing", got)
        got = probe("collect", "kubectl=/etc/passwd")
        self.assertEqual(got["error"], "tool_missing", got)
        self.assertIn("Permission denied", got["words"])

    def test_no_such_context(self) -> None:
        with ApiServer() as server:
            got = self.ask(server, "collect", "context=other")
        self.assertEqual(got["error"], "bad_configuration", got)
        self.assertIn('"other"', got["words"])
        self.assertEqual(server.asked, [])

    def test_a_server_that_hangs(self) -> None:
        with ApiServer() as server:
            begin = time.monotonic()
            got = self.ask(server, "get", "path=/hang", "deadline=1")
            self.assertEqual(got["error"], "timed_out", got)
            got = self.ask(server, "get", "path=/hang", "request-timeout=1s")
            self.assertEqual(got["error"], "timed_out", got)
            self.assertLess(time.monotonic() - begin, 20)

    def test_an_answer_without_an_end(self) -> None:
        with ApiServer(answers={"/large": (200, b"x" * 5_000_000)}) as server:
            got = self.ask(server, "get", "path=/large", "bytes=1000000")
        self.assertEqual(got["error"], "too_large", got)

    def test_interrupted(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with ApiServer() as server, open(self.folder / "out", "w+") as out:
                program = Program([PROBE, "get", "path=/hang", f"kubectl={KUBECTL}",
                                   f"kubeconfig={server.kubeconfig(self.folder)}"], stdout=out)
                self.addCleanup(program.kill)
                wait_until(lambda: self.assertTrue(server.asked), timeout_s=20)
                child = self.child_of(program.pid)
                program.signal(number)
                self.assertEqual(program.wait(5), 0)
                out.seek(0)
                self.assertEqual(json.load(out)["error"], "interrupted")
                self.assertFalse(pathlib.Path(f"/proc/{child}").exists(), "kubectl was left behind")

    @staticmethod
    def child_of(pid: int) -> int:
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def test_a_small_cluster(self) -> None:
        monitor = {"metadata": {"name": "a", "namespace": "demo"}, "spec": {"endpoints": []}}
        path = "/apis/monitoring.coreos.com/v1/servicemonitors"
        answers = {
            "/api/v1/pods": status(403, "Forbidden", "pods is forbidden: no"),
            "/apis/monitoring.coreos.com/v1/podmonitors": status(404, "NotFound", "no resource")}
        with ApiServer({path: [monitor]}, answers) as server:
            got = self.ask(server, "collect")
        self.assertEqual(got["kinds"], {"ServiceMonitor": 1})
        self.assertEqual(got["known"]["Pod"]["how"], "forbidden")
        self.assertIn("pods is forbidden: no", got["known"]["Pod"]["why"])
        self.assertEqual(got["known"]["PodMonitor"]["how"], "absent")
        self.assertEqual(got["known"]["Service"]["how"], "complete")
        self.assertEqual(got["version"], "v1.34.4")

    def test_five_thousand_pods(self) -> None:
        pods = [fake_api_server.noisy_pod(number) for number in range(5_000)]
        with ApiServer({"/api/v1/pods": pods}) as server:
            before = os.times()
            begin = time.monotonic()
            got = self.ask(server, "collect")
            took_s = time.monotonic() - begin
            after = os.times()
        used_s = (after.children_user + after.children_system -
                  before.children_user - before.children_system)
        print(f"5,000 Pods: {got['bytes'] / 1e6:.0f} MB in {got['requests']} requests, "
              f"{took_s:.1f} s, {used_s:.1f} s of processor time with kubectl's, "
              f"peak {got['peak_kib'] / 1024:.0f} MiB")
        self.assertEqual(got["kinds"]["Pod"], 5_000)
        self.assertEqual(got["known"]["Pod"]["how"], "complete")
        self.assertLess(got["peak_kib"], 150 * 1024)
        self.assertLess(took_s, 30)


if __name__ == "__main__":
    unittest.main()
