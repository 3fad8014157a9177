# SPDX-License-Identifier: Apache-2.0
"""Bounded in everything: memory under attack as docs/limits.md computes it, and who is answered
when the service is full."""
from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
import resource
import signal
import socket
import threading
import time
import unittest

import scrape
import wire
from programs import wait_until
from service import Service

LONG = os.environ.get("LOOPMETER_LONG") == "1"

KB = 1024
MB = 1024 * KB
HEAD = 16 * KB
READ = 64 * KB
CONNECTION = int(1.25 * (2 * KB + 2 * HEAD + READ))  # docs/limits.md, "Memory"

HITS = "loopmeter_http_limit_hits_total"
OPEN = "loopmeter_http_open_connections"
WORKER_STATES = "loopmeter_connections"


def setUpModule() -> None:
    """As many descriptors as the kernel lets us have: the service inherits them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 17), hard))


def descriptors_left(wanted: int) -> int:
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300)


def memory(service: Service, what: str) -> int:
    """A line of /proc/PID/status in bytes: VmRSS now, VmHWM at the most so far."""
    status = pathlib.Path(f"/proc/{service.pid}/status").read_text("ascii", "replace")
    return int(re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)[1]) * KB


def forget_peak(service: Service) -> None:
    pathlib.Path(f"/proc/{service.pid}/clear_refs").write_text("5", "ascii")


def try_get(address: str, target: str) -> wire.Answer | None:
    """An answer with 503 included; None for a connection that was refused or reset."""
    try:
        return wire.get(address, target)
    except OSError:
        return None


class Base(unittest.TestCase):
    def hits(self, limit: str) -> float:
        return scrape.fetch(self.service.address, self.watcher).value(HITS, limit=limit)

    def start(self, *flags: str, **options: object) -> None:
        self.service = self.enterContext(Service(*flags, **options)).ready()
        self.watcher = self.enterContext(wire.Client(self.service.address))
        for _ in range(3):  # what is allocated once is there before anything is measured
            scrape.fetch(self.service.address, self.watcher)
            self.watcher.request("POST", "/echo", b"x" * 200 * KB)

    def connect(self, count: int, receive_bytes: int = 0) -> list[socket.socket]:
        made = []
        for _ in range(count):
            one = socket.socket()
            self.addCleanup(one.close)
            if receive_bytes:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            one.settimeout(20)
            one.connect(wire.endpoint(self.service.address))
            made.append(one)
        return made

    def active(self) -> float:
        return scrape.fetch(self.service.address, self.watcher).total(WORKER_STATES,
                                                                      state="active")


class Memory(Base):
    def test_the_most_expensive_connections(self) -> None:
        """Each waits with the largest head, and a whole read of requests behind it."""
        count = descriptors_left(10_000 if LONG else 2_000)
        self.start("--limit.waiting-requests=100000", "--limit.head-timeout=10m", workers=1)
        before = memory(self.service, "VmRSS")
        begin = wire.message("GET", "/delay/60000", fields="X-Pad: \r\n")
        head = wire.message("GET", "/delay/60000", fields=f"X-Pad: {'x' * (HEAD - len(begin))}\r\n")
        self.assertEqual(len(head), HEAD)
        crowd = self.connect(count)
        for one in crowd:
            one.sendall(head[:-1])
        wait_until(lambda: self.assertGreaterEqual(self.active(), count), timeout_s=60)
        behind = wire.message("GET", "/hello", fields=f"X: {'y' * 1000}\r\n") * 100
        for one in crowd:
            one.sendall(head[-1:] + behind[:READ - 1])
        for _ in range(3):  # behind what was sent before, on an edge that came later
            self.assertEqual(self.watcher.get("/delay/50").status, 200)
        grown = memory(self.service, "VmHWM") - before
        print(f"  {count} waiting with requests behind them: {grown / count / KB:.1f} KB each,"
              f" computed {CONNECTION / KB:.1f} KB", flush=True)
        self.assertLessEqual(grown, count * CONNECTION)
        # They do hold that much: this is no measurement of nothing.
        self.assertGreater(grown, count * (HEAD + READ) // 2)

    def test_bodies_within_their_budget(self) -> None:
        count, budget = 100, 8 * MB
        self.start(f"--limit.held-body-bytes={budget // MB}MB", "--limit.body-grace=10m",
                   "--limit.body-timeout=10m", workers=1)
        before = memory(self.service, "VmRSS")
        forget_peak(self.service)
        request = wire.message("GET", "/delay/1", b"x" * MB)  # held as a whole, unlike /echo's
        for one in self.connect(count):
            try:
                one.sendall(request[:-1])
            except OSError:  # refused before all was sent
                pass
        grown = memory(self.service, "VmHWM") - before
        print(f"  {count} bodies of 1 MB: {grown / MB:.1f} MB, computed"
              f" {(2 * budget + count * CONNECTION) / MB:.1f} MB", flush=True)
        self.assertLessEqual(grown, 2 * budget + count * CONNECTION)
        self.assertEqual(self.watcher.get("/hello").status, 200)

    def test_slow_readers_within_their_budget(self) -> None:
        count, budget, answer = 60, 8 * MB, MB
        self.start(f"--limit.unsent-bytes={budget // MB}MB", workers=1)
        before = memory(self.service, "VmRSS")
        forget_peak(self.service)
        crowd = self.connect(count, receive_bytes=4096)
        self.service.signal(signal.SIGSTOP)  # so that all of them come at once
        for one in crowd:
            one.sendall(wire.message("GET", f"/bytes/{answer}") * 4)
        self.service.signal(signal.SIGCONT)
        wait_until(lambda: self.assertGreater(self.hits("unsent_bytes"), 0), timeout_s=20)
        for _ in range(20):  # an honest one is not who goes
            self.assertEqual(len(self.watcher.get(f"/bytes/{answer}").body), answer)
        grown = memory(self.service, "VmHWM") - before
        computed = 2 * MB + budget + answer + count * CONNECTION
        print(f"  {count} readers that stall: {grown / MB:.1f} MB, computed"
              f" {computed / MB:.1f} MB", flush=True)
        self.assertLessEqual(grown, computed)

    def test_ten_megabytes_of_anything(self) -> None:
        """Of what should be short: it is refused, and no connection grows by 64 KB."""
        count, size = 20, 10 * MB
        chunked = wire.message("POST", "/echo", fields="Transfer-Encoding: chunked\r\n")
        kinds = {
            "chunk extension": (chunked + b"1;a=", b"b", 413, "chunk_extension_bytes"),
            "trailer": (chunked + b"0\r\nA: ", b"b", 431, "trailer_bytes"),
            "target": (b"GET /", b"a", 414, "request_line_bytes"),
            "head": (b"GET / HTTP/1.1\r\nHost: a\r\n", b"A: b\r\n", 431, "head_lines"),
            "field": (b"GET / HTTP/1.1\r\nHost: a\r\nA: ", b"b", 431, "head_bytes"),
        }
        self.start(workers=1)
        for kind, (begin, rest, status, limit) in kinds.items():
            with self.subTest(kind=kind):
                before = memory(self.service, "VmRSS")
                forget_peak(self.service)
                piece = rest * (64 * KB // len(rest))
                crowd = [wire.Client(self.service.address) for _ in range(count)]
                for client in crowd:
                    client.send(begin)
                told = [0] * count
                for _ in range(size // len(piece)):
                    for number, client in enumerate(crowd):
                        if told[number]:
                            continue
                        try:
                            client.send(piece)
                            if client.comes(within_s=0):
                                told[number] = client.answer().status
                        except OSError:  # it was told, and did not listen
                            told[number] = status
                grown = memory(self.service, "VmHWM") - before
                for client in crowd:
                    client.close()
                self.assertEqual(told, [status] * count)
                self.assertLess(grown, count * 64 * KB)
                self.assertEqual(self.hits(limit), count)


class Full(Base):
    MAX = 40
    RESERVED = 8

    def fill(self, *flags: str, **options: object) -> None:
        self.start(f"--web.max-connections={self.MAX}",
                   f"--limit.reserved-connections={self.RESERVED}", *flags, **options)
        self.connect(self.MAX - 1)  # and the watcher
        def full() -> None:
            now = scrape.fetch(self.service.address, self.watcher)
            self.assertEqual(now.value(OPEN), self.MAX)
            self.assertEqual(now.value("loopmeter_http_connections_max"), self.MAX)
        wait_until(full)

    def check_probes(self) -> None:
        """Each answers within 1 s; who is told to come again comes again."""
        for target in ("/livez", "/readyz", "/metrics"):
            begin = time.monotonic()
            while (status := wire.get(self.service.address, target).status) == 503:
                self.assertLess(time.monotonic() - begin, 1, target)
            self.assertEqual(status, 200, target)

    def test_full_service_answers_probes_and_refuses_work(self) -> None:
        self.fill()
        self.check_probes()
        for _ in range(50):
            with wire.Client(self.service.address) as client:
                refused = client.get("/hello")
                self.assertEqual((refused.status, refused.field("Retry-After"), refused.closes),
                                 (503, "1", True))
                client.expect_end()
        self.assertEqual(self.hits("max_connections"), 50)
        self.assertEqual(self.watcher.get("/hello").status, 200)

    def test_silent_crowd_cannot_keep_probes_out(self) -> None:
        """Who takes the reserve and says nothing makes way for who comes after it."""
        self.fill("--limit.reserved-timeout=60s")
        self.connect(100)
        for _ in range(5):
            self.check_probes()
        self.assertGreater(self.hits("reserved_connections"), 50)

    def test_crowd_that_talks_cannot_either(self) -> None:
        self.fill()
        stop = threading.Event()

        def talk() -> int:
            refused = 0
            while not stop.is_set():
                answer = try_get(self.service.address, "/hello")
                if answer is not None:
                    self.assertEqual(answer.status, 503)
                    refused += 1
            return refused

        with concurrent.futures.ThreadPoolExecutor() as pool:
            crowd = [pool.submit(talk) for _ in range(4)]
            try:
                for _ in range(10):
                    self.check_probes()
            finally:
                stop.set()
            self.assertGreater(sum(each.result() for each in crowd), 20)

    def test_room_again(self) -> None:
        self.fill()
        self.assertEqual(wire.get(self.service.address, "/hello").status, 503)
        self.doCleanups_of_crowd()
        begin = time.monotonic()
        wait_until(lambda: self.assertEqual(
            wire.get(self.service.address, "/hello").status, 200))
        self.assertLess(time.monotonic() - begin, 1)

    def doCleanups_of_crowd(self) -> None:
        for one in self.crowd:
            one.close()

    def connect(self, count: int, receive_bytes: int = 0) -> list[socket.socket]:
        self.crowd = super().connect(count, receive_bytes)
        return self.crowd


if __name__ == "__main__":
    unittest.main()
