# SPDX-License-Identifier: Apache-2.0
"""Content in pieces, /echo and /stream: of any size, to any client, in memory that stays flat."""
import concurrent.futures
import hashlib
import http.client
import itertools
import pathlib
import selectors
import socket
import string
import subprocess
import time
import unittest
from typing import Iterator

import contract
import scrape
import wire
from programs import tool, wait_until
from service import Service

CURL = tool("curl")

MB = 1 << 20
BLOCK = hashlib.shake_128(b"what is echoed").digest(MB + 37)  # no multiple of what is read at once
LARGE_BLOCKS = 250
GROWTH_MAX = 2 * MB
ALPHABET = string.ascii_lowercase.encode()


def alphabet(size: int) -> bytes:
    return (ALPHABET * (size // len(ALPHABET) + 1))[:size]


class Memory:
    """The most memory that a process has had since now, by how much it grew."""

    def __init__(self, pid: int) -> None:
        self._process = pathlib.Path(f"/proc/{pid}")
        (self._process / "clear_refs").write_text("5")  # the peak begins anew
        self._before = self._peak()

    def _peak(self) -> int:
        status = (self._process / "status").read_text("ascii", "replace")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def growth(self) -> int:
        return self._peak() - self._before


class Base(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service(workers=1).ready())

    def counted(self, path: str, method: str, code: int) -> float:
        return scrape.fetch(self.service.address).value(
            contract.REQUESTS, path=path, method=method, code=str(code))

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.service.address, timeout=60)
        self.addCleanup(connection.close)
        return connection

    def echo(self, blocks: int, fields: str, chunked: bool) -> int:
        """Sends and reads at once, and compares; how many octets came back."""
        with wire.Client(self.service.address, timeout_s=60) as client:
            def send() -> None:
                client.send(f"POST /echo HTTP/1.1\r\nHost: test\r\n{fields}\r\n".encode())
                for _ in range(blocks):
                    client.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
                client.send(b"0\r\n\r\n" if chunked else b"")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                sender = pool.submit(send)
                answer = http.client.HTTPResponse(client.socket, method="POST")
                answer.begin()
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.getheader("Content-Type"), contract.OCTETS)
                self.assertEqual(answer.getheader("Content-Length"),
                                 None if chunked else str(blocks * len(BLOCK)))
                for number in range(blocks):
                    self.assertEqual(answer.read(len(BLOCK)) == BLOCK, True, f"block {number}")
                self.assertEqual(answer.read(), b"")
                sender.result()
        return blocks * len(BLOCK)


class Echo(Base):
    def test_any_size_in_constant_memory(self) -> None:
        length = f"Content-Length: {LARGE_BLOCKS * len(BLOCK)}\r\n"
        for fields, chunked in ((length, False), ("Transfer-Encoding: chunked\r\n", True)):
            self.echo(5, fields if chunked else f"Content-Length: {5 * len(BLOCK)}\r\n", chunked)
            memory = Memory(self.service.pid)
            with self.subTest(chunked=chunked):
                self.echo(LARGE_BLOCKS, fields, chunked)
                self.assertLess(memory.growth(), GROWTH_MAX)
        self.assertEqual(self.counted("/echo", "POST", 200), 4)

    def test_memory_that_grows_is_seen(self) -> None:
        """What the test above would find if content were held, as it is for other handlers."""
        memory = Memory(self.service.pid)
        for _ in range(4):
            client = self.enterContext(wire.Client(self.service.address))
            client.send(wire.message("GET", "/delay/60000", BLOCK[:MB]))
            self.addCleanup(client.reset)
        wait_until(lambda: self.assertGreater(memory.growth(), GROWTH_MAX))

    def test_python_sends_a_generator(self) -> None:
        connection = self.connect()
        pieces = [bytes([65 + number]) * 5000 for number in range(20)]

        def content() -> Iterator[bytes]:
            yield from pieces
        connection.request("POST", "/echo", body=content(), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        self.assertEqual(connection.getresponse().read(), b"".join(pieces))
        connection.request("POST", "/echo", body=b"small")
        answer = connection.getresponse()
        self.assertEqual((answer.getheader("Content-Length"), answer.read()), ("5", b"small"))

    def test_curl_sends_a_file_and_waits_to_be_asked(self) -> None:
        for version in ("--http1.1", "--http1.0"):
            run = subprocess.run(
                [CURL, "--silent", "--show-error", "--max-time", "60", version, "--data-binary",
                 "@-", "--header", "Expect: 100-continue", f"http://{self.service.address}/echo"],
                input=BLOCK * 5, capture_output=True, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            self.assertEqual(run.stdout == BLOCK * 5, True)

    def test_reader_that_stops_holds_up_nobody(self) -> None:
        memory = Memory(self.service.pid)
        with wire.Client(self.service.address) as client:
            client.send(wire.message("POST", "/echo", fields="Content-Length: 1000000000\r\n"))
            client.socket.settimeout(0.5)
            with self.assertRaises(TimeoutError):  # it is not read any more
                for _ in range(1000):
                    client.send(BLOCK)
            for _ in range(10):
                self.assertEqual(wire.get(self.service.address, "/version").status, 200)
            self.assertLess(memory.growth(), GROWTH_MAX)
            client.reset()
        wait_until(lambda: self.assertEqual(self.counted("/echo", "POST", 499), 1))

    def test_reader_that_stops_for_good_is_cut(self) -> None:
        with Service("--limit.write-stall-timeout=1s") as service, \
                wire.Client(service.address) as client:
            client.send(wire.message("GET", "/stream?bytes=1000000000000"))

            def cut() -> None:
                now = scrape.fetch(service.address)
                self.assertEqual(now.value("loopmeter_http_limit_hits_total",
                                           limit="write_stall_timeout"), 1)
                self.assertEqual(now.value("loopmeter_http_open_connections"), 1)  # the scraper's
            wait_until(cut, timeout_s=30, pause_s=0.1)
            with self.assertRaises(ConnectionResetError):
                while client.socket.recv(MB):
                    pass

    def test_in_step_after_the_first_octets(self) -> None:
        """What was echoed may decide what is sent next."""
        size = 64 * 1024 + 1
        with wire.Client(self.service.address) as client:
            client.send(wire.message("POST", "/echo", fields="Transfer-Encoding: chunked\r\n"))
            client.send(b"%x\r\n%b\r\n" % (size, b"f" * size))
            answer = http.client.HTTPResponse(client.socket, method="POST")
            answer.begin()
            self.assertEqual(len(answer.read(size)), size)
            for number in range(20):
                word = b"word %02d" % number
                client.send(b"7\r\n" + word + b"\r\n")
                self.assertEqual(answer.read(7), word)
            client.send(b"0\r\n\r\n")
            self.assertEqual(answer.read(), b"")


class Stream(Base):
    def test_exact_octets(self) -> None:
        connection = self.connect()
        for size, chunk in itertools.product((0, 1, 65_535, 65_536, 65_537, 1_000_003),
                                             (1000, 16_384, 65_536)):
            with self.subTest(size=size, chunk=chunk):
                connection.request("GET", f"/stream?bytes={size}&chunk={chunk}")
                answer = connection.getresponse()
                self.assertEqual(answer.status, 200)
                large = size > 65_536
                self.assertEqual(answer.getheader("Transfer-Encoding"),
                                 "chunked" if large else None)
                self.assertEqual(answer.getheader("Content-Length"), None if large else str(size))
                self.assertEqual(answer.read() == alphabet(size), True)
        connection.request("GET", "/stream")
        self.assertEqual(len(connection.getresponse().read()), MB)

    def test_curl_of_http_1_0(self) -> None:
        run = subprocess.run(
            [CURL, "--silent", "--show-error", "--include", "--max-time", "60", "--http1.0",
             f"http://{self.service.address}/stream?bytes=1000003"],
            capture_output=True, check=True)
        head, _, body = run.stdout.partition(b"\r\n\r\n")
        self.assertIn(b"\r\nConnection: close", head)
        self.assertNotIn(b"Transfer-Encoding", head)
        self.assertEqual(body == alphabet(1_000_003), True)

    def test_head_is_told_and_sent_nothing(self) -> None:
        begin = time.monotonic()
        with wire.Client(self.service.address) as client:
            for query in ("bytes=1000000000000", "bytes=10&chunk=1&pause_ms=60000"):
                answer = client.request("HEAD", f"/stream?{query}")
                self.assertEqual((answer.status, answer.field("Transfer-Encoding")),
                                 (200, "chunked"))
            answer = client.request("HEAD", "/stream?bytes=1234")
            self.assertEqual(answer.field("Content-Length"), "1234")
            self.assertEqual(client.get("/livez").body, b"ok\n")
        self.assertLess(time.monotonic() - begin, 30)

    def test_bad_queries(self) -> None:
        for query in ("bytes=-1", "chunk=0", "pause_ms=1s", "bytes=1&bytes=1",
                      "bytes=1000000&chunk=1&pause_ms=1000"):
            answer = wire.get(self.service.address, f"/stream?{query}")
            self.assertEqual(answer.status, 400)
            self.assertTrue(answer.body.startswith(b"bad query; allowed are bytes=0 to "))

    def test_pieces_come_when_they_are_made(self) -> None:
        pause_s = 0.2
        with wire.Client(self.service.address) as client:
            client.send(wire.message("GET", "/stream?bytes=30&chunk=10&pause_ms=200"))
            answer = http.client.HTTPResponse(client.socket, method="GET")
            answer.begin()
            self.assertEqual(answer.read(10), alphabet(10))
            begin = time.monotonic()
            self.assertEqual(answer.read(), alphabet(30)[10:])
            self.assertGreater(time.monotonic() - begin, pause_s)

    def test_one_that_leaves_is_counted_as_gone(self) -> None:
        client = wire.Client(self.service.address)
        client.send(wire.message("GET", "/stream?bytes=1000000000000"))
        client.socket.recv(1000)
        client.reset()
        wait_until(lambda: self.assertEqual(self.counted("/stream", "GET", 499), 1))


class Crowd(Base):
    STREAMS = 1000
    SIZE = 2000
    TARGET = f"/stream?bytes={SIZE}&chunk=100&pause_ms=100"
    BYTES_EACH_MAX = 16 * 1024

    def test_a_thousand_slow_streams_at_once(self) -> None:
        memory = Memory(self.service.pid)
        received = [b""] * self.STREAMS
        with selectors.DefaultSelector() as waiting:
            for number in range(self.STREAMS):
                client = socket.create_connection(wire.endpoint(self.service.address))
                client.sendall(wire.message("GET", self.TARGET, fields="Connection: close\r\n"))
                waiting.register(client, selectors.EVENT_READ, number)
            self.assertEqual(wire.get(self.service.address, "/version").status, 200)
            end = time.monotonic() + 120
            while waiting.get_map() and time.monotonic() < end:
                for key, _ in waiting.select(timeout=1):
                    data = key.fileobj.recv(65536)
                    received[key.data] += data
                    if not data:
                        waiting.unregister(key.fileobj)
                        key.fileobj.close()
        wanted = b"".join(b"00000064\r\n%b\r\n" % alphabet(self.SIZE)[at:at + 100]
                          for at in range(0, self.SIZE, 100)) + b"0\r\n\r\n"
        for answer in received:
            self.assertEqual(answer.partition(b"\r\n\r\n")[2], wanted)
        self.assertEqual(self.counted("/stream", "GET", 200), self.STREAMS)
        self.assertLess(memory.growth(), self.STREAMS * self.BYTES_EACH_MAX)


if __name__ == "__main__":
    unittest.main()
