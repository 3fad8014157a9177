# SPDX-License-Identifier: Apache-2.0
"""Mixed load for LOOPMETER_SOAK_SECONDS (300): memory does not grow and descriptors stay."""
from __future__ import annotations

import os
import pathlib
import random
import re
import statistics
import threading
import time
import unittest

import scrape
import wire
from programs import wait_until
from service import Service

SOAK_S = int(os.environ.get("LOOPMETER_SOAK_SECONDS", "300"))
WARM_UP_SHARE = 0.2  # until pools and caches have their size
SLOPE_MAX_KB_PER_H = 1024
NOISE_KB = 512  # pages that come and go; what a short soak cannot tell from growth
SEED = 20251201
CLIENTS = 8


class Clients:
    """Connections of all lengths and kinds, until stopped; answers are checked."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,))
                         for number in range(CLIENTS)]
        self.faults: list[str] = []
        self.answers = [0] * CLIENTS

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        source = random.Random(f"{SEED} {number}")
        try:
            while not self._stop.is_set():
                with wire.Client(self._address, timeout_s=60) as client:
                    for _ in range(source.choice([1, 1, 5, 50])):
                        self._ask(client, source)
                        self.answers[number] += 1
                    if source.random() < 0.1:
                        client.send(wire.message("GET", "/delay/50")[:source.randint(1, 40)])
                        client.reset()
        except (AssertionError, OSError) as error:
            self.faults.append(repr(error))

    def _ask(self, client: wire.Client, source: random.Random) -> None:
        kind = source.randrange(8)
        if kind == 0:
            body = source.randbytes(source.choice([0, 10, 5000, 300_000]))
            assert client.request("POST", "/echo", body).body == body
        elif kind == 1:
            assert client.get(f"/bytes/{source.choice([0, 100, 100_000])}").status == 200
        elif kind == 2:
            assert client.get(f"/no/{source.getrandbits(64):x}").status == 404
        elif kind == 3:
            assert client.request("HEAD", "/version").status == 200
        elif kind == 4:
            scraped = client.request("GET", "/metrics", fields="Accept-Encoding: gzip\r\n")
            assert scraped.status in (200, 503), scraped.status  # 503: too many at once
        else:
            assert client.get("/hello").body == b"hello\n"


def memory_kb(pid: int) -> int:
    """What is its own: files that are mapped do not count."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    found = re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
    assert found, status
    return int(found[1])


def grows(samples: list[tuple[float, int]]) -> float:
    """By how many KB in all, from the medians of the first and the last third."""
    third = len(samples) // 3
    return (statistics.median(kb for _, kb in samples[-third:])
            - statistics.median(kb for _, kb in samples[:third])) * 1.5


class Soak(unittest.TestCase):
    def test_nothing_grows(self) -> None:
        samples = []
        with Service() as service, wire.Client(service.address, timeout_s=60) as watcher:
            scrape.fetch(service.address, watcher)
            descriptors = service.descriptors()
            begin = time.monotonic()
            with Clients(service.address) as clients:
                while (now_s := time.monotonic() - begin) < SOAK_S and not clients.faults:
                    # The clients scrape, too, and may be too many at once.
                    wait_until(lambda: scrape.fetch(service.address, watcher), timeout_s=30)
                    if now_s > WARM_UP_SHARE * SOAK_S:
                        samples.append((now_s, memory_kb(service.pid)))
                    time.sleep(1)  # pace: of the scrapes
            self.assertEqual(clients.faults, [])

            def all_is_given_back() -> None:
                now = scrape.fetch(service.address, watcher)
                self.assertEqual(now.value("loopmeter_http_open_connections"), 1)
                self.assertEqual(service.descriptors(), descriptors)
            wait_until(all_is_given_back, timeout_s=30, pause_s=0.1)
        growth_kb = grows(samples)
        print(f"{sum(clients.answers)} answers in {SOAK_S} s, "
              f"{samples[0][1]} KB, then {samples[-1][1]} KB: {growth_kb:+.0f} KB")
        self.assertLess(growth_kb, max(NOISE_KB, SLOPE_MAX_KB_PER_H * SOAK_S / 3600))

    def test_growth_is_found(self) -> None:
        self.assertAlmostEqual(grows([(s, 5000) for s in range(300)]), 0)
        self.assertAlmostEqual(grows([(s, 5000 + 4 * s) for s in range(300)]), 1200, delta=10)


if __name__ == "__main__":
    unittest.main()
