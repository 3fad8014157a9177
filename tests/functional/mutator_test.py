# SPDX-License-Identifier: Apache-2.0
"""Mutated and cut requests over many connections for a bounded time: afterwards the service lives,
has everything back, and no sanitizer has said a word."""
import asyncio
import random
import time
import unittest
from typing import Iterator

import barrage
import contract
import scrape
import wire
from programs import amount, sanitizer_report, wait_until
from service import Service

import cases

SEED = 20251128
RUN_S = amount(quick=10, long=120)
AT_ONCE = 32
LEAST_SENT = 200  # also with sanitizers on a machine that is busy
OCTETS_MAX = 20_000

SEEDS = [data for data in (cases.message_of(case) for case in cases.load())
         if 0 < len(data) <= OCTETS_MAX]
SEEDS += [wire.message("GET", "/hello"), wire.message("GET", "/delay/3"),
          wire.message("GET", "/bytes/100000"), wire.message("GET", "/-/scrapes?format=html"),
          wire.message("GET", "/metrics?name[]=a", fields="Accept: */*;q=0.1\r\n"),
          wire.message("GET", "/metrics", fields="Accept-Encoding: gzip\r\n")]
TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"%", b"%0d%0a", b"\xff", b";", b",",
          b"0", b"-1", b"+1", b"0x1", b"ffffffffffffffff", b"18446744073709551616", b"A" * 9000,
          b"Host: a\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"HTTP/1.1", b"HTTP/1.0",
          b"0\r\n\r\n", b"5;a=\"\\\"\"\r\nhello\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]


def mutate(data: bytearray, source: random.Random) -> None:
    begin = source.randrange(len(data) + 1)
    end = min(len(data), begin + source.randint(0, 24))
    other = source.choice(SEEDS)
    place = source.randrange(len(other))
    data[begin:end] = source.choice([
        b"",
        source.randbytes(source.randint(1, 4)),
        source.choice(TOKENS),
        bytes(data[begin:end]) * source.randint(2, 5),
        bytes(data[begin:end]).swapcase(),
        other[place:place + source.randint(1, 64)],
    ])


def talk_number(number: int) -> barrage.Talk:
    """The connection of this number, the same in every run."""
    source = random.Random(f"{SEED} {number}")
    data = bytearray()
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        data += source.choice(SEEDS)
    for _ in range(source.choice([0, 1, 1, 2, 3, 8])):
        mutate(data, source)
    message = bytes(data[:OCTETS_MAX]) or b"\r\n"
    if source.random() < 0.2:
        message = message[:source.randint(1, len(message))]
    pieces = [message]
    if len(message) > 1 and source.random() < 0.6:
        count = source.randint(1, min(6, len(message) - 1))
        pieces = barrage.cut(message, sorted(source.sample(range(1, len(message)), count)))
    elif len(message) < 300 and source.random() < 0.2:
        pieces = barrage.octets(message)
    return barrage.Talk(pieces, source.choice(["finish", "finish", "finish", "close", "reset"]))


class Mutator(unittest.TestCase):
    def setUp(self) -> None:
        self.service = self.enterContext(Service())
        self.watcher = self.enterContext(wire.Client(self.service.address))
        scrape.fetch(self.service.address, self.watcher)  # so that it is accepted before we count
        self.descriptors = self.service.descriptors()
        self.statuses: set[int] = set()
        self.faults: list[str] = []

    async def send(self, number: int) -> None:
        heard = await barrage.converse(self.service.address, talk_number(number))
        # Which answers belong to HEAD is not known here, so only the first one is looked at.
        if heard.received and not heard.received.startswith(b"HTTP/1.1 "):
            self.faults.append(f"connection {number}: {heard.received[:80]!r}")
        elif heard.received:
            self.statuses.add(int(heard.received[9:12]))

    def numbers(self) -> Iterator[int]:
        end = time.monotonic() + RUN_S
        number = 0
        while time.monotonic() < end or number < LEAST_SENT:
            yield number
            number += 1

    def test_mutated_requests_do_not_harm(self) -> None:
        sent = asyncio.run(barrage.all_of(
            (lambda number=number: self.send(number) for number in self.numbers()), AT_ONCE))
        print(f"{sent} connections, statuses {sorted(self.statuses)}")
        self.assertEqual(self.faults[:5], [], f"{len(self.faults)} in all")
        self.assertIsNone(self.service.process.poll(), self.service.log())
        self.assertEqual(wire.get(self.service.address, "/hello").body, b"hello\n")
        self.assertLessEqual({200, 400, 404}, self.statuses)
        self.assertLessEqual(self.statuses, {100, 200, 204, 400, 404, 405, 408, 413, 414, 417, 431,
                                             501, 503, 505})

        def all_is_given_back() -> None:
            now = scrape.fetch(self.service.address, self.watcher)
            self.assertEqual(now.value("loopmeter_http_open_connections"), 1)
            self.assertEqual(self.service.descriptors(), self.descriptors)
        wait_until(all_is_given_back, timeout_s=30, pause_s=0.05)
        after = scrape.fetch(self.service.address, self.watcher)
        self.assertEqual(after.value("loopmeter_http_handler_exceptions_total"), 0)
        self.assertLessEqual(
            {dict(labels)["path"] for labels in after.series(contract.REQUESTS)},
            {*contract.ROUTES, contract.OTHER})

    def test_a_report_of_a_sanitizer_is_found(self) -> None:
        for line in ["==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
                     "==7==ERROR: LeakSanitizer: detected memory leaks",
                     "WARNING: ThreadSanitizer: data race (pid=7)",
                     "src/a.cpp:1:2: runtime error: signed integer overflow"]:
            self.assertEqual(sanitizer_report("level=info msg=listening\n" + line), line)
        self.assertIsNone(sanitizer_report('level=warn msg="handler failed" error="runtime"'))


if __name__ == "__main__":
    unittest.main()
