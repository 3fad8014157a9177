# SPDX-License-Identifier: Apache-2.0
"""The servers that the functional tests run: the service itself, and one with series to scrape."""
from __future__ import annotations

import os
import signal
from typing import Any, Self

import wire
from programs import Program, log_field, sanitizer_report, wait_until

DEMO_CPP = os.environ["DEMO_CPP"]
SCRAPE_SERVER = os.environ["SCRAPE_SERVER"]


class Server(Program):
    """A program that says where it listens. As a context manager it must end with exit code 0 when
    it is asked to, and without a word of a sanitizer."""

    def __init__(self, command: list[str], **options: Any) -> None:
        super().__init__(command, **options)
        try:
            line = wait_until(lambda: self.logged("msg=listening"), timeout_s=60)
        except AssertionError:
            self.kill()
            raise
        self.address = log_field(line, "address")

    def ready(self) -> Self:
        """It listens a moment before it is ready."""
        def probe() -> None:
            status = wire.get(self.address, "/readyz").status
            assert status == 200, f"/readyz: {status}"
        wait_until(probe)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                code = self.stop()
                assert code == 0, f"exit code {code}; log:\n{self.log()}"
                assert not sanitizer_report(self.log()), self.log()
        finally:
            self.kill()

    def stop(self, timeout_s: float = 20) -> int:
        if not self.signalled:  # a second signal would end it at once
            self.signal(signal.SIGTERM)
        return self.wait(timeout_s)


class Service(Server):
    """demo-cpp on a port of the kernel's choice."""

    def __init__(self, *flags: str, listen: str = "127.0.0.1:0", workers: int = 2,
                 delay: str = "0s", last_scrape: str = "0s", **options: Any) -> None:
        super().__init__([DEMO_CPP, f"--web.listen-address={listen}", f"--server.workers={workers}",
                          f"--shutdown.delay={delay}", f"--shutdown.last-scrape={last_scrape}",
                          *flags], **options)


class ScrapeServer(Server):
    """scrape_server.cpp with so many series."""

    def __init__(self, series: int = 0) -> None:
        super().__init__([SCRAPE_SERVER, str(series)])
