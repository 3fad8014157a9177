# SPDX-License-Identifier: Apache-2.0
"""What the system does to a service: clocks that jump, system calls that fail, and an end by
SIGKILL. Each fault is first shown to reach the process."""
from __future__ import annotations

import contextlib
import email.utils
import os
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from typing import Iterator

import scrape
import wire
from programs import found_tool, wait_until
from service import Service

ACCEPT_ERRORS = "loopmeter_http_accept_errors_total"
HOUR_S = 3600
SHIFTED_CLOCK = os.environ.get("SHIFTED_CLOCK_LIBRARY")
STRACE = found_tool("strace")


@unittest.skipIf(SHIFTED_CLOCK is None, "not beside a sanitizer")
class Clock(unittest.TestCase):
    """The wall clock jumps; the monotonic one does not, which is how a clock is set."""

    def setUp(self) -> None:
        self.ahead = self.enterContext(tempfile.NamedTemporaryFile())
        self.jump(0)
        self.service = self.enterContext(Service(env={
            **os.environ, "LD_PRELOAD": SHIFTED_CLOCK, "SHIFTED_CLOCK": self.ahead.name}))

    def jump(self, ahead_s: int) -> None:
        os.pwrite(self.ahead.fileno(), struct.pack("=q", ahead_s), 0)

    def ahead_s(self) -> float:
        """By how much the Date that it sends is ahead of ours."""
        date = wire.get(self.service.address, "/version").field("Date")
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()

    def test_deadlines_do_not_follow_but_the_date_does(self) -> None:
        self.assertLess(abs(self.ahead_s()), 60)
        for ahead_s in (HOUR_S, -HOUR_S, 0):
            with self.subTest(ahead_s), wire.Client(self.service.address, timeout_s=60) as waits, \
                    wire.Client(self.service.address, timeout_s=60) as slow, \
                    wire.Client(self.service.address, timeout_s=60) as idle:
                self.assertEqual(idle.get("/version").status, 200)
                slow.send(b"GET /version HTTP/1.1\r\nHost: test\r\n")
                begin = time.monotonic()
                waits.send(wire.message("GET", "/delay/1500"))
                self.jump(ahead_s)

                def follows(ahead_s=ahead_s) -> None:
                    self.assertLess(abs(self.ahead_s() - ahead_s), 60)
                wait_until(follows, timeout_s=10)
                self.assertEqual(waits.answer().body, b"done\n")
                self.assertGreaterEqual(time.monotonic() - begin, 1.5)
                if time.monotonic() - begin < 8:  # else its own deadline is near
                    slow.send(b"\r\n")
                    self.assertEqual(slow.answer().status, 200)
                self.assertEqual(idle.get("/version").status, 200)


class Killed(unittest.TestCase):
    READY_S = 0.2
    TIMES_MIN, TIMES_MAX = 5, 40

    def test_it_comes_back_at_once_on_the_same_port(self) -> None:
        service = Service()
        readings = []
        started_at = 0.0
        try:
            # A busy machine may be slow once, not every time.
            while len(readings) < self.TIMES_MIN or (
                    min(readings) > self.READY_S and len(readings) < self.TIMES_MAX):
                service.ready()
                now = scrape.fetch(service.address).value("process_start_time_seconds")
                self.assertGreater(now, started_at, "rate() takes a restart for one by this")
                started_at = now
                # With connections open, so that the kernel remembers the port.
                with wire.Client(service.address) as client:
                    client.get("/version")
                    service.signal(signal.SIGKILL)
                    self.assertEqual(service.wait(), -signal.SIGKILL)
                address = service.address
                service.kill()
                begin = time.monotonic()
                service = Service(listen=address)
                service.ready()
                readings.append(time.monotonic() - begin)
            print("ready after " + ", ".join(f"{one * 1000:.0f}" for one in readings) + " ms")
            self.assertLess(min(readings), self.READY_S)
            self.assertEqual(service.stop(), 0)
        finally:
            service.kill()


@unittest.skipIf(STRACE is None, "strace is not installed")
class SystemCalls(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service())
        self.watcher = self.enterContext(wire.Client(self.service.address, timeout_s=60))
        self.watcher.get("/version")

    @contextlib.contextmanager
    def inject(self, what: str) -> Iterator[tempfile._TemporaryFileWrapper]:
        """While the block runs these calls fail; afterwards at least one must have."""
        with tempfile.NamedTemporaryFile() as calls, tempfile.TemporaryFile() as said:
            tracer = subprocess.Popen(
                [str(STRACE), "-f", "-p", str(self.service.pid), "-o", calls.name, "-e",
                 f"trace={what.partition(':')[0]}", "-e", f"inject={what}"],
                stdin=subprocess.DEVNULL, stderr=said)
            try:
                def attached() -> None:
                    said.seek(0)
                    text = said.read()
                    if tracer.poll() is not None:
                        self.skipTest(f"strace cannot trace here: {text.decode()}")
                    self.assertIn(b"attached", text)
                wait_until(attached)
                yield calls
            finally:
                tracer.terminate()
                tracer.wait()
            self.assertIn(b"(INJECTED)", calls.read(), "no call failed")

    def errors(self, reason: str) -> float:
        return scrape.fetch(self.service.address, self.watcher).value(ACCEPT_ERRORS, reason=reason)

    def check_well(self) -> None:
        self.assertIsNone(self.service.process.poll(), self.service.log())
        self.assertEqual(wire.get(self.service.address, "/hello").body, b"hello\n")

        def given_back() -> None:
            now = scrape.fetch(self.service.address, self.watcher)
            self.assertEqual(now.value("loopmeter_http_open_connections"), 1)
        wait_until(given_back, timeout_s=20)
        now = scrape.fetch(self.service.address, self.watcher)
        self.assertEqual(now.value("loopmeter_http_handler_exceptions_total"), 0)

    def test_accept_fails(self) -> None:
        for error, reason, when in (("EMFILE", "descriptors", ""), ("ENFILE", "descriptors", ""),
                                    ("ENOMEM", "memory", ""),
                                    ("ECONNABORTED", "aborted", ":when=1..3")):
            with self.subTest(error):
                before = self.errors(reason)
                with self.inject(f"accept4:error={error}{when}"):
                    client = self.enterContext(wire.Client(self.service.address, timeout_s=60))
                    client.send(wire.message("GET", "/version"))
                    wait_until(lambda: self.assertGreater(self.errors(reason), before),
                               timeout_s=20)
                # The listener goes on: the one in its queue, or the next.
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(client.answer().status, 200)
                client.close()
                self.check_well()

    def test_send_fails(self) -> None:
        for error in ("EPIPE", "ECONNRESET"):
            with self.subTest(error):
                with self.inject(f"sendmsg,sendto:error={error}:when=1"):
                    with wire.Client(self.service.address, timeout_s=60) as client:
                        with self.assertRaises(ConnectionError):
                            client.get("/version")
                    # The first of each thread fails, so perhaps one more.
                    answer = wait_until(lambda: wire.get(self.service.address, "/version"))
                    self.assertEqual(answer.status, 200)
                self.check_well()

    def test_waiting_is_interrupted(self) -> None:
        with self.inject("epoll_wait,epoll_pwait:error=EINTR:when=1..50"):
            for _ in range(20):
                self.assertEqual(wire.get(self.service.address, "/delay/5").body, b"done\n")
        self.check_well()

    def test_no_memory_for_a_while(self) -> None:
        body = b"x" * 900_000  # held as a whole, and many at once: more than lies about
        length = f"Content-Length: {len(body)}\r\n"
        request = wire.message("GET", "/delay/300", fields=length) + body
        clients = [self.enterContext(wire.Client(self.service.address)) for _ in range(40)]
        with self.inject("mmap:error=ENOMEM"):
            # A refusal is an answer; so is a connection that ends.
            for client in clients:
                with contextlib.suppress(ConnectionError):
                    client.send(request)
            for client in clients:
                with contextlib.suppress(ConnectionError, wire.Ended):
                    self.assertIn(client.answer().status, (200, 500, 503))
        self.assertIsNone(self.service.process.poll(), self.service.log())
        self.assertEqual(wire.ask(self.service.address, "POST", "/echo", body).body, body)
        self.assertEqual(wire.get(self.service.address, "/hello").body, b"hello\n")


if __name__ == "__main__":
    unittest.main()
