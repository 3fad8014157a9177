# SPDX-License-Identifier: Apache-2.0
"""How /metrics is asked for: by protocol, compressed, in part; and what /-/scrapes says of it."""
import gzip
import json
import pathlib
import socket
import unittest

import contract
import scrape
import wire
from programs import wait_until
from service import Service

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="
PROTOBUF = ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited")
PROMETHEUS_3 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
PROMETHEUS_3_NATIVE = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                       "encoding=delimited;q=0.6," + PROMETHEUS_3)
PROMETHEUS_2 = ("application/openmetrics-text;version=1.0.0,"
                "application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROTOCOLS = [  # Accept, how the Content-Type begins, name in the metrics
    (None, scrape.CONTENT_TYPE, "text_0.0.4"),
    ("*/*", scrape.CONTENT_TYPE, "text_0.0.4"),
    ("image/png", scrape.CONTENT_TYPE, "text_0.0.4"),
    ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8", "text_1.0.0"),
    (PROMETHEUS_3, OPENMETRICS + "allow-utf-8", "openmetrics_1.0.0"),
    (PROMETHEUS_2, "application/openmetrics-text; version=1.0.0; charset=utf-8",
     "openmetrics_1.0.0"),
    (PROMETHEUS_3_NATIVE, PROTOBUF, "protobuf"),
]
SCHEDSTAT = pathlib.Path("/proc/self/schedstat")  # not in every kernel
STEADY = "/metrics?name[]=" + contract.DURATIONS  # what a scrape itself does not change


def fields(**values: str) -> str:
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in values.items())


class Scrapes(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service()).ready()

    def ask(self, target: str = "/metrics", method: str = "GET", **values: str) -> wire.Answer:
        return wire.ask(self.service.address, method, target, fields=fields(**values))

    def log(self) -> list[dict]:
        answer = self.ask("/-/scrapes")
        self.assertEqual((answer.status, answer.field("Content-Type")), (200, contract.JSON))
        return json.loads(answer.body)["scrapes"]

    def make_many_series(self) -> None:
        with wire.Client(self.service.address) as client:
            for method in ("GET", "HEAD"):
                for code in range(200, 600):
                    client.request(method, f"/status/{code}")

    def test_protocols(self) -> None:
        for accept, content_type, name in PROTOCOLS:
            with self.subTest(accept=accept):
                answer = self.ask(**({"Accept": accept} if accept else {}))
                self.assertEqual(answer.status, 200)
                self.assertTrue((answer.field("Content-Type") or "").startswith(content_type),
                                answer.fields)
                if "openmetrics" in name:
                    self.assertTrue(answer.body.endswith(b"\n# EOF\n"))
                self.assertEqual(self.log()[0]["protocol"], name)
        counted = scrape.fetch(self.service.address)
        self.assertEqual(counted.value("loopmeter_scrapes_total", protocol="protobuf",
                                       encoding="identity"), 1)
        self.assertEqual(counted.total("loopmeter_scrapes_total"), len(PROTOCOLS))

    def test_compressed_is_the_same(self) -> None:
        plain = self.ask(STEADY)
        packed = self.ask(STEADY, Accept_Encoding="gzip")
        self.assertIsNone(plain.field("Content-Encoding"))
        self.assertEqual(packed.field("Content-Encoding"), "gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertLess(len(packed.body), len(plain.body) // 3)
        self.assertEqual(self.log()[0]["bytes"], len(packed.body))
        for refused in ("identity", "gzip;q=0", "zstd"):
            self.assertIsNone(self.ask(STEADY, Accept_Encoding=refused).field("Content-Encoding"))

    def test_large_expositions_are_streamed(self) -> None:
        self.make_many_series()
        target = "/metrics"
        with wire.Client(self.service.address) as client:
            head = client.request("HEAD", target)
            chunked = client.get(target)
            for answer in (head, chunked):
                self.assertEqual(answer.field("Transfer-Encoding"), "chunked")
            self.assertEqual(client.get("/hello").body, b"hello\n")
        packed = self.ask(target, Accept_Encoding="gzip")
        with socket.create_connection(wire.endpoint(self.service.address), 10) as old:
            old.sendall(f"GET {target} HTTP/1.0\r\n\r\n".encode())
            until_close = b""
            while data := old.recv(65536):
                until_close += data
        wanted = {line for line in chunked.body.splitlines()
                  if line.startswith(contract.REQUESTS.encode()) and b"/status/" in line}
        self.assertEqual(len(wanted), 2 * 399)  # 499 is never sent, but 400 instead
        for other in (gzip.decompress(packed.body), until_close.split(b"\r\n\r\n", 1)[1]):
            self.assertLessEqual(wanted, set(other.splitlines()))

    def test_only_the_families_asked_for(self) -> None:
        read = scrape.parse(self.ask(f"/metrics?name[]={contract.BUILD_INFO}&name%5B%5D="
                                     "loopmeter_http_open_connections").body.decode())
        self.assertEqual(set(read.types), {contract.BUILD_INFO, "loopmeter_http_open_connections"})
        self.assertEqual(self.ask("/metrics?name[]=nothing").body, b"")

    def test_head_is_no_scrape(self) -> None:
        answer = self.ask(method="HEAD")
        self.assertEqual((answer.status, answer.field("Content-Type")), (200, scrape.CONTENT_TYPE))
        self.assertEqual(self.log(), [])

    def test_nobody_yet(self) -> None:
        self.assertEqual(self.log(), [])
        text = self.ask("/-/scrapes?format=text").body
        self.assertIn(b"Nobody has scraped /metrics since 20", text)

    def test_what_is_known_of_a_scrape(self) -> None:
        for _ in range(2):
            body = self.ask(User_Agent="Prometheus/3.1.0", Accept=PROMETHEUS_3,
                            X_Prometheus_Scrape_Timeout_Seconds="7.5").body
        one, = self.log()
        self.assertEqual(
            {name: one[name] for name in ("address", "user_agent", "result", "status", "protocol",
                                          "encoding", "bytes", "timeout_seconds")},
            {"address": "127.0.0.1", "user_agent": "Prometheus/3.1.0", "result": "ok",
             "status": 200, "protocol": "openmetrics_1.0.0", "encoding": "identity",
             "bytes": len(body), "timeout_seconds": 7.5})
        self.assertGreater(one["samples"], 100)
        self.assertGreater(one["duration_seconds"], 0)
        self.assertGreaterEqual(one["interval_seconds"], 0)
        last = scrape.fetch(self.service.address)
        self.assertEqual(last.value("loopmeter_scrape_samples"), one["samples"])
        self.assertEqual(last.value("loopmeter_scrape_bytes"), one["bytes"])
        self.assertEqual(last.value("loopmeter_scrapes_in_flight"), 1)

    def test_agents_cannot_write_into_the_page(self) -> None:
        hostile = "<script>alert('\"&\\')</script>" + "x" * 500
        self.ask(User_Agent=hostile)
        self.assertEqual(self.log()[0]["user_agent"], hostile[:100])
        for page in (self.ask("/-/scrapes?format=html"),
                     self.ask("/-/scrapes", Accept="text/html")):
            self.assertEqual(page.field("Content-Type"), "text/html; charset=utf-8")
            self.assertNotIn(b"<script", page.body)
            self.assertIn(b"&lt;script&gt;alert(&#39;&quot;&amp;", page.body)
            self.assertIn("default-src 'none'", page.field("Content-Security-Policy") or "")
        self.assertEqual(self.ask("/-/scrapes?format=xml").status, 400)

    def test_sampled_requests_leave_their_trace(self) -> None:
        trace = "0af7651916cd43dd8448eb211c80319{}-b7ad6b7169203331-0{}"
        for digit, flags in (("a", 1), ("b", 0)):  # the second is not sampled
            self.ask("/hello", Traceparent="00-" + trace.format(digit, flags))
        text = self.ask(Accept=PROMETHEUS_2).body.decode()
        marked = [line for line in text.splitlines() if "trace_id" in line]
        for line in marked:
            self.assertIn(' # {trace_id="0af7651916cd43dd8448eb211c80319a",'
                          'span_id="b7ad6b7169203331"} ', line)
        self.assertEqual([line.partition("{")[0] for line in marked],
                         [contract.DURATIONS + "_bucket", contract.REQUESTS])
        self.assertIn(contract.REQUESTS + '{path="/hello",method="GET",code="200"} 2 # {', text)

    def test_workers_are_measured(self) -> None:
        def probe() -> None:
            read = scrape.fetch(self.service.address)
            for worker in ("0", "1"):
                cpu = read.value("loopmeter_loop_cpu_seconds_total", worker=worker)
                lags = read.value("loopmeter_loop_lag_seconds_count", worker=worker)
                assert cpu > 0 and lags > 0, (worker, cpu, lags)
                if SCHEDSTAT.exists():
                    waits = read.total("loopmeter_loop_cpu_wait_seconds_total", worker=worker)
                    assert waits > 0, (worker, waits)
            states = read.total("loopmeter_connections")
            assert states == read.value("loopmeter_http_open_connections"), states
        wait_until(probe, timeout_s=10)


if __name__ == "__main__":
    unittest.main()
