# SPDX-License-Identifier: Apache-2.0
"""What demo-cpp promises: every endpoint, and every name, label, help, type and bucket."""
import json
import re
import subprocess
import time
import unittest

import contract
import scrape
import wire
from contract import JSON, OCTETS, TEXT
from service import DEMO_CPP, Service

GET_ONLY = "GET, HEAD, OPTIONS"
POST_ONLY = "POST, OPTIONS"

ANSWERS = [  # method, target, body sent, status, content type, body
    ("GET", "/hello", None, 200, TEXT, b"hello\n"),
    ("GET", "/hello?name=x", None, 200, TEXT, b"hello\n"),
    ("POST", "/echo", b"\x00\xff\r\n\r\n" * 99, 200, OCTETS, b"\x00\xff\r\n\r\n" * 99),
    ("POST", "/echo", b"", 200, None, b""),
    ("GET", "/status/200", None, 200, TEXT, b"200 OK\n"),
    ("GET", "/status/204", None, 204, None, b""),
    ("GET", "/status/205", None, 205, None, b""),
    ("GET", "/status/304", None, 304, None, b""),
    ("GET", "/status/418", None, 418, TEXT, None),
    ("GET", "/status/503", None, 503, TEXT, b"503 Service Unavailable\n"),
    ("GET", "/status/599", None, 599, TEXT, None),
    ("GET", "/status/199", None, 400, TEXT, b"bad status; allowed is 200 to 599 but 499\n"),
    ("GET", "/status/600", None, 400, TEXT, b"bad status; allowed is 200 to 599 but 499\n"),
    ("GET", "/status/499", None, 400, TEXT, b"bad status; allowed is 200 to 599 but 499\n"),
    ("GET", "/status/+200", None, 400, TEXT, b"bad status; allowed is 200 to 599 but 499\n"),
    ("GET", "/status/20x", None, 400, TEXT, b"bad status; allowed is 200 to 599 but 499\n"),
    ("GET", "/delay/0", None, 200, TEXT, b"done\n"),
    ("GET", "/delay/60001", None, 400, TEXT,
     b"bad delay; allowed is 0 to 60000 milliseconds\n"),
    ("GET", "/delay/-1", None, 400, TEXT, b"bad delay; allowed is 0 to 60000 milliseconds\n"),
    ("GET", "/bytes/0", None, 200, None, b""),
    ("GET", "/bytes/1", None, 200, OCTETS, b"x"),
    ("GET", "/bytes/1048576", None, 200, OCTETS, b"x" * 1048576),
    ("GET", "/bytes/1048577", None, 400, TEXT, b"bad size; allowed is 0 to 1048576 bytes\n"),
    ("GET", "/bytes/99999999999999999999", None, 400, TEXT,
     b"bad size; allowed is 0 to 1048576 bytes\n"),
    ("GET", "/livez", None, 200, TEXT, b"ok\n"),
    ("GET", "/readyz", None, 200, TEXT, b"ok\n"),
    ("GET", "/readyz?verbose", None, 200, JSON, b'{"ready":true,"phase":"ready"}\n'),
    ("GET", "/healthz", None, 200, TEXT, b"ok\n"),
    ("GET", "/nothing", None, 404, TEXT, b"404 Not Found\n"),
    ("GET", "/hello/", None, 404, TEXT, b"404 Not Found\n"),
    ("GET", "/Hello", None, 404, TEXT, b"404 Not Found\n"),
    ("GET", "/status/", None, 404, TEXT, b"404 Not Found\n"),
    ("GET", "/status/200/x", None, 404, TEXT, b"404 Not Found\n"),
]
REFUSALS = [  # method, target, status, Allow, kept open
    ("POST", "/hello", 405, GET_ONLY, True),
    ("DELETE", "/", 405, GET_ONLY, True),
    ("PUT", "/metrics", 405, GET_ONLY, True),
    ("PATCH", "/livez", 405, GET_ONLY, True),
    ("GET", "/echo", 405, POST_ONLY, True),
    ("HEAD", "/echo", 405, POST_ONLY, True),
    ("DELETE", "/nothing", 404, None, True),
    ("BREW", "/hello", 501, None, False),
    ("get", "/hello", 501, None, False),
    ("GET", "/bad%zz", 400, None, False),
    ("GET", "hello", 400, None, False),
]
GETS = ["/", "/bytes/20000", "/delay/1", "/hello", "/status/200", "/status/404", "/status/204",
        "/version", "/livez", "/readyz", "/healthz", "/nothing"]


def version_words() -> dict[str, str]:
    """What --version says of the program."""
    text = subprocess.run([DEMO_CPP, "--version"], capture_output=True, text=True, timeout=20,
                          check=True).stdout
    found = re.match(r"demo-cpp, version (\S+) \(branch: (.+), revision: (\S+)\)\n"
                     r"  build:    (.+), C\+\+20, Boost \d+_\d+\n"
                     r"  platform: linux/(\w+)\n$", text)
    assert found, text
    return dict(zip(("version", "branch", "revision", "compiler", "arch"), found.groups()))


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.service = cls.enterClassContext(Service()).ready()
        cls.client = cls.enterClassContext(wire.Client(cls.service.address))

    def check_common(self, answer: wire.Answer) -> None:
        self.assertRegex(answer.field("Date") or "", wire.IMF_FIXDATE)
        seconds = abs(time.mktime(time.strptime(answer.field("Date"), "%a, %d %b %Y %H:%M:%S GMT"))
                      - time.mktime(time.gmtime()))
        self.assertLessEqual(seconds, 2)

    def test_answers(self) -> None:
        for method, target, sent, status, content_type, body in ANSWERS:
            with self.subTest(method=method, target=target):
                answer = self.client.request(method, target, sent)
                self.check_common(answer)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.field("Content-Type"), content_type)
                self.assertFalse(answer.closes)
                if body is not None:
                    self.assertEqual(answer.body, body)

    def test_refusals(self) -> None:
        for method, target, status, allow, kept_open in REFUSALS:
            with self.subTest(method=method, target=target), \
                    wire.Client(self.service.address) as client:
                answer = client.request(method, target)
                self.check_common(answer)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.field("Allow"), allow)
                self.assertEqual(answer.field("Content-Type"), TEXT)
                if method != "HEAD":
                    self.assertEqual(answer.body, f"{status} {answer.reason}\n".encode())
                self.assertEqual(answer.closes, not kept_open)
                if kept_open:
                    self.assertEqual(client.get("/livez").status, 200)
                else:
                    client.expect_end()

    def test_head_is_get_without_content(self) -> None:
        for target in GETS:
            with self.subTest(target=target):
                get = self.client.get(target)
                head = self.client.request("HEAD", target)
                # Had content followed, this answer could not be read.
                self.assertEqual(self.client.get("/livez").body, b"ok\n")
                self.assertEqual((head.status, head.reason), (get.status, get.reason))
                undated = [[each for each in answer.fields if each[0] != "Date"]
                           for answer in (get, head)]
                self.assertEqual(*undated)
                self.assertEqual(head.body, b"")

    def test_head_of_metrics(self) -> None:
        head = self.client.request("HEAD", "/metrics")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.field("Content-Type"), scrape.CONTENT_TYPE)
        self.assertGreater(int(head.field("Content-Length")), 5000)
        self.assertEqual(self.client.get("/livez").body, b"ok\n")

    def test_options(self) -> None:
        for target, allow in [("/hello", GET_ONLY), ("/echo", POST_ONLY),
                              ("*", "GET, HEAD, POST, OPTIONS")]:
            with self.subTest(target=target):
                answer = self.client.request("OPTIONS", target)
                self.assertEqual((answer.status, answer.body), (204, b""))
                self.assertEqual(answer.field("Allow"), allow)

    def test_delay_lasts_as_long_as_it_says(self) -> None:
        for delay_ms in (1, 20, 150):
            passed_ms = []
            for _ in range(3):  # the best of them tells of the service, the others of the machine
                begin = time.monotonic()
                self.assertEqual(self.client.get(f"/delay/{delay_ms}").status, 200)
                passed_ms.append((time.monotonic() - begin) * 1000)
            self.assertGreaterEqual(min(passed_ms), delay_ms)
            self.assertLess(min(passed_ms), delay_ms + 20)

    def test_version_is_one_everywhere(self) -> None:
        words = version_words()
        answer = self.client.get("/version")
        self.assertEqual(answer.field("Content-Type"), JSON)
        said = json.loads(answer.body)
        arch = words.pop("arch")
        self.assertEqual(said, {"name": "demo-cpp", **words})
        (labels, value), = scrape.fetch(self.service.address).series(contract.BUILD_INFO).items()
        self.assertEqual(value, 1)
        build = dict(labels)
        self.assertEqual(build.keys(), contract.BUILD_LABELS)
        self.assertEqual({key: build[key] for key in words}, words)
        self.assertEqual((build["arch"], build["cxx_standard"]), (arch, "202002"))
        self.assertRegex(build["boost"], r"^1\.\d+\.\d+$")

    def test_index_lists_every_route(self) -> None:
        answer = self.client.get("/")
        self.assertEqual(answer.field("Content-Type"), TEXT)
        index = answer.body.decode()
        for path in [*contract.ROUTES, *contract.INTERNAL]:
            if path != "/":
                self.assertRegex(index, rf"[ ]{re.escape(path)}\s")

    def test_telemetry_path(self) -> None:
        with Service("--web.telemetry-path=/internal/metrics") as service:
            self.assertEqual(wire.get(service.address, "/metrics").status, 404)
            answer = wire.get(service.address, "/internal/metrics")
            self.assertEqual(answer.field("Content-Type"), scrape.CONTENT_TYPE)
            self.assertIn(contract.REQUESTS, scrape.parse(answer.body.decode()).types)


class Families(unittest.TestCase):
    """The first scrape of a fresh process."""

    @classmethod
    def setUpClass(cls) -> None:
        service = cls.enterClassContext(Service())
        cls.first = scrape.fetch(service.address)

    def test_types_and_helps(self) -> None:
        demo = {name for name in self.first.types if name.startswith("demo_")}
        self.assertEqual(demo, set(contract.FAMILIES))
        for name, (kind, text) in contract.FAMILIES.items():
            self.assertEqual((self.first.types[name], self.first.helps[name]), (kind, text))
        self.assertEqual(self.first.types.keys(), self.first.helps.keys())
        rest = self.first.types.keys() - demo
        own = ("loopmeter_", "process_", "cgroup_", "jemalloc_")
        self.assertEqual([name for name in rest if not name.startswith(own)], [])

    def test_label_names_and_their_order(self) -> None:
        for name, order in [(contract.REQUESTS, ["path", "method", "code"]),
                            (contract.DURATIONS + "_bucket", ["path", "method", "le"]),
                            (contract.DURATIONS + "_sum", ["path", "method"]),
                            (contract.DURATIONS + "_count", ["path", "method"])]:
            lines = [line for line in self.first.text.splitlines() if line.startswith(name + "{")]
            self.assertGreaterEqual(len(lines), len(contract.ROUTES))
            for line in lines:
                self.assertEqual(re.findall(r'[{,](\w+)="', line), order, line)

    def test_counters_expected_are_there_at_zero(self) -> None:
        expected = {scrape.labels_of(path=path, method=method, code="200"): 0
                    for path, method in contract.ROUTES.items()}
        self.assertEqual(self.first.series(contract.REQUESTS), expected)

    def test_histograms_expected_are_there_at_zero(self) -> None:
        of = [{"path": path, "method": method} for path, method in contract.ROUTES.items()]
        for suffix in ("_sum", "_count"):
            self.assertEqual(self.first.series(contract.DURATIONS + suffix),
                             {scrape.labels_of(**labels): 0 for labels in of})
        self.assertEqual(self.first.series(contract.DURATIONS + "_bucket"),
                         {scrape.labels_of(**labels, le=le): 0
                          for labels in of for le in contract.BUCKETS})

    def test_buckets_stand_in_order(self) -> None:
        for path in contract.ROUTES:
            prefix = f'{contract.DURATIONS}_bucket{{path="{path}",'
            lines = [line for line in self.first.text.splitlines() if line.startswith(prefix)]
            self.assertEqual([re.search(r'le="(.+)"', line)[1] for line in lines],
                             contract.BUCKETS)

    def test_internal_counters_are_there_at_zero(self) -> None:
        series = self.first.series("loopmeter_http_requests_total")
        self.assertEqual(series, {scrape.labels_of(path=path, method="GET", code="200"): 0
                                  for path in contract.INTERNAL})
        errors = self.first.series("loopmeter_http_accept_errors_total")
        self.assertEqual(errors, {scrape.labels_of(reason=reason): 0 for reason in
                                  ("descriptors", "memory", "aborted", "other")})


class HelloPause(unittest.TestCase):
    ROUNDS = 2
    AT_ONCE = 200

    def test_pause_is_uniform_from_0_to_99_ms(self) -> None:
        with Service() as service:
            before = scrape.fetch(service.address)
            for _ in range(self.ROUNDS):
                clients = [wire.Client(service.address) for _ in range(self.AT_ONCE)]
                for client in clients:
                    client.send(wire.message("GET", "/hello"))
                for client in clients:
                    answer = client.answer()
                    self.assertEqual((answer.status, answer.body), (200, b"hello\n"))
                    client.close()
            after = scrape.fetch(service.address)

        of = {"path": "/hello", "method": "GET"}

        def rise(suffix: str, **labels: str) -> float:
            name = contract.DURATIONS + suffix
            return after.value(name, **of, **labels) - before.value(name, **of, **labels)

        count = rise("_count")
        self.assertEqual(count, self.ROUNDS * self.AT_ONCE)
        self.assertEqual(rise("_bucket", le="+Inf"), count)
        # The mean of 0…99 is 49.5 ms, of 400 draws ± 1.44; five of those, and a slow machine.
        mean_s = rise("_sum") / count
        self.assertGreater(mean_s, 0.042)
        self.assertLess(mean_s, 0.065)
        self.assertEqual(rise("_bucket", le="0.25"), count, "longer than 99 ms and some slack")
        self.assertGreater(rise("_bucket", le="0.1"), 0.8 * count)
        self.assertLess(rise("_bucket", le="0.1") - rise("_bucket", le="0.05"), 0.65 * count)
        self.assertLess(rise("_bucket", le="0.05"), 0.65 * count)
        self.assertGreater(rise("_bucket", le="0.025"), 0.1 * count)


if __name__ == "__main__":
    unittest.main()
