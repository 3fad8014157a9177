# SPDX-License-Identifier: Apache-2.0
"""How long an answer takes: requests at a steady rate, the same for all, each timed from when it
was due. A server that stalls is not asked less, as it is by a client that waits for answers."""
from __future__ import annotations

import dataclasses
import functools
import json

import harness
import http_rows
import peers
import plots
from harness import Peer, Result, Run, cell
from marks import Mark
from peers import BEAST, FASTHTTP, GO, HYPER, NGINX, OURS, RAW

CONNECTIONS = 64
PATH = "/status/200"
QUANTILES = {"p10": 10, "p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "p995": 99.5,
             "p999": 99.9, "p9999": 99.99}
LONGEST_S = 20  # after 10,000 requests a server may close a connection


def timed(peer: Peer, per_second: int, seconds: float, *scraping: str) -> Run:
    """`scraping`: a path and an encoding, asked for once a second on a connection more."""
    with harness.serving(peer) as (port, _):
        least = min(seconds, LONGEST_S, 9_000 * CONNECTIONS / per_second)
        return json.loads(harness.client(harness.BUILD / "tests/bench/open-loop", port, PATH,
                                         per_second, least, CONNECTIONS, *scraping))


def peak(peer: Peer) -> float:
    return http_rows.loaded(peer, PATH, CONNECTIONS, 1)["rate"]


@dataclasses.dataclass(frozen=True)
class LatencyRow:
    title: str
    share_of_peak: float

    def measure(self, repeats: int, seconds: float) -> Result:
        known = peers.named(OURS, RAW, NGINX, HYPER, GO, FASTHTTP, BEAST)
        slowest = min(peak(peer) for peer in known.values())
        per_second = max(1000, int(slowest * self.share_of_peak) // 1000 * 1000)
        harness.say(f"{self.title}: {per_second:,} requests a second")
        runs = {name: functools.partial(timed, peer, per_second, max(2.0, seconds))
                for name, peer in known.items()}
        return {"per_second": per_second,
                "servers": harness.beside(harness.rounds(self.title, repeats, runs), "p50", "p99",
                                          "p999")}

    def table(self, result: Result) -> list[str]:
        rows = [("server", "p50 µs", "p90 µs", "p99 µs", "p99.9 µs", "longest µs",
                 f"{OURS}'s p99 : its")]
        for name, s in result["servers"].items():
            rows.append((name, *(cell(s[key], 0) for key in ("p50", "p90", "p99", "p999", "max")),
                         cell(s.get("p99_ratio"))))
        return harness.table_of(f"{self.title} ({result['per_second']:,} a second)", *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark(f"p50 : {name}'s", s["p50_ratio"])
                for name, s in result["servers"].items() if "p50_ratio" in s]

    def plot(self, result: Result) -> plots.Plot:
        lines = {name: {share: s[key]["median"] for key, share in QUANTILES.items()}
                 for name, s in result["servers"].items()}
        return plots.Plot(
            file="latency.svg",
            title=f"Small GETs at {result['per_second']:,} a second: time from due to answered",
            x="% of requests that are answered within", y="µs", lines=lines, log_y=True,
            shares=True)


ROWS = {"latency": LatencyRow("Small GETs at a steady rate, 64 connections", 0.6)}
