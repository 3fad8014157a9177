# SPDX-License-Identifier: Apache-2.0
"""Hostile and unlucky clients: the service goes on, and gets back what they took."""
import concurrent.futures
import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

import contract
import scrape
import wire
from programs import wait_until
from service import Service

SEED = 20231117
LONG = os.environ.get("LOOPMETER_LONG") == "1"
SANITIZED = "LOOPMETER_SANITIZED" in os.environ
HEAD_TIMEOUT_S = 10.0
ACCEPT_ERRORS = "loopmeter_http_accept_errors_total"

background = concurrent.futures.ThreadPoolExecutor()


def drip_head() -> tuple[wire.Answer | None, float]:
    """Sends a head an octet every half second: the answer, and after how long it came."""
    with Service() as service, wire.Client(service.address) as client:
        begin = time.monotonic()
        for octet in wire.message("GET", "/version", fields="X-Slow: " + "x" * 100 + "\r\n"):
            client.send(bytes([octet]))
            if client.comes(within_s=0.5):
                came_after_s = time.monotonic() - begin
                answer = client.answer()
                client.expect_end()
                return answer, came_after_s
    return None, time.monotonic() - begin


def setUpModule() -> None:
    SlowHead.running = background.submit(drip_head)  # takes long and no processor time


class SlowHead(unittest.TestCase):
    running: concurrent.futures.Future

    def test_head_must_be_there_in_10_s(self) -> None:
        answer, came_after_s = self.running.result(timeout=60)
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual((answer.status, answer.closes), (408, True))
        self.assertGreaterEqual(came_after_s, HEAD_TIMEOUT_S)
        self.assertLess(came_after_s, HEAD_TIMEOUT_S + 1)


class Base(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service())
        self.watcher = self.enterContext(wire.Client(self.service.address))
        self.before = self.exposition()
        self.descriptors = self.service.descriptors()

    def exposition(self) -> scrape.Exposition:
        """Scraped over one connection that stays."""
        return scrape.fetch(self.service.address, self.watcher)

    def check_all_is_given_back(self) -> None:
        def only_the_watcher_is_left() -> None:
            self.assertEqual(self.exposition().value("loopmeter_http_open_connections"), 1)
            self.assertEqual(self.service.descriptors(), self.descriptors)
        wait_until(only_the_watcher_is_left, pause_s=0.05)

    def check_alive(self) -> None:
        self.assertIsNone(self.service.process.poll(), self.service.log())
        self.assertEqual(wire.get(self.service.address, "/livez").body, b"ok\n")


class Descriptors(Base):
    LIMIT = 64
    CROWD = 200
    WATCH_S = 3.0

    def errors(self) -> float:
        return self.exposition().value(ACCEPT_ERRORS, reason="descriptors")

    def check_told(self) -> None:
        """Who says nothing learns that it is not served."""
        with wire.Client(self.service.address) as late:
            refused = late.answer()
            self.assertEqual((refused.status, refused.field("Retry-After"), refused.closes),
                             (503, "1", True))

    def test_service_without_descriptors_waits_and_recovers(self) -> None:
        resource.prlimit(self.service.pid, resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT))
        self.assertEqual(self.errors(), 0)
        crowd = [wire.Client(self.service.address) for _ in range(self.CROWD)]
        wait_until(lambda: self.assertGreater(self.errors(), 0))

        begin, cpu_s = time.monotonic(), self.service.cpu_s()
        log_lines, errors = self.service.log().count("\n"), self.errors()
        probes = 0
        while (passed_s := time.monotonic() - begin) < self.WATCH_S:
            self.assertEqual(self.watcher.get("/delay/100").status, 200)
            self.check_told()
            asked = time.monotonic()
            probes += wire.get(self.service.address, "/livez").status == 200
            self.assertLess(time.monotonic() - asked, 1)
        self.assertGreater(probes, 0)
        share = (self.service.cpu_s() - cpu_s) / passed_s
        print(f"  without descriptors: {100 * share:.1f} % CPU, {probes} probes", flush=True)
        self.assertLess(share, 0.2 if SANITIZED else 0.05, "it spins")
        self.assertLessEqual(self.service.log().count("\n") - log_lines, passed_s + 1)
        self.assertGreater(self.errors(), errors, "not exhausted any more")
        # Two workers that look ten times a second.
        self.assertLess(self.errors() - errors, 2 * 10 * 1.2 * passed_s)
        self.assertIn("level=warn", self.service.logged('msg="cannot accept"'))
        told = sum(client.comes(within_s=0) for client in crowd)
        self.assertGreater(told, self.CROWD - self.LIMIT, "who cannot be served must learn it")

        for client in crowd:
            client.close()
        begin = time.monotonic()
        wait_until(lambda: self.assertEqual(wire.get(self.service.address, "/version").status, 200))
        self.assertLess(time.monotonic() - begin, 1)

        def no_more_errors() -> None:  # what the crowd left in the queue is gone
            errors = self.errors()
            self.assertEqual(self.watcher.get("/delay/300").status, 200)
            self.assertEqual(self.errors(), errors)
        wait_until(no_more_errors)
        now = self.exposition()
        for reason in ("memory", "aborted", "other"):
            self.assertEqual(now.value(ACCEPT_ERRORS, reason=reason), 0)
        self.check_all_is_given_back()


class FewDescriptors(unittest.TestCase):
    """As it is started with them: there it never comes to that, the maximum comes first."""
    LIMIT = 256

    def test_maximum_comes_before_the_end_of_descriptors(self) -> None:
        def few() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.LIMIT, self.LIMIT))
        service = self.enterContext(Service(preexec_fn=few))
        with wire.Client(service.address) as watcher:
            most = int(scrape.fetch(service.address, watcher).value(
                "loopmeter_http_connections_max"))
            self.assertGreater(most, self.LIMIT // 4)
            crowd = [wire.Client(service.address) for _ in range(2 * self.LIMIT)]
            for target in ("/livez", "/readyz", "/metrics"):
                begin = time.monotonic()
                self.assertEqual(wire.get(service.address, target).status, 200)
                self.assertLess(time.monotonic() - begin, 1)
            self.assertEqual(wire.get(service.address, "/hello").status, 503)
            now = scrape.fetch(service.address, watcher)
            self.assertEqual(now.value(ACCEPT_ERRORS, reason="descriptors"), 0)
            self.assertLess(service.descriptors(), self.LIMIT)
            for client in crowd:
                client.close()
            begin = time.monotonic()
            wait_until(lambda: self.assertEqual(wire.get(service.address, "/hello").status, 200))
            self.assertLess(time.monotonic() - begin, 1)


class Resets(Base):
    CONNECTIONS = 50_000 if LONG else 5000
    SENT = [b"", b"GET /version HT", wire.message("GET", "/version"),
            wire.message("GET", "/delay/60000"), wire.message("GET", "/bytes/1048576"),
            wire.message("POST", "/echo", fields="Content-Length: 9\r\n") + b"1234"]

    def test_connections_that_are_reset_leave_nothing_behind(self) -> None:
        for number in range(self.CONNECTIONS):
            client = wire.Client(self.service.address)
            client.send(self.SENT[number % len(self.SENT)])
            client.reset()

        def all_accepted() -> None:
            seen = scrape.increases(self.before, self.exposition(),
                                    "loopmeter_http_connections_total")
            self.assertEqual(seen[()], self.CONNECTIONS)
        wait_until(all_accepted)
        self.check_alive()
        self.check_all_is_given_back()


class Garbage(Base):
    BATCHES = 20
    PER_BATCH = 100
    SEEDS = [
        wire.message("GET", "/hello"),
        wire.message("GET", "http://user@test:80/version?a=b#c"),
        wire.message("POST", "/echo", b"0123456789" * 20),
        wire.message("POST", "/echo", fields="Transfer-Encoding: chunked\r\n")
        + b"5;a=\"b\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
        wire.message("OPTIONS", "*", fields="Connection: close, upgrade\r\nExpect: x\r\n"),
        wire.message("GET", "/metrics", fields="Accept: text/plain;q=0.5, */*\r\n") * 3,
    ]
    TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"%", b"\xff", b"A" * 9000, b"0" * 70,
              b"Host: a\r\n", b"Content-Length: 18446744073709551616\r\n", b"-1",
              b"Transfer-Encoding: gzip\r\n", b"HTTP/1.1", b"ffffffffffffffff\r\n"]

    def garbage(self, source: random.Random) -> bytes:
        if source.random() < 0.2:
            return source.randbytes(source.randint(1, 3000))
        data = bytearray(source.choice(self.SEEDS))
        for _ in range(source.randint(1, 6)):
            at = source.randrange(len(data) + 1)
            to = min(len(data), at + source.randint(1, 20))
            data[at:to] = source.choice([b"", source.randbytes(1), source.choice(self.TOKENS),
                                         bytes(data[at:to]) * 3])
        return bytes(data) or b"\r\n"

    def test_garbage_does_not_harm(self) -> None:
        source = random.Random(SEED)
        statuses = set()
        for _ in range(self.BATCHES):
            for number in range(self.PER_BATCH):
                client = wire.Client(self.service.address)
                try:
                    client.send(self.garbage(source))
                    if number % 2:
                        client.finish_sending()
                        while True:
                            statuses.add(client.answer().status)
                except (wire.Ended, BrokenPipeError, ConnectionResetError):
                    pass
                client.reset() if number % 4 == 0 else client.close()
            self.check_alive()
        self.check_all_is_given_back()
        self.assertLessEqual({200, 400, 404}, statuses)
        self.assertNotIn(500, statuses)
        after = self.exposition()
        self.assertEqual(after.value("loopmeter_http_handler_exceptions_total"), 0)
        self.assertLessEqual(
            {dict(labels)["path"] for labels in after.series(contract.REQUESTS)},
            {*contract.ROUTES, contract.OTHER})


class Pipeline(Base):
    def test_answers_come_in_the_order_of_the_requests(self) -> None:
        sizes = list(range(1, 301))
        with wire.Client(self.service.address) as client:
            client.send(b"".join(wire.message("GET", f"/bytes/{size}") for size in sizes))
            self.assertEqual([len(client.answer().body) for _ in sizes], sizes)
            self.assertFalse(client.comes(within_s=0.05))

    def test_who_waits_does_not_change_the_order(self) -> None:
        targets = ["/delay/60", "/bytes/1", "/delay/0", "/hello", "/bytes/2", "/nothing"]
        with wire.Client(self.service.address) as client:
            client.send(b"".join(wire.message("GET", target) for target in targets))
            self.assertEqual([client.answer().body for _ in targets],
                             [b"done\n", b"x", b"done\n", b"hello\n", b"xx", b"404 Not Found\n"])

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_what_came_in_one_segment_is_answered_in_one(self) -> None:
        with tempfile.NamedTemporaryFile() as calls, tempfile.TemporaryFile() as said, \
                wire.Client(self.service.address) as client:
            client.get("/livez")
            tracer = subprocess.Popen(
                ["strace", "-f", "-p", str(self.service.pid), "-s", "32", "-o", calls.name,
                 "-e", "trace=write,writev,sendto,sendmsg,sendmmsg"],
                stdin=subprocess.DEVNULL, stderr=said)
            try:
                def attached() -> bool:
                    said.seek(0)
                    text = said.read()
                    if tracer.poll() is not None:
                        self.skipTest(f"strace cannot trace here: {text.decode()}")
                    self.assertIn(b"attached", text)
                    return True
                wait_until(attached)
                client.send(b"".join(wire.message("GET", f"/bytes/{n}") for n in range(16)))
                self.assertEqual([len(client.answer().body) for _ in range(16)],
                                 list(range(16)))
            finally:
                tracer.terminate()
                tracer.wait()
            sends = [line for line in calls.read().decode().splitlines() if "HTTP/1.1 " in line]
        self.assertEqual(len(sends), 1, sends)


def load_tests(loader: unittest.TestLoader, *_: object) -> unittest.TestSuite:
    """The slow head last, so that the others run meanwhile."""
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in
                              (Descriptors, FewDescriptors, Resets, Garbage, Pipeline, SlowHead))


if __name__ == "__main__":
    unittest.main()
