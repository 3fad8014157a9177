# SPDX-License-Identifier: Apache-2.0
"""What connections cost that are kept and say nothing: resident memory of the process."""
from __future__ import annotations

import contextlib
import dataclasses
import functools
import select
import socket
import struct
from collections.abc import Iterator

import harness
import peers
import plots
from harness import Peer, Result, Run
from marks import Mark
from peers import BEAST, GO, HYPER, NGINX, OURS

REQUEST = b"GET /status/200 HTTP/1.1\r\nHost: bench\r\n\r\n"
COUNTS = (1_000, 5_000, 10_000, 18_000)
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; Python has no name for it
BATCH = 250  # opened before the first of them is read
SPARE_DESCRIPTORS = 300  # what either side needs besides
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # else each port is taken for another minute


class IdleConnections:
    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets: list[socket.socket] = []

    def grow_to(self, count: int) -> None:
        """Each has been answered once."""
        try:
            while len(self._sockets) < count:
                first = len(self._sockets)
                for _ in range(min(BATCH, count - first)):
                    self._open()
                for fresh in self._sockets[first:]:
                    if not fresh.recv(4096).startswith(b"HTTP/1.1 200"):
                        raise harness.Failed(f"of connections {first} and on, one is not served")
        except OSError as why:
            raise harness.Failed(f"connection {len(self._sockets)}: {why}") from None

    def _open(self) -> None:
        fresh = socket.socket()
        fresh.settimeout(10)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        # From another address each few thousand: the more ports of one are taken, the longer the
        # kernel looks for a free one.
        fresh.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        fresh.bind((f"127.0.0.{2 + len(self._sockets) // 4000}", 0))
        self._sockets.append(fresh)
        fresh.connect(("127.0.0.1", self._port))
        fresh.sendall(REQUEST)

    def expect_open(self) -> None:
        """A server that closed some of them must not look frugal."""
        poll = select.poll()
        for each in self._sockets:
            poll.register(each, select.POLLIN)
        if closed := len(poll.poll(0)):
            raise harness.Failed(f"{closed} of {len(self._sockets)} connections were closed")

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@contextlib.contextmanager
def idle_connections(port: int) -> Iterator[IdleConnections]:
    connections = IdleConnections(port)
    try:
        yield connections
    finally:
        connections.close()


def growth(peer: Peer, counts: tuple[int, ...]) -> Run:
    """Bytes beyond what the process had with one connection, for each count."""
    with (harness.serving(peer) as (port, process), harness.on_client_core(),
          idle_connections(port) as connections):
        connections.grow_to(1)
        base, run = harness.settled_bytes(process.pid), {}
        for count in counts:
            connections.grow_to(count)
            run[str(count)] = float(harness.settled_bytes(process.pid) - base)
            connections.expect_open()
        return run


@dataclasses.dataclass(frozen=True)
class IdleRow:
    title: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        most = harness.raise_descriptor_limit() - SPARE_DESCRIPTORS
        counts = tuple(sorted({min(count, most) for count in COUNTS}))
        if most < COUNTS[-1]:
            harness.say(f"{self.title}: descriptors are limited, so {most} are the most")
        runs = {name: functools.partial(growth, peer, counts) for name, peer in
                peers.named(OURS, NGINX, HYPER, GO, BEAST).items()}
        return harness.beside(harness.rounds(self.title, repeats, runs), *map(str, counts))

    @staticmethod
    def counts(result: Result) -> list[str]:
        return [key for key in result[OURS] if key.isdecimal()]

    def table(self, result: Result) -> list[str]:
        counts = self.counts(result)
        rows = [("server", *(f"bytes each, {int(count):,}" for count in counts),
                 f"{OURS}'s : its, {int(counts[-1]):,}")]
        for name, s in result.items():
            each = (f"{s[count]['median'] / int(count):,.0f}" for count in counts)
            rows.append((name, *each, harness.cell(s.get(counts[-1] + "_ratio"), 3)))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        counts = self.counts(result)
        found = [Mark(f"11: bytes : {peer}'s, {int(count):,} idle",
                      result[peer][count + "_ratio"], goal)
                 for count in counts[-2:]
                 for peer, goal in ((GO, 0.06), (HYPER, 0.1), (NGINX, 2)) if peer in result]
        return found + [Mark("16: bytes of a connection more, late : early",
                             self.late_to_early(result[OURS], counts), 1.1)]

    @staticmethod
    def late_to_early(ours: Result, counts: list[str]) -> dict[str, float]:
        """The slope of the last step to that of all before it: 1 if growth is linear. Of the
        medians: the steps of a run lie on the same pages."""
        first, middle, last = counts[0], counts[-2], counts[-1]

        def slope(a: str, b: str) -> float:
            return (ours[b]["median"] - ours[a]["median"]) / (int(b) - int(a))
        ratio = slope(middle, last) / slope(first, middle)
        return {"median": ratio, "low": ratio, "high": ratio}

    def plot(self, result: Result) -> plots.Plot:
        lines = {name: {int(count): s[count]["median"] / 1e6 for count in self.counts(result)}
                 for name, s in result.items()}
        return plots.Plot(file="idle-connections.svg", title="Idle keep-alive connections",
                          x="connections", y="resident memory they take, MB", lines=lines)


ROWS = {"idle": IdleRow("Idle keep-alive connections, each answered once")}
