# SPDX-License-Identifier: Apache-2.0
"""Rolling restarts under load, as a Deployment makes them: the new one is ready, the old one gets
SIGTERM, and only up to eight seconds later do its clients hear that it is going. No request fails.
And in a drain, whoever sends at whatever moment gets an answer or a FIN, never a reset."""
from __future__ import annotations

import asyncio
import random
import signal
import time
import unittest
from collections import Counter

import wire
from programs import amount
from service import Service

SEED = 20251129
RESTARTS = amount(quick=3, long=200)
AT_ONCE = amount(quick=3, long=10)  # Deployments, each restarted in turn
ENDPOINT_LAG_S = 8.0  # the longest, see docs/handbook.md
PER_SECOND = 25  # requests, for each Deployment
SENDERS = 500
DRAINS = amount(quick=1, long=20)
DELAY_S = 1.0
LINGER_S = 2.0

REQUEST = wire.message("GET", "/hello")
ANSWER_END = b"\r\n\r\nhello\n"


class Failed(Exception):
    """A request that a client would have to report."""


class Deployment:
    """A service behind a balancer that learns late; and its clients, some of which keep their
    connections. They obey `Connection: close` and ask again, once, when a kept connection was
    closed before a word of the answer: HTTP lets a server do so at any time."""

    def __init__(self, number: int, delay: str) -> None:
        self._source = random.Random(f"{SEED} {number}")
        self._delay = delay
        self._endpoints: list[str] = []
        self._idle: list[tuple[str, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._stopped = False
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []

    async def run(self, restarts: int) -> None:
        old = await self._start()
        clients = asyncio.create_task(self._clients())
        try:
            for _ in range(restarts):
                new = await self._start()
                old.signal(signal.SIGTERM)
                going = old.address
                # pace: this is how late the balancer learns
                await asyncio.sleep(self._source.uniform(0, ENDPOINT_LAG_S))
                self._endpoints.remove(going)
                code = await asyncio.to_thread(old.wait, 60)
                old.kill()
                if code != 0:
                    self.failures.append(f"exit code {code}")
                old = new
        finally:
            self._stopped = True
            await clients
            for _, _, writer in self._idle:
                writer.close()
            await asyncio.to_thread(old.stop)
            old.kill()

    async def _start(self) -> Service:
        service = await asyncio.to_thread(lambda: Service(workers=1, delay=self._delay).ready())
        self._endpoints.append(service.address)
        return service

    async def _clients(self) -> None:
        begin = time.monotonic()
        asked: set[asyncio.Task[None]] = set()
        number = 0
        while not self._stopped:
            number += 1
            # pace: this is the rate, whether requests are answered or not
            await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
            task = asyncio.create_task(self._request())
            asked.add(task)
            task.add_done_callback(asked.discard)
        await asyncio.gather(*asked)

    async def _request(self) -> None:
        try:
            async with asyncio.timeout(60):
                if self._idle and self._source.random() < 0.7:
                    address, reader, writer = self._idle.pop()
                    if await self._ask(address, reader, writer):
                        self.outcomes["answered on a kept connection"] += 1
                        return
                    self.outcomes["closed before it was asked, asked again"] += 1
                address = self._source.choice(self._endpoints)
                reader, writer = await asyncio.open_connection(*wire.endpoint(address))
                if not await self._ask(address, reader, writer):
                    raise Failed("closed without an answer")
                self.outcomes["answered on a new connection"] += 1
        except (OSError, TimeoutError, Failed) as error:
            self.failures.append(repr(error))

    async def _ask(self, address: str, reader: asyncio.StreamReader,
                   writer: asyncio.StreamWriter) -> bool:
        """Whether it was answered; False for a FIN before the first octet."""
        writer.write(REQUEST)
        answer = b""
        while not answer.endswith(ANSWER_END):
            data = await reader.read(65536)
            if not data:
                writer.close()
                if answer:
                    raise Failed(f"cut after {answer!r}")
                return False
            answer += data
        if not answer.startswith(b"HTTP/1.1 200 OK\r\n"):
            raise Failed(f"{answer[:80]!r}")
        if b"\r\nConnection: close\r\n" in answer:
            writer.close()
        else:
            self._idle.append((address, reader, writer))
        return True


async def restart(restarts: int, deployments: int, delay: str) -> tuple[Counter[str], list[str]]:
    made = [Deployment(number, delay) for number in range(deployments)]
    await asyncio.gather(*(one.run(restarts // deployments) for one in made))
    return (sum((one.outcomes for one in made), Counter()),
            [failure for one in made for failure in one.failures])


class Restarts(unittest.TestCase):
    def test_no_request_fails(self) -> None:
        outcomes, failures = asyncio.run(restart(RESTARTS, AT_ONCE, delay="10s"))
        print(f"{RESTARTS} restarts: {dict(outcomes)}")
        self.assertEqual(failures, [])
        self.assertGreater(outcomes["answered on a new connection"], 20 * RESTARTS)
        self.assertGreater(outcomes["answered on a kept connection"], 20 * RESTARTS)

    def test_without_the_delay_requests_fail(self) -> None:
        """Else the test above could not tell."""
        _, failures = asyncio.run(restart(2, 2, delay="0s"))
        self.assertTrue(any("ConnectionRefused" in failure for failure in failures), failures)


class Senders(unittest.TestCase):
    def test_who_sends_while_it_drains_sees_no_reset(self) -> None:
        seen: Counter[str] = Counter()
        for drain in range(DRAINS):
            seen += asyncio.run(self.drain(random.Random(f"{SEED} {drain}")))
        print(f"{DRAINS * SENDERS} senders: {dict(seen)}")
        self.assertEqual(seen.total(), DRAINS * SENDERS)
        self.assertLessEqual(seen.keys(), {"answered", "closed", "reset after its time"})
        self.assertGreater(seen["answered"], 0)
        self.assertGreater(seen["closed"], 0)

    async def drain(self, source: random.Random) -> Counter[str]:
        with Service(delay=f"{DELAY_S:.0f}s") as service:
            service.ready()
            streams = [await asyncio.open_connection(*wire.endpoint(service.address))
                       for _ in range(SENDERS)]
            for _, writer in streams:
                writer.write(REQUEST)
            for reader, _ in streams:  # so that each is accepted, and idle
                await reader.readuntil(ANSWER_END)
            service.signal(signal.SIGTERM)
            begin = time.monotonic()
            outcomes = await asyncio.gather(*(
                self.send(reader, writer, begin, source.uniform(0, DELAY_S + 0.7 * LINGER_S))
                for reader, writer in streams))
            await asyncio.to_thread(service.wait, 30)
        return Counter(outcomes)

    async def send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begin: float,
                   after_s: float) -> str:
        """What became of a request that is sent so long after the signal."""
        # pace: the moment
        await asyncio.sleep(max(0.0, begin + after_s - time.monotonic()))
        try:
            async with asyncio.timeout(60):
                writer.write(REQUEST)
                answer = await reader.read()  # to the FIN
            whole = answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(ANSWER_END)
            return "answered" if whole else f"cut: {answer!r}" if answer else "closed"
        except ConnectionError as error:
            # Two seconds after its FIN it need not be polite any more; a busy machine gets there.
            late = time.monotonic() - begin > DELAY_S + LINGER_S
            return "reset after its time" if late else repr(error)
        finally:
            writer.close()


if __name__ == "__main__":
    unittest.main()
