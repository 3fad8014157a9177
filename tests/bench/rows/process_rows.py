# SPDX-License-Identifier: Apache-2.0
"""What a request asks of kernel and allocator, counted; and how soon the server is there."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable

import harness
from harness import Peer, Result, cell

REQUEST = b"GET /status/200 HTTP/1.1\r\nHost: bench\r\n\r\n"


def ask(port: int, rounds: int, pipelined: int) -> None:
    """Rounds of as many requests at once on one connection, each awaited."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(REQUEST)
        length = len(connection.recv(65536))
        for _ in range(rounds):
            connection.sendall(REQUEST * pipelined)
            left = length * pipelined
            while left > 0:
                data = connection.recv(left)
                if not data:
                    harness.fail("the server closed the connection")
                left -= len(data)


def twice(count: Callable[[int, int], Counter], pipelined: int) -> Counter:
    """What one request adds: the difference of a long run and a short one."""
    short, long = 100, 600  # rounds; a connection is closed after 10,000 requests
    first, second = count(short, pipelined), count(long, pipelined)
    requests = (long - short) * pipelined
    return Counter({key: (second[key] - first[key]) / requests for key in first | second})


def system_calls(rounds: int, pipelined: int) -> Counter:
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "calls"
        with harness.serving(Peer(harness.demo_cpp), ("strace", "-f", "-c", "-o", str(log))) as (
                port, process):
            try:
                ask(port, rounds, pipelined)
            finally:
                stop_child(process.pid)
                process.wait(20)
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$",
                          log.read_text(), re.MULTILINE)
    return Counter({name: int(calls) for calls, name in rows if name != "total"})


def stop_child(pid: int) -> None:
    """Ends what strace runs, not strace: it has the figures, and would leave its child behind."""
    child = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGTERM)


def allocations(rounds: int, pipelined: int) -> Counter:
    """Asks jemalloc, which says at the end how often it was asked."""
    with harness.serving(Peer(harness.demo_cpp), MALLOC_CONF="stats_print:true,stats_print_opts:J"
                         ) as (port, process):
        ask(port, rounds, pipelined)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[1].decode("utf-8", "replace")
    report = json.JSONDecoder().raw_decode(said[said.index("{"):])[0]
    arenas = report["jemalloc"]["stats.arenas"]
    merged = arenas["merged" if "merged" in arenas else "0"]  # if there is but one
    return Counter({"allocations": merged["small"]["nrequests"] + merged["large"]["nrequests"]})


@dataclasses.dataclass(frozen=True)
class PerRequestRow:
    title: str

    def measure(self, _repeats: int, _seconds: float) -> Result:
        """Counts, not times: one run is exact enough."""
        result: Result = {}
        for name, pipelined in (("one at a time", 1), ("16 pipelined", 16)):
            counted = Counter()
            if shutil.which("strace"):
                calls = twice(system_calls, pipelined)
                counted.update({"calls": sum(calls.values()), "futex": calls["futex"],
                                "send": calls["sendmsg"] + calls["sendto"] + calls["writev"]})
            else:
                harness.say(f"no strace here: {self.title} goes without system calls")
            try:
                counted.update(twice(allocations, pipelined))
            except (ValueError, KeyError) as why:
                harness.say(f"jemalloc did not say how often it was asked ({why!r})")
            result[name] = dict(counted)
        return result

    def table(self, result: Result) -> list[str]:
        rows = [("requests", "allocations", "system calls", "sends", "futex calls")]
        for name, s in result.items():
            rows.append((name, *(f"{s[key]:.3f}" if key in s else "–"
                                 for key in ("allocations", "calls", "send", "futex"))))
        return harness.table_of(self.title, *rows)


@dataclasses.dataclass(frozen=True)
class StartRow:
    """From the start of the process to its first answer."""
    title: str
    peers: tuple[tuple[str, str], ...] = (("demo-cpp", "/readyz"), ("Go", "/status/200"))

    def measure(self, repeats: int, _seconds: float) -> Result:
        known = harness.present({"demo-cpp": Peer(harness.demo_cpp), "Go": harness.go_peer()})
        runs: dict[str, list[float]] = {}
        for _ in range(4 * repeats):
            for name, path in self.peers:
                if name in known:
                    runs.setdefault(name, []).append(self.run(known[name], path))
        return {name: harness.spread(times) for name, times in runs.items()}

    @staticmethod
    def run(peer: Peer, path: str) -> float:
        request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
        with harness.on_client_core():
            begin = time.monotonic()
            with harness.serving(peer) as (port, _):
                while True:
                    with socket.create_connection(("127.0.0.1", port), 10) as connection:
                        connection.sendall(request)
                        if connection.recv(64).startswith(b"HTTP/1.1 200"):
                            return (time.monotonic() - begin) * 1e3

    def table(self, result: Result) -> list[str]:
        return harness.table_of(self.title, ("server", "ms"),
                                *((name, cell(s, 1)) for name, s in result.items()))


ROWS = {
    "per-request": PerRequestRow("What one small request asks for"),
    "start": StartRow("From the start to the first answer"),
}
