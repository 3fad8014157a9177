# SPDX-License-Identifier: Apache-2.0
"""Load that runs beside a test."""
from __future__ import annotations

import asyncio
import threading
import time

import wire


class ClosedLoad:
    """Threads that ask as fast as they are answered, until the block is left. An answer that is
    not understood fails the block."""

    def __init__(self, address: str, requests: list[tuple[str, str]], threads: int) -> None:
        self._address = address
        self._requests = requests
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self.answers = 0

    def __enter__(self) -> ClosedLoad:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._error:
            raise self._error

    def _run(self) -> None:
        answers = 0
        try:
            with wire.Client(self._address) as client:
                while not self._stop.is_set():
                    method, target = self._requests[answers % len(self._requests)]
                    client.request(method, target)
                    answers += 1
        except BaseException as error:  # told by the thread that waits for us
            self._error = error
        with self._lock:
            self.answers += answers


class OpenLoad:
    """Requests at a steady rate, whether they are answered or not: the next one does not wait for
    the last. Runs in a thread of its own for `seconds`, or until stop()."""

    def __init__(self, address: str, target: str, per_second: int, seconds: float) -> None:
        self._endpoint = wire.endpoint(address)
        self._request = wire.message("GET", target, fields="Connection: close\r\n")
        self._interval_s = 1 / per_second
        self._count = int(per_second * seconds)
        self._stopped = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.failures: list[str] = []
        self.sent_at: list[float] = []  # wall clock

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Until all requests are sent and answered."""
        self._thread.join()

    def stop(self) -> None:
        self._stopped = True
        if self._thread.ident is not None:
            self._thread.join()

    def sent_between(self, begin: float, end: float) -> int:
        return sum(begin <= at < end for at in list(self.sent_at))

    async def _run(self) -> None:
        begin = time.monotonic()
        tasks = []
        for number in range(self._count):
            if self._stopped:
                break
            # pace: this is the rate
            await asyncio.sleep(max(0.0, begin + number * self._interval_s - time.monotonic()))
            self.sent_at.append(time.time())
            tasks.append(asyncio.create_task(self._ask()))
        await asyncio.gather(*tasks)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(10):
                reader, writer = await asyncio.open_connection(*self._endpoint)
                writer.write(self._request)
                answer = await reader.read()
                writer.close()
                await writer.wait_closed()
            if not answer.startswith(b"HTTP/1.1 200 OK\r\n"):
                self.failures.append(repr(answer[:80]))
        except (OSError, TimeoutError) as error:
            self.failures.append(repr(error))
