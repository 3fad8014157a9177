# SPDX-License-Identifier: Apache-2.0
"""Scrapes that take their time: readers that do not read, a source that does not answer, more
scrapes than may be at once."""
import array
import fcntl
import json
import socket
import termios
import unittest

import scrape
import wire
from programs import wait_until
from service import ScrapeServer

SERIES = 100_000
READERS = 4  # as many as may scrape at once
TEXT = "Accept: text/plain;version=0.0.4\r\n"
GZIP = TEXT + "Accept-Encoding: gzip\r\n"
MEGABYTE = 1 << 20

# A stalled reader holds a slice and its place in a snapshot, with gzip window and tables as well. A
# snapshot is 8 octets a series.
GROWTH_MAX = 8 * MEGABYTE


def unread(of: socket.socket) -> int:
    """How much has come and was not read."""
    count = array.array("i", [0])
    fcntl.ioctl(of, termios.FIONREAD, count)
    return count[0]


class SlowReader:
    """Asks, and reads nothing until it is told to."""

    def __init__(self, address: str, request: bytes) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(30)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Small segments, so that the server's kernel takes some 100 KB and not megabytes.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.connect(wire.endpoint(address))
        self.socket.sendall(request)
        self._seen = 0

    def wait_until_stalled(self) -> None:
        """Until nothing more comes into its small buffer."""
        def probe() -> None:
            before, self._seen = self._seen, unread(self.socket)
            assert self._seen == before > 0, f"{self._seen} octets, {before} before"
        wait_until(probe, timeout_s=30, pause_s=0.1)

    def read_to_end(self) -> tuple[bytes, bool]:
        """What there is, and whether the connection ended in order."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MEGABYTE)
        read = b""
        while True:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return read, False
            if not data:
                return read, True
            read += data

    def close(self) -> None:
        self.socket.close()


def request(target: str, fields: str) -> bytes:
    return wire.message("GET", target, fields=fields)


class SlowReaders(unittest.TestCase):
    """What they cost, with many series."""

    def setUp(self) -> None:
        self.server = self.enterContext(ScrapeServer(SERIES)).ready()
        for fields in (TEXT, GZIP):  # the plan, a snapshot, buffers
            self.ask("/metrics", fields)

    def ask(self, target: str, fields: str = "") -> wire.Answer:
        return wire.ask(self.server.address, "GET", target, fields=fields)

    def growth(self, target: str, fields: str) -> int:
        """How much more memory is in use while READERS stand still; each then reads it all."""
        before = self.server.resident_bytes()
        readers = [SlowReader(self.server.address,
                              request(target, fields + "Connection: close\r\n"))
                   for _ in range(READERS)]
        try:
            for reader in readers:
                reader.wait_until_stalled()
            grown = self.server.resident_bytes() - before
            for reader in readers:
                body, in_order = reader.read_to_end()
                self.assertTrue(in_order)
                self.assertGreater(len(body), MEGABYTE // 4)
            return grown
        finally:
            for reader in readers:
                reader.close()

    def test_memory_is_bounded(self) -> None:
        for fields in (TEXT, GZIP):
            with self.subTest(fields):
                self.assertLess(self.growth("/metrics", fields), GROWTH_MAX)

    def test_a_body_in_memory_would_be_noticed(self) -> None:
        self.ask("/whole")
        self.assertGreater(self.growth("/whole", ""), GROWTH_MAX)

    def errors(self, cause: str) -> float:
        name = "loopmeter_scrape_errors_total"
        read = scrape.parse(self.ask(f"/metrics?name[]={name}").body.decode())
        return read.value(name, cause=cause)

    def test_past_the_deadline_it_is_cut_so_that_nobody_takes_it_for_whole(self) -> None:
        asked = "X-Prometheus-Scrape-Timeout-Seconds: 2\r\nUser-Agent: slow\r\n"
        for number, (first_line, fields) in enumerate((
                ("GET /metrics HTTP/1.1\r\nHost: test\r\n", TEXT),
                ("GET /metrics HTTP/1.1\r\nHost: test\r\n", GZIP),
                ("GET /metrics HTTP/1.0\r\n", TEXT))):
            with self.subTest(first_line + fields):
                reader = SlowReader(self.server.address,
                                    (first_line + asked + fields + "\r\n").encode())

                def cut() -> None:
                    slow = [one for one in json.loads(self.ask("/-/scrapes").body)["scrapes"]
                            if one["user_agent"] == "slow"]
                    assert slow and slow[0]["result"] == "deadline", slow
                    assert self.errors("deadline") == number + 1
                wait_until(cut, timeout_s=30, pause_s=0.1)
                read, in_order = reader.read_to_end()
                reader.close()
                # A FIN would make the body of HTTP/1.0 look whole; a last chunk that of HTTP/1.1.
                self.assertFalse(in_order, read[-200:])
                self.assertNotIn(b"\r\n0\r\n\r\n", read)


class Waiting(unittest.TestCase):
    """What a scrape waits for."""

    def setUp(self) -> None:
        self.server = self.enterContext(ScrapeServer()).ready()
        self.addCleanup(self.gate, "open")

    def ask(self, target: str, fields: str = "") -> wire.Answer:
        return wire.ask(self.server.address, "GET", target, fields=fields)

    def gate(self, to: str) -> None:
        self.assertEqual(self.ask("/gate/" + to).status, 200)

    def test_beyond_the_limit_it_is_503_with_retry_after(self) -> None:
        self.gate("shut")
        waiting = [wire.Client(self.server.address, timeout_s=60) for _ in range(READERS)]
        for client in waiting:
            client.send(request("/metrics", ""))

        def refused() -> wire.Answer:
            # One that finds a place comes back soon, without what is behind the gate.
            answer = self.ask("/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n")
            assert answer.status == 503 and answer.field("Retry-After") == "1", answer
            return answer
        self.assertIn(b"too many scrapes", wait_until(refused, timeout_s=30).body)
        self.gate("open")
        for client in waiting:
            answer = client.answer()
            self.assertEqual(answer.status, 200)
            self.assertIn(b"\nbehind_the_gate 1\n", answer.body)
            client.close()
        read = scrape.fetch(self.server.address)
        self.assertGreaterEqual(read.value("loopmeter_scrape_errors_total", cause="limit"), 1)
        self.assertEqual(read.value("loopmeter_scrapes_in_flight"), 1)

    def test_a_source_that_is_late_is_left_out(self) -> None:
        self.gate("shut")
        answer = self.ask("/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 4\r\n")
        self.assertEqual(answer.status, 200)
        read = scrape.parse(answer.body.decode())
        self.assertNotIn("behind_the_gate", read.types)
        self.gate("open")

        def back() -> None:
            again = scrape.fetch(self.server.address)
            assert "behind_the_gate" in again.types
            self.assertGreaterEqual(
                again.value("loopmeter_collect_errors_total", cause="late"), 1)
        wait_until(back)

    def test_no_time_at_all_is_503(self) -> None:
        answer = self.ask("/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.001\r\n")
        self.assertEqual(answer.status, 503)
        self.assertIsNone(answer.field("Retry-After"))
        read = scrape.fetch(self.server.address)
        self.assertEqual(read.value("loopmeter_scrape_errors_total", cause="deadline"), 1)


if __name__ == "__main__":
    unittest.main()
