# SPDX-License-Identifier: Apache-2.0
"""Small requests, by wrk: rate and processor time a request, of whole processes."""
from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable

import harness
from harness import Peer, Result, cell

PIPELINE_LUA = """
init = function(args)
  local r = {}
  for i = 1, DEPTH do r[i] = wrk.format("GET", wrk.path) end
  batch = table.concat(r)
end
request = function() return batch end
"""


def all_peers() -> dict[str, Peer | None]:
    return {"demo-cpp": Peer(harness.demo_cpp),
            "raw epoll": Peer(harness.bench_program("raw-epoll")),
            "Go net/http + client_golang": harness.go_peer()}


def that_sleep() -> dict[str, Peer | None]:
    return {name: peer for name, peer in all_peers().items() if name != "raw epoll"}


def counted_and_not() -> dict[str, Peer | None]:
    return {"counted": Peer(harness.bench_program("series-server", 1)),
            "not counted": Peer(harness.bench_program("series-server-mute", 1))}


@dataclasses.dataclass(frozen=True)
class HttpRow:
    """The first peer is ours."""
    title: str
    path: str
    connections: int
    pipeline: int = 1
    peers: Callable[[], dict[str, Peer | None]] = all_peers

    def measure(self, repeats: int, seconds: float) -> Result:
        runs: dict[str, list[dict[str, float]]] = {}
        peers = harness.present(self.peers())
        for number in range(repeats):
            for name, peer in peers.items():
                runs.setdefault(name, []).append(self.run(peer, seconds))
            harness.say(f"{self.title}: round {number + 1} of {repeats}")
        ours = next(iter(runs.values()))
        result: Result = {}
        for name, theirs in runs.items():
            result[name] = {key: harness.spread([run[key] for run in theirs]) for key in theirs[0]}
            for key in ("rate", "cpu_us"):
                result[name][key + "_ratio"] = harness.ratios([run[key] for run in ours],
                                                              [run[key] for run in theirs])
        return result

    def run(self, peer: Peer, seconds: float) -> dict[str, float]:
        with harness.serving(peer) as (port, process):
            self.wrk(port, 0.5)
            cpu, begin = harness.cpu_seconds(process.pid), time.monotonic()
            answers = self.wrk(port, seconds)
            elapsed = time.monotonic() - begin
            return {"rate": answers / elapsed,
                    "cpu_us": (harness.cpu_seconds(process.pid) - cpu) / answers * 1e6,
                    "rss_mb": harness.resident_bytes(process.pid) / 1e6}

    def wrk(self, port: int, seconds: float) -> int:
        """Runs the load and gives the number of answers."""
        options = []
        if self.pipeline > 1:
            script = harness.BUILD / "pipeline.lua"
            script.write_text(PIPELINE_LUA.replace("DEPTH", str(self.pipeline)))
            options = ["-s", script]
        run = harness.client("wrk", "-t1", f"-c{self.connections}", f"-d{max(1, round(seconds))}s",
                             *options, f"http://127.0.0.1:{port}{self.path}")
        answers = re.search(r"(\d+) requests in", run.stdout)
        if not answers:
            harness.fail(f"wrk: {run.stdout}{run.stderr}")
        if errors := re.search(r"Non-2xx.*|Socket errors.*", run.stdout):
            harness.say(f"{self.title}: {errors[0]}")
        return int(answers[1])

    def table(self, result: Result) -> list[str]:
        ours = next(iter(result))
        rows = [("server", "requests/s", "CPU µs a request", "resident MB", f"{ours}'s rate : its",
                 f"{ours}'s CPU : its")]
        for name, s in result.items():
            of_it = ("–", "–") if name == ours else (cell(s["rate_ratio"]),
                                                     cell(s["cpu_us_ratio"]))
            rows.append((name, f"{s['rate']['median']:,.0f}", cell(s["cpu_us"]),
                         f"{s['rss_mb']['median']:.1f}", *of_it))
        return harness.table_of(self.title, *rows)


ROWS = {
    "get-64": HttpRow("small GET, keep-alive, 64 connections", "/status/200", 64),
    "get-512": HttpRow("small GET, keep-alive, 512 connections", "/status/200", 512),
    "pipeline-16": HttpRow("the same, 64 connections, 16 requests pipelined", "/status/200", 64,
                           16),
    "hello-1000": HttpRow("/hello (0–99 ms sleep), 1,000 connections", "/hello", 1000, 1,
                          that_sleep),
    "muted": HttpRow("what counting a request costs: the same server without it", "/status/200",
                     64, 1, counted_and_not),
}
