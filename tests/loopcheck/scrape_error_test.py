# SPDX-License-Identifier: Apache-2.0
"""Each way to fail a scrape, provoked at a real Prometheus 2 and 3, and its lastError read back."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from typing import Any

import failing_targets as failing
from failing_targets import Target, http, packed, raw, text
from programs import found_tool, tool, wait_until
from prometheus_server import Prometheus

PROBE = os.environ["SOURCES_PROBE"]
PROMETHEUS = tool("prometheus")
HTML = "<!DOCTYPE html>\n<html><body>Welcome</body></html>\n"


class Case:
    """`cause` at Prometheus 3, `older` at 2 where that differs; "" is no failure."""

    def __init__(self, name: str, targets: str | list[str], cause: str, older: str | None = None,
                 also: tuple[str, ...] = (), **job: Any) -> None:
        self.name = name
        self.targets = [targets] if isinstance(targets, str) else targets
        self.causes = {"3": {cause, *also}, "2": {cause if older is None else older, *also}}
        self.job = job

    def scrape_config(self) -> dict[str, Any]:
        return {"job_name": self.name, "static_configs": [{"targets": self.targets}], **self.job}


def of_network(folder: pathlib.Path) -> list[Case]:
    return [
        Case("refused", failing.closed_port(), "refused"),
        Case("silent", Target(failing.silent).address, "scrape_timeout"),
        Case("deaf", DEAF.address, "scrape_timeout", also=("connect_timeout",)),
        # What a resolver says of it depends on the machine.
        Case("name", "nowhere.invalid:80", "no_such_host",
             also=("name_server", "scrape_timeout")),
        Case("closed", Target(failing.read_head).address, "closed"),
        Case("reset", Target(failing.reset).address, "closed"),
        Case("cut", Target(failing.cut).address, "closed"),
        Case("ssh", Target(raw(b"SSH-2.0-OpenSSH_9.2\r\n")).address, "not_http"),
        Case("http2", Target(raw(bytes.fromhex("000006040000000000000500004000"))).address,
             "grpc_port"),
        Case("no-file", Target(text("a 1\n")).address, "credentials_missing",
             authorization={"credentials_file": str(folder / "absent")}),
        Case("no-token", Target(text("a 1\n")).address, "oauth2", also=("refused",),
             oauth2={"client_id": "me", "client_secret": "secret",
                     "token_url": f"http://{failing.closed_port()}/"}),
        Case("no-proxy", Target(text("a 1\n")).address, "proxy",
             proxy_url=f"http://{failing.closed_port()}"),
        Case("scheme", Target(text("a 1\n")).address, "bad_url",
             relabel_configs=[{"target_label": "__scheme__", "replacement": "gopher"}]),
    ]


def of_tls(folder: pathlib.Path) -> list[Case]:
    ours = failing.Authority(folder)
    trusting = {"scheme": "https", "tls_config": {"ca_file": str(ours.file)}}
    answer = text("a 1\n")
    good = ours.server("good", "IP:127.0.0.1")
    return [
        Case("trusted", Target(answer, good).address, "", **trusting),
        Case("stranger", Target(answer, good).address, "unknown_authority", scheme="https"),
        Case("expired", Target(answer, ours.server("late", "IP:127.0.0.1", expired=True)).address,
             "certificate_expired", **trusting),
        Case("other-name", Target(answer, ours.server("other", "DNS:other.example")).address,
             "certificate_name", **trusting),
        Case("other-server", Target(answer, good).address, "certificate_name", scheme="https",
             tls_config={"ca_file": str(ours.file), "server_name": "other.example"}),
        Case("demanding",
             Target(answer, ours.server("strict", "IP:127.0.0.1", demands_client=True)).address,
             "client_certificate", also=("tls_other", "closed"), **trusting),
        Case("tls-to-plain", Target(failing.plain).address, "tls_to_plain_http", scheme="https"),
        Case("plain-to-tls", Target(answer, good).address, "closed", also=("plain_http_to_tls",)),
        Case("plain-to-alert", Target(raw(bytes.fromhex("15030100020216"))).address,
             "plain_http_to_tls"),
        Case("plain-to-go", Target(raw(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        )).address, "plain_http_to_tls"),
    ]


def of_status() -> list[Case]:
    loop = Target(http("302 Found", "Location: /metrics")).address
    statuses = {"401 Unauthorized": "unauthorized", "403 Forbidden": "forbidden",
                "404 Not Found": "not_found", "406 Not Acceptable": "not_acceptable",
                "418 I'm a teapot": "other_status", "429 Too Many Requests": "too_many_requests",
                "500 Internal Server Error": "server_error",
                "502 Bad Gateway": "server_unavailable",
                "503 Service Unavailable": "server_unavailable",
                "504 Gateway Timeout": "server_unavailable", "204 No Content": "other_status"}
    return [
        *(Case(f"status-{status[:3]}", Target(http(status)).address, cause)
          for status, cause in statuses.items()),
        Case("loop", loop, "redirect_loop"),
        Case("redirect", loop, "redirect", follow_redirects=False),
    ]


def of_content() -> list[Case]:
    def bad(name: str, body: str | bytes, cause: str = "invalid_exposition", **job: Any) -> Case:
        return Case(name, Target(text(body)).address, cause, **job)
    openmetrics = "application/openmetrics-text; version=1.0.0"
    return [
        # Prometheus 2 takes whatever it does not know for text.
        Case("no-type", Target(http("200 OK", body=b"a 1\n")).address, "content_type_missing", ""),
        Case("bad-type", Target(text("a 1\n", "text/")).address, "content_type", ""),
        Case("json-type", Target(text("a 1\n", "application/json")).address, "content_type", ""),
        Case("page", Target(text(HTML, "text/html")).address, "content_type",
             "invalid_exposition"),
        Case("page-as-text", Target(text(HTML)).address, "html_page", "invalid_exposition"),
        Case("no-end", Target(text("a 1\n", openmetrics)).address, "open_metrics_end"),
        Case("after-end", Target(text("a 1\n# EOF\na 2\n", openmetrics)).address,
             "invalid_exposition", also=("open_metrics_end",)),
        Case("unit", Target(text("# UNIT a_b seconds\n# EOF\n", openmetrics)).address,
             "invalid_exposition"),
        bad("open-label", 'a{b="c" 1\n'), bad("no-value", "a\n"), bad("bad-value", "a 1x\n"),
        bad("no-name", "1a 2\n"), bad("bad-type-line", "# TYPE a nonsense\na 1\n"),
        bad("bad-timestamp", "a 1 x\n"), bad("open-quote", 'a{b="c\n'),
        bad("quoted-words", 'a{b="connection refused EOF" x\n'),
        bad("not-utf8", b'a{b="\xff"} 1\n', "invalid_label"),
        bad("twice", 'a{b="1",b="2"} 1\n', "duplicate_label"),
        Case("not-packed", Target(packed(b"a_metric 1\n")).address, "content_encoding"),
        Case("packed", Target(failing.packed_in_secret()).address, "invalid_exposition"),
    ]


def of_limits() -> list[Case]:
    series = 'wide{one="1",two="2",three="a value that is long enough"} 1\nb 2\nc 3\n'
    target = Target(text(series)).address
    return [
        Case("body", target, "body_size_limit", body_size_limit="20B"),
        Case("samples", target, "sample_limit", sample_limit=2),
        Case("labels", target, "label_limit", label_limit=5),
        Case("names", target, "label_name_length_limit", label_name_length_limit=7),
        Case("values", target, "label_value_length_limit", label_value_length_limit=20),
        Case("targets", [target, target.replace("127.0.0.1", "127.0.0.2")], "target_limit",
             target_limit=1),
    ]


DEAF = failing.Deaf()


def read_back(failures: list[tuple[str, str]]) -> list[dict[str, Any]]:
    lines = "".join(json.dumps({"error": error, "url": url}) + "\n" for error, url in failures)
    done = subprocess.run([PROBE, "scrape-errors"], input=lines, capture_output=True, text=True,
                          check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


class ScrapeErrors(unittest.TestCase):
    def check(self, program: str, major: str) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            cases = [*of_network(folder), *of_tls(folder), *of_status(), *of_content(),
                     *of_limits()]
            with Prometheus(program, folder, [each.scrape_config() for each in cases]) as server:
                targets = {each["scrapePool" if "scrapePool" in each else "job"]: each
                           for each in wait_until(lambda: self.all_scraped(server, cases),
                                                  timeout_s=60, pause_s=0.2)}
            errors = [(targets[each.name]["lastError"], targets[each.name]["scrapeUrl"])
                      for each in cases]
        read = dict(zip((each.name for each in cases), read_back(errors)))
        for case, (error, _) in zip(cases, errors):
            with self.subTest(case=case.name, prometheus=major, error=error):
                cause = read[case.name]["cause"]
                self.assertIn("" if cause == "none" else cause, case.causes[major])
        self.check_details(read)

    @staticmethod
    def all_scraped(server: Prometheus, cases: list[Case]) -> list[dict[str, Any]]:
        targets = server.targets()
        waiting = [each["scrapePool"] for each in targets if each["health"] == "unknown"]
        assert not waiting and len(targets) >= len(cases), waiting
        return targets

    def check_details(self, read: dict[str, dict[str, Any]]) -> None:
        self.assertEqual((read["labels"]["count"], read["labels"]["limit"]), (6, 5))
        self.assertEqual(read["labels"]["metric"], "wide")
        self.assertEqual((read["names"]["count"], read["names"]["limit"]), (8, 7))
        self.assertEqual(read["values"]["limit"], 20)
        self.assertEqual((read["targets"]["count"], read["targets"]["limit"]), (2, 1))
        self.assertTrue(read["targets"]["whole_pool"])
        self.assertEqual(read["status-503"]["status"], 503)
        self.assertIn("503 Service Unavailable", read["status-503"]["words"])
        self.assertTrue(read["plain-to-go"]["likely"])
        self.assertTrue(read["closed"]["likely"])
        self.assertFalse(read["refused"]["likely"])

    def test_prometheus_2(self) -> None:
        self.check(PROMETHEUS, "2")

    def test_prometheus_3(self) -> None:
        program = found_tool("prometheus3")
        if program is None:
            self.skipTest("prometheus3 is not installed")
        self.check(program, "3")


if __name__ == "__main__":
    unittest.main()
