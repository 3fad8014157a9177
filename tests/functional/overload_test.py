# SPDX-License-Identifier: Apache-2.0
"""Three times as much work as can be done: as much is done as before, and who is refused learns it
at once."""
from __future__ import annotations

import asyncio
import statistics
import time
import unittest

import wire
from service import Service

PLACES = 20
WORK_MS = 200
PEAK_PER_S = PLACES * 1000 / WORK_MS
SECONDS = 8.0
GOODPUT_MIN = 0.9


class Offered:
    """Requests at a steady rate over connections that stay, whatever becomes of them."""

    def __init__(self, address: str, per_second: float) -> None:
        self._endpoint = wire.endpoint(address)
        self._interval_s = 1 / per_second
        self._count = int(per_second * SECONDS)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.done_at: list[float] = []
        self.refused_after_s: list[float] = []

    async def run(self) -> None:
        begin = time.monotonic()
        tasks = []
        for number in range(self._count):
            # pace: this is the rate
            await asyncio.sleep(max(0.0, begin + number * self._interval_s - time.monotonic()))
            tasks.append(asyncio.create_task(self._ask()))
        await asyncio.gather(*tasks)
        for _, writer in self._idle:
            writer.close()

    async def _ask(self) -> None:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(
            *self._endpoint)
        begin = time.monotonic()
        writer.write(wire.message("GET", f"/delay/{WORK_MS}"))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        self._idle.append((reader, writer))
        if head.startswith(b"HTTP/1.1 200 "):
            self.done_at.append(time.monotonic())
            return
        assert head.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 1\r\n" in head, head
        assert b"Connection: close" not in head, head
        self.refused_after_s.append(time.monotonic() - begin)

    def goodput_per_s(self) -> float:
        """In the time when all places were taken."""
        begin = self.done_at[0]
        end = begin + SECONDS - 2 * WORK_MS / 1000
        return sum(begin <= at < end for at in self.done_at) / (end - begin)


class Overload(unittest.TestCase):
    def offer(self, factor: float) -> Offered:
        with Service(f"--limit.waiting-requests={PLACES}", workers=1) as service:
            service.ready()
            load = Offered(service.address, factor * PEAK_PER_S)
            asyncio.run(load.run())
            return load

    def test_goodput(self) -> None:
        within = self.offer(0.5)  # without overload hardly any is refused, or the rest says nothing
        self.assertLess(len(within.refused_after_s), len(within.done_at) / 10)
        beyond = self.offer(3)
        goodput = beyond.goodput_per_s() / PEAK_PER_S
        refused_s = statistics.median(beyond.refused_after_s)
        print(f"  goodput at 3 x: {100 * goodput:.1f} % of peak, refused after"
              f" {1000 * refused_s:.1f} ms", flush=True)
        self.assertGreaterEqual(goodput, GOODPUT_MIN)
        self.assertGreater(len(beyond.refused_after_s), len(beyond.done_at))
        self.assertLess(refused_s, WORK_MS / 1000)


if __name__ == "__main__":
    unittest.main()
