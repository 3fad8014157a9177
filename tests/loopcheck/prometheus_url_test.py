# SPDX-License-Identifier: Apache-2.0
"""Real Prometheus servers asked by their URL, and whatever else may stand there."""
from __future__ import annotations

import base64
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest
from typing import Any

import failing_targets as failing
from failing_targets import Target, http, text
from programs import found_tool, tool, wait_until
from prometheus_server import Prometheus

PROBE = os.environ["SOURCES_PROBE"]
PROMETHEUS = tool("prometheus")


def ask(url: str, query: str = "up", **environment: str) -> Any:
    done = subprocess.run([PROBE, "url", url, query], capture_output=True, text=True, check=False,
                          timeout=60, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Prefixed(Prometheus):
    PREFIX = "/some/prefix"

    def __init__(self, program: str, folder: pathlib.Path, jobs: list[dict[str, Any]]) -> None:
        super().__init__(program, folder, jobs, f"--web.route-prefix={self.PREFIX}",
                         f"--web.external-url=http://example{self.PREFIX}")

    def get(self, path: str, **query: str) -> bytes:
        return super().get(self.PREFIX + path, **query)


class Servers(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def all_answers(self, program: str, major: str) -> None:
        good = Target(text("a 1\n")).address
        jobs = [{"job_name": "good", "static_configs": [{"targets": [good]}],
                 "basic_auth": {"username": "me", "password": "hunter2"}},
                {"job_name": "bad", "static_configs": [{"targets": [failing.closed_port()]}]},
                {"job_name": "none", "static_configs": [{"targets": ["dropped:1"]}],
                 "relabel_configs": [{"action": "drop", "source_labels": ["__address__"],
                                      "regex": "dropped.*"}]}]
        with Prefixed(program, self.folder, jobs) as server:
            def scraped() -> Any:
                got = ask(f"http://{server.address}/some/prefix/", 'a{job="good"}')
                health = [each["health"] for each in got["targets"]["active"]]
                assert sorted(health) == ["down", "up"] and got["query"]["samples"], got
                return got
            got = wait_until(scraped, timeout_s=30, pause_s=0.3)
        targets = {each["pool"]: each for each in got["targets"]["active"]}
        self.assertEqual(targets["good"]["labels"], {"instance": good, "job": "good"})
        self.assertEqual(targets["good"]["url"], f"http://{good}/metrics")
        self.assertIn("connection refused", targets["bad"]["last_error"])
        self.assertEqual([each["__address__"] for each in got["targets"]["dropped"]], ["dropped:1"])
        self.assertTrue(got["info"]["version"].startswith(major + "."), got["info"])
        self.assertTrue(got["info"]["reload_successful"])
        self.assertIs(got["agent"], False)
        self.assertEqual(got["query"]["samples"][0]["labels"]["instance"], good)
        self.assertEqual(len(got["series"]), 2)
        self.assertEqual(got["jobs"], ["bad", "good"])
        self.assertEqual(got["rules"], [])
        jobs_there = [each["job_name"] for each in got["configuration"]["scrape_configs"]]
        self.assertEqual(jobs_there, ["good", "bad", "none"])
        self.assertNotIn("hunter2", json.dumps(got))

    def test_prometheus_2(self) -> None:
        self.all_answers(PROMETHEUS, "2")

    def test_prometheus_3(self) -> None:
        program = found_tool("prometheus3")
        if program is None:
            self.skipTest("prometheus3 is not installed")
        self.all_answers(program, "3")

    def test_a_reload_that_failed_and_a_query_that_is_none(self) -> None:
        with Prometheus(PROMETHEUS, self.folder, [], "--web.enable-lifecycle") as server:
            (self.folder / "prometheus.yml").write_text("nonsense: 1\n")
            server.signal(signal.SIGHUP)

            def failed() -> Any:
                got = ask(f"http://{server.address}", "sum(")
                assert got["info"]["reload_successful"] is False, got["info"]
                return got
            got = wait_until(failed, timeout_s=30, pause_s=0.3)
        self.assertEqual((got["query"]["error"], got["query"]["status"]), ("refused", 400))
        self.assertIn("parse error", got["query"]["words"])
        self.assertEqual(got["targets"]["active"], [])

    def test_an_agent(self) -> None:
        # Its own storage flag takes the place of the other one.
        agent = self.folder / "agent"
        program = found_tool("prometheus3")
        if program is None:
            self.skipTest("prometheus3 is not installed")
        script = self.folder / "agent-prometheus"
        script.write_text("#!/bin/sh\nfor each in \"$@\"; do shift\n"
                          "case $each in --storage.tsdb.path=*) ;; "
                          "*) set -- \"$@\" \"$each\";; esac\n"
                          f"done\nexec {program} --agent --storage.agent.path={agent} \"$@\"\n")
        script.chmod(0o755)
        with Prometheus(str(script), self.folder, []) as server:
            got = ask(f"http://{server.address}")
        self.assertIs(got["agent"], True)
        self.assertEqual(got["query"]["error"], "agent", got["query"])
        self.assertEqual(got["targets"]["active"], [])

    def test_with_tls_and_a_login(self) -> None:
        ours = failing.Authority(self.folder)
        context = ours.server("checked", "IP:127.0.0.1")
        login = "Basic " + base64.b64encode(b"me:secret").decode()

        def answer(connection: Any) -> None:
            head = failing.read_head(connection).decode()
            given = [line.partition(": ")[2] for line in head.split("\r\n")
                     if line.lower().startswith("authorization:")]
            reply = (text('{"status":"success","data":["x"]}', "application/json")
                     if given in ([login], ["Bearer token"])
                     else http("401 Unauthorized" if not given else "403 Forbidden"))
            pushed = Pushed(connection, head.encode())
            reply(pushed)
        address = Target(answer, context).address
        url = f"https://{address}"
        trusted = {"CURL_CA_BUNDLE": str(ours.file)}
        token = self.folder / "token"
        token.write_text("token\n")
        password = self.folder / "password"
        password.write_text("secret\n")
        self.assertEqual(ask(url, **trusted)["jobs"]["error"], "unauthorized")
        self.assertEqual(ask(url.replace("//", "//me:wrong@"), **trusted)["jobs"]["error"],
                         "forbidden")
        for name, got in {
                "url": ask(url.replace("//", "//me:secret@"), **trusted),
                "environment": ask(url, PROMETHEUS_USERNAME="me", PROMETHEUS_PASSWORD="secret",
                                   **trusted),
                "file": ask(url, PROMETHEUS_USERNAME="me", PROMETHEUS_PASSWORD_FILE=str(password),
                            **trusted),
                "bearer": ask(url, PROMETHEUS_TOKEN_FILE=str(token), **trusted),
                "insecure": ask(url.replace("//", "//me:secret@"), INSECURE="1")}.items():
            with self.subTest(name):
                self.assertEqual(got["jobs"], ["x"])
        got = ask(url, PROMETHEUS_TOKEN="token")["jobs"]
        self.assertEqual(got["error"], "unreachable")
        self.assertIn("not trusted", got["words"])
        got = ask(url.replace("127.0.0.1", "localhost"), **trusted)["jobs"]
        self.assertEqual(got["error"], "unreachable")
        self.assertIn("not trusted", got["words"])  # for another name
        got = ask(url, CURL_CA_BUNDLE=str(self.folder / "absent"))["jobs"]
        self.assertEqual(got["error"], "bad_configuration")

    def test_what_is_no_prometheus(self) -> None:
        cases = {
            "refused": (failing.closed_port(), "unreachable", "refused"),
            "silent": (Target(failing.silent).address, "timed_out", "no whole answer"),
            "closed": (Target(failing.read_head).address, "bad_answer", ""),
            "ssh": (Target(failing.raw(b"SSH-2.0-x\r\n")).address, "bad_answer", ""),
            "cut": (Target(failing.cut).address, "bad_answer", "partial"),
            "page": (Target(text("<html>", "text/html")).address, "bad_answer", "not JSON"),
            "other JSON": (Target(text('{"a":1}')).address, "bad_answer", "not Prometheus"),
            "login": (Target(http("302 Found", "Location: https://login.example/")).address,
                      "refused", "login.example"),
            "wrong prefix": (Target(http("404 Not Found")).address, "not_found", "prefix"),
            "proxy": (Target(http("502 Bad Gateway")).address, "server_error", "502"),
            "tls": (Target(text("x"), failing.Authority(self.folder).server("a", "DNS:a")).address,
                    "", ""),
        }
        for name, (address, kind, words) in cases.items():
            with self.subTest(name):
                got = ask(f"http://{address}")["rules"]
                self.assertIn("error", got)
                if kind:
                    self.assertEqual(got["error"], kind, got)
                self.assertIn(words, got["words"])
        got = ask("https://" + Target(failing.plain).address)["rules"]
        self.assertEqual(got["error"], "unreachable")
        self.assertIn("TLS", got["words"])
        self.assertEqual(ask("http://nowhere.invalid")["rules"]["error"] in
                         ("unreachable", "timed_out"), True)

    def test_an_endless_answer(self) -> None:
        def endless(connection: Any) -> None:
            failing.read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
            while True:
                connection.sendall(piece)
        got = ask(f"http://{Target(endless).address}")["rules"]
        self.assertIn(got["error"], ("too_large", "timed_out"), got)


class Pushed:
    """A connection from which a head was read already."""

    def __init__(self, connection: Any, head: bytes) -> None:
        self._connection = connection
        self._head = head

    def recv(self, size: int) -> bytes:
        head, self._head = self._head, b""
        return head or self._connection.recv(size)

    def sendall(self, data: bytes) -> None:
        self._connection.sendall(data)


if __name__ == "__main__":
    unittest.main()
