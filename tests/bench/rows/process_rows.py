# SPDX-License-Identifier: Apache-2.0
"""What a request asks of kernel and allocator, counted; how soon the server is there, and how
large."""
from __future__ import annotations

import dataclasses
import functools
import gzip
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable

import harness
import peers
from harness import Peer, Result, Run, cell
from marks import Mark, exactly
from peers import GO, OURS

STARTS = 4  # in each round: they are short


# --- a request ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Shape:
    """Rounds in which each connection asks, all are awaited. A connection is closed after 10,000
    requests."""
    path: str
    connections: int
    pipelined: int
    short: int  # rounds
    long: int

    def requests(self, rounds: int) -> int:
        return rounds * self.connections * self.pipelined

    def ask(self, port: int, rounds: int) -> None:
        request = f"GET {self.path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
        connections = [socket.create_connection(("127.0.0.1", port), 10)
                       for _ in range(self.connections)]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[0].sendall(request)
        length = len(connections[0].recv(65536))  # all answers are as long
        for _ in range(rounds):
            for connection in connections:
                connection.sendall(request * self.pipelined)
            for connection in connections:
                self.read(connection, length * self.pipelined)
        for connection in connections:
            connection.close()

    @staticmethod
    def read(connection: socket.socket, left: int) -> None:
        while left > 0:
            data = connection.recv(left)
            if not data:
                raise harness.Failed("the server closed the connection")
            left -= len(data)


SHAPES = {"one at a time": Shape("/status/200", 1, 1, 100, 600),
          "16 pipelined": Shape("/status/200", 1, 16, 100, 600),
          "of 64 connections": Shape("/status/200", 64, 1, 20, 120),
          "/hello, 1,000 connections": Shape("/hello", 1000, 1, 2, 8)}


def more(count: Callable[[Shape, int], Counter], shape: Shape) -> Counter:
    """What one request adds: the difference of a long run and a short one."""
    first, second = count(shape, shape.short), count(shape, shape.long)
    requests = shape.requests(shape.long) - shape.requests(shape.short)
    return Counter({key: (second[key] - first[key]) / requests for key in first | second})


def system_calls(shape: Shape, rounds: int) -> Counter:
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "calls"
        with harness.serving(Peer(peers.ours), ("strace", "-f", "-c", "-o", str(log))) as (
                port, process):
            try:
                shape.ask(port, rounds)
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


def allocations(shape: Shape, rounds: int) -> Counter:
    """Asks jemalloc, which says at the end how often it was asked."""
    with harness.serving(Peer(peers.ours), MALLOC_CONF="stats_print:true,stats_print_opts:J"
                         ) as (port, process):
        shape.ask(port, rounds)
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
        if not shutil.which("strace"):
            harness.say(f"no strace here: {self.title} goes without system calls")
        return {name: self.counted(shape) for name, shape in SHAPES.items()}

    def counted(self, shape: Shape) -> dict[str, float]:
        counted: dict[str, float] = {}
        if shutil.which("strace"):
            calls = more(system_calls, shape)
            counted.update(calls=sum(calls.values()), futex=calls["futex"],
                           waits=calls["epoll_wait"] + calls["epoll_pwait"],
                           send=calls["sendmsg"] + calls["sendto"] + calls["writev"])
        try:
            counted.update(more(allocations, shape))
        except (ValueError, KeyError) as why:
            harness.say(f"jemalloc did not say how often it was asked ({why!r})")
        harness.say(f"{self.title}: {shape.path}, {shape.connections} connections")
        return counted

    def table(self, result: Result) -> list[str]:
        rows = [("requests", "allocations", "system calls", "of them epoll_wait", "sends",
                 "futex calls")]
        for name, s in result.items():
            rows.append((name, *(f"{s[key] + 0.0:.3f}" if key in s else "–"
                                 for key in ("allocations", "calls", "waits", "send", "futex"))))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        found = []
        for name, s in result.items():
            sleeps, pipelined = "hello" in name, "pipelined" in name
            goals = {"allocations": 1 if sleeps else 0, "futex": 0,
                     "send": 1 / 16 if pipelined else 1}
            if "calls" in s and not sleeps:
                goals["calls"] = 4 + min(1, s["waits"])
            found += [Mark(f"15: {'system calls' if key == 'calls' else key}, {name}",
                           exactly(round(s[key], 2) + 0.0), goal)  # no -0
                      for key, goal in goals.items() if key in s]
        return found


# --- a process ------------------------------------------------------------------------------------


def first_answer(peer: Peer, path: str) -> Run:
    """From the start of the process to its first answer, and what it holds then."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
    with harness.on_client_core():
        begin = time.monotonic()
        with harness.serving(peer) as (port, process):
            while time.monotonic() < begin + 30:
                with socket.create_connection(("127.0.0.1", port), 10) as connection:
                    connection.sendall(request)
                    if connection.recv(64).startswith(b"HTTP/1.1 200"):
                        ms = (time.monotonic() - begin) * 1e3
                        return {"ms": ms, "rss_mb": harness.settled_bytes(process.pid) / 1e6}
            raise harness.Failed(f"{path} is not answered with 200")


@dataclasses.dataclass(frozen=True)
class StartRow:
    title: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        known = peers.named(OURS, GO)
        paths = {OURS: "/readyz", GO: "/status/200"}
        runs = {name: functools.partial(first_answer, peer, paths[name])
                for name, peer in known.items()}
        return harness.beside(harness.rounds(self.title, STARTS * repeats, runs), "ms", "rss_mb")

    def table(self, result: Result) -> list[str]:
        return harness.table_of(self.title, ("server", "ms", "resident MB"),
                                *((name, cell(s["ms"], 1), cell(s["rss_mb"], 1))
                                  for name, s in result.items()))

    def marks(self, result: Result) -> list[Mark]:
        found = [Mark("16: ms from start to ready", result[OURS]["ms"], 50)]
        if GO in result:
            found += [Mark(f"17: cold start : {GO}'s", result[GO]["ms_ratio"], 0.5),
                      Mark(f"17: resident memory : {GO}'s", result[GO]["rss_mb_ratio"], 0.3)]
        return found


# --- an image -------------------------------------------------------------------------------------


def layers_of(image: pathlib.Path) -> tuple[int, int]:
    """Octets of an OCI archive's layers as they go over the network, and unpacked."""
    packed = unpacked = 0
    with tarfile.open(image) as archive:
        def blob(digest: str) -> bytes:
            return archive.extractfile("blobs/" + digest.replace(":", "/")).read()
        index = json.load(archive.extractfile("index.json"))
        for layer in json.loads(blob(index["manifests"][0]["digest"]))["layers"]:
            octets = blob(layer["digest"])
            packed += len(octets)
            unpacked += len(gzip.decompress(octets) if octets[:2] == b"\x1f\x8b" else octets)
    return packed, unpacked


def image_of_ours() -> tuple[int, int]:
    harness.say("building the image (scripts/image)")
    run = subprocess.run([harness.ROOT / "scripts/image"], capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        raise harness.Failed(run.stderr.strip().splitlines()[-1] if run.stderr.strip() else
                             "scripts/image failed")
    return layers_of(harness.ROOT / "build/image/demo-cpp.tar")


def image_of(binary: pathlib.Path) -> tuple[int, int]:
    """A layer with nothing but a static program: the least that an image of it can be."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.add(binary, "demo")
    return len(gzip.compress(layer.getvalue())), len(layer.getvalue())


@dataclasses.dataclass(frozen=True)
class ImageRow:
    title: str

    def measure(self, _repeats: int, _seconds: float) -> Result:
        sizes = {OURS: image_of_ours()}
        if go := peers.go_program("demo"):
            sizes[f"{GO}, the program alone"] = image_of(go)
        return {name: {"packed_mb": packed / 1e6, "unpacked_mb": unpacked / 1e6}
                for name, (packed, unpacked) in sizes.items()}

    def table(self, result: Result) -> list[str]:
        return harness.table_of(self.title, ("image", "MB to fetch (gzip)", "MB unpacked"),
                                *((name, f"{s['packed_mb']:.1f}", f"{s['unpacked_mb']:.1f}")
                                  for name, s in result.items()))

    def marks(self, result: Result) -> list[Mark]:
        ours = result[OURS]
        return [Mark(f"17: {words} : {name}", exactly(ours[key] / s[key]), 0.5)
                for name, s in result.items() if s is not ours
                for key, words in (("packed_mb", "image to fetch"),
                                   ("unpacked_mb", "image unpacked"))]


ROWS = {
    "per-request": PerRequestRow("What one small request asks for"),
    "start": StartRow("From the start to the first answer, and memory then"),
    "image": ImageRow("The image"),
}
