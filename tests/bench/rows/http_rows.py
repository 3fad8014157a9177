# SPDX-License-Identifier: Apache-2.0
"""Requests by wrk: rate and processor time a request, of whole processes."""
from __future__ import annotations

import dataclasses
import functools
import re
import time
from collections.abc import Callable

import harness
import peers
from harness import Peer, Result, Run, cell
from marks import Mark
from peers import BEAST, FASTHTTP, GO, HYPER, NGINX, OURS, RAW

PIPELINE_LUA = """
init = function(args)
  local r = {}
  for i = 1, DEPTH do r[i] = wrk.format("GET", wrk.path) end
  batch = table.concat(r)
end
request = function() return batch end
"""


def wrk(port: int, path: str, connections: int, seconds: float, pipeline: int = 1,
        core: str = harness.CLIENT_CORE) -> int:
    """Runs the load and gives the number of answers."""
    whole = max(1, round(seconds))  # wrk knows no parts of a second
    options: list[object] = []
    if pipeline > 1:
        script = harness.BUILD / "pipeline.lua"
        script.write_text(PIPELINE_LUA.replace("DEPTH", str(pipeline)))
        options = ["-s", script]
    said = harness.client("wrk", f"-t{core.count(',') + 1}", f"-c{connections}", f"-d{whole}s",
                          "--timeout=10s", *options, f"http://127.0.0.1:{port}{path}", core=core)
    answers = re.search(r"(\d+) requests in", said)
    if not answers:
        raise harness.Failed(f"wrk: {' '.join(said.split())}")
    if refused := re.search(r"Non-2xx.*", said):
        raise harness.Failed(f"wrk: {refused[0]}")
    if errors := re.search(r"Socket errors.*", said):
        harness.say(f"{path}, {connections} connections: {errors[0]}")
    return int(answers[1])


def loaded(peer: Peer, path: str, connections: int, seconds: float, pipeline: int = 1) -> Run:
    """One run: warmed up first, then measured. wrk opens its connections within it, so that many of
    them need a longer one."""
    opening = connections / 8000
    with harness.serving(peer) as (port, process):
        base = harness.resident_bytes(process.pid)
        wrk(port, path, connections, 1 + opening, pipeline)
        cpu, begin = harness.cpu_seconds(process.pid), time.monotonic()
        answers = wrk(port, path, connections, seconds + opening, pipeline)
        if not answers:
            raise harness.Failed("no request was answered")
        elapsed = time.monotonic() - begin
        most = harness.memory_bytes(process.pid, "VmHWM")
        return {"rate": answers / elapsed,
                "cpu_us": (harness.cpu_seconds(process.pid) - cpu) / answers * 1e6,
                "rss_mb": most / 1e6, "grown_mb": max(most - base, 4096) / 1e6}


WORDS = {"rate": "rate", "cpu_us": "CPU", "rss_mb": "most resident memory",
         "grown_mb": "memory beyond an idle process"}


@dataclasses.dataclass(frozen=True)
class Goal:
    """Of ours to a peer's: the least of `rate`, the most of other figures."""
    number: int
    peer: str
    figure: str
    value: float

    def mark(self, of: Result, where: str) -> Mark:
        return Mark(f"{self.number}: {WORDS[self.figure]} : {self.peer}'s, {where}",
                    of[self.peer][self.figure + "_ratio"], self.value, self.figure == "rate")


@dataclasses.dataclass(frozen=True)
class HttpRow:
    """The first peer is ours."""
    title: str
    where: str  # in the names of the goals
    path: str
    connections: int
    peers: Callable[[], dict[str, Peer]]
    goals: tuple[Goal, ...]
    pipeline: int = 1

    def measure(self, repeats: int, seconds: float) -> Result:
        runs = {name: functools.partial(loaded, peer, self.path, self.connections, seconds,
                                        self.pipeline) for name, peer in self.peers().items()}
        found = harness.rounds(self.title, repeats, runs)
        return harness.beside(found, *WORDS)

    def table(self, result: Result) -> list[str]:
        ours = next(iter(result))
        rows = [("server", "requests/s", "CPU µs a request", "most resident MB", "MB beyond idle",
                 f"{ours}'s rate : its", f"{ours}'s CPU : its")]
        for name, s in result.items():
            of_it = ("–", "–") if name == ours else (cell(s["rate_ratio"]),
                                                     cell(s["cpu_us_ratio"]))
            rows.append((name, f"{s['rate']['median']:,.0f}", cell(s["cpu_us"]),
                         f"{s['rss_mb']['median']:.1f}", f"{s['grown_mb']['median']:.1f}",
                         *of_it))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        found = [goal.mark(result, self.where) for goal in self.goals if goal.peer in result]
        judged = {goal.peer for goal in self.goals if goal.figure == "cpu_us"}
        return found + [Mark(f"CPU : {peer}'s, {self.where}", s["cpu_us_ratio"])
                        for peer, s in result.items() if "cpu_us_ratio" in s and peer not in judged]


@dataclasses.dataclass(frozen=True)
class WorkersRow:
    """Whether a second worker costs the first anything: the processor time of a request."""
    title: str
    path: str = "/status/200"
    connections: int = 64

    def measure(self, repeats: int, seconds: float) -> Result:
        runs = {"1": functools.partial(self.run, 1, seconds),
                "2": functools.partial(self.run, 2, seconds)}
        found = harness.rounds(self.title, repeats, runs)
        costs = {workers: [run["cpu_us"] for run in of] for workers, of in found.items()}
        return {**{workers: harness.spreads(of) for workers, of in found.items()},
                "scale": harness.spread([2 * one / two for one, two in zip(costs["1"], costs["2"],
                                                                           strict=True)])}

    def run(self, workers: int, seconds: float) -> Run:
        """Server and client have both cores in either case, so that they disturb each other
        alike; only the number of workers differs."""
        peer = Peer(functools.partial(peers.ours, workers=workers))
        with harness.serving(peer, core=harness.BOTH_CORES) as (port, process):
            both = harness.BOTH_CORES
            wrk(port, self.path, self.connections, 1, core=both)
            cpu, begin = harness.cpu_seconds(process.pid), time.monotonic()
            answers = wrk(port, self.path, self.connections, seconds, core=both)
            return {"rate": answers / (time.monotonic() - begin),
                    "cpu_us": (harness.cpu_seconds(process.pid) - cpu) / answers * 1e6}

    def table(self, result: Result) -> list[str]:
        rows = [("workers", "requests/s (client on the same cores)", "CPU µs a request")]
        for workers in ("1", "2"):
            s = result[workers]
            rows.append((workers, f"{s['rate']['median']:,.0f}", cell(s["cpu_us"])))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark("14: what 2 workers do in the time of 1", result["scale"], 1.9, True)]


def small_get_goals() -> tuple[Goal, ...]:
    return (Goal(7, RAW, "rate", 0.92), Goal(7, RAW, "cpu_us", 1.1),
            Goal(8, NGINX, "cpu_us", 0.95), Goal(8, HYPER, "cpu_us", 1.0),
            Goal(8, GO, "cpu_us", 0.42))


def hello_goals() -> tuple[Goal, ...]:
    return (Goal(10, GO, "cpu_us", 0.33), Goal(10, HYPER, "cpu_us", 0.8),
            Goal(10, GO, "grown_mb", 0.06), Goal(10, HYPER, "grown_mb", 0.1))


def everyone() -> dict[str, Peer]:
    return peers.named(OURS, RAW, NGINX, HYPER, GO, FASTHTTP, BEAST)


def those_that_sleep() -> dict[str, Peer]:
    return peers.named(OURS, HYPER, GO, FASTHTTP, BEAST)


def counted_and_not() -> dict[str, Peer]:
    return {"counted": peers.program("series-server", 1),
            "not counted": peers.program("series-server-mute", 1)}


ROWS = {
    "get-64": HttpRow("Small GET, keep-alive, 64 connections", "64 connections", "/status/200", 64,
                      everyone, small_get_goals()),
    "get-512": HttpRow("Small GET, keep-alive, 512 connections", "512 connections", "/status/200",
                       512, everyone, small_get_goals()),
    "pipeline-16": HttpRow("Small GET, 64 connections, 16 requests pipelined", "pipelined",
                           "/status/200", 64, everyone,
                           (Goal(9, RAW, "rate", 0.5), Goal(9, HYPER, "rate", 1.1),
                            Goal(9, NGINX, "rate", 3), Goal(9, GO, "rate", 6)), 16),
    "hello-1000": HttpRow("/hello (0–99 ms sleep), 1,000 connections", "1,000 sleepers", "/hello",
                          1000, those_that_sleep, hello_goals()),
    "hello-8000": HttpRow("/hello (0–99 ms sleep), 8,000 connections", "8,000 sleepers", "/hello",
                          8000, those_that_sleep,
                          (*hello_goals(), Goal(10, GO, "rss_mb", 0.06),
                           Goal(10, HYPER, "rss_mb", 0.1))),
    "muted": HttpRow("What counting a request costs: the same server without it", "64 connections",
                     "/status/200", 64, counted_and_not, (Goal(12, "not counted", "rate", 0.98),)),
    "workers": WorkersRow("Small GET, 64 connections: one worker and two"),
}
