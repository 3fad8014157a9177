# SPDX-License-Identifier: Apache-2.0
"""Scrapes of many series: what one costs the server, what it costs others, and how it grows."""
from __future__ import annotations

import dataclasses
import http.client
import json
import time
import zlib
from collections.abc import Iterator

import harness
import plots
from harness import Peer, Result, cell

IDENTITY, GZIP = "identity", "gzip"
LEAST = 3  # scrapes a run, however long they take
LONGEST_S = 30  # of a steady load: after 10,000 requests a server closes the connection


def series_peers(series: int) -> dict[str, Peer | None]:
    return {"loopmeter": Peer(harness.bench_program("series-server", series)),
            "Go client_golang": harness.go_peer(series),
            "Rust prometheus-client": harness.rust_peer(series)}


class Scraper:
    """One connection that scrapes, as one Prometheus does."""

    def __init__(self, port: int, encoding: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._fields = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": encoding}

    def scrape(self) -> tuple[bytes, str]:
        """The body as it came, and its encoding."""
        self._connection.request("GET", "/metrics", headers=self._fields)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            harness.fail(f"a scrape was answered with {answer.status}")
        return body, answer.getheader("Content-Encoding", IDENTITY)


def cost(peer: Peer, encoding: str, seconds: float) -> dict[str, float] | None:
    """Processor time of a scrape in ms, its bytes, and the memory afterwards; None if the peer
    does not know the encoding."""
    with harness.serving(peer) as (port, process), harness.on_client_core():
        scraper = Scraper(port, encoding)
        for _ in range(2):
            body, got = scraper.scrape()
        if got != encoding:
            return None
        cpu, begin, count = harness.cpu_seconds(process.pid), time.monotonic(), 0
        while count < LEAST or time.monotonic() - begin < seconds:
            scraper.scrape()
            count += 1
        return {"cpu_ms": (harness.cpu_seconds(process.pid) - cpu) / count * 1e3,
                "bytes": len(body), "rss_mb": harness.resident_bytes(process.pid) / 1e6}


@dataclasses.dataclass(frozen=True)
class ScrapeRow:
    title: str
    series: int

    def measure(self, repeats: int, seconds: float) -> Result:
        runs: dict[str, dict[str, list[dict[str, float]]]] = {IDENTITY: {}, GZIP: {}}
        for number in range(repeats):
            for name, peer in harness.present(series_peers(self.series)).items():
                for encoding, of in runs.items():
                    if run := cost(peer, encoding, seconds):
                        of.setdefault(name, []).append(run)
            harness.say(f"{self.title}: round {number + 1} of {repeats}")
        return {encoding: dict(self.summary(of)) for encoding, of in runs.items()}

    @staticmethod
    def summary(of: dict[str, list[dict[str, float]]]) -> Iterator[tuple[str, Result]]:
        ours = of.get("loopmeter")
        for name, runs in of.items():
            one: Result = {key: harness.spread([run[key] for run in runs]) for key in runs[0]}
            if ours:
                one["cpu_ratio"] = harness.ratios([run["cpu_ms"] for run in ours],
                                                  [run["cpu_ms"] for run in runs])
            yield name, one

    def table(self, result: Result) -> list[str]:
        rows = [("server", "encoding", "ms CPU a scrape", "KB", "resident MB", "our CPU : its")]
        for encoding, of in result.items():
            for name in series_peers(0):
                if s := of.get(name):
                    ratio = "–" if name == "loopmeter" else cell(s.get("cpu_ratio"), 4)
                    rows.append((name, encoding, cell(s["cpu_ms"]),
                                 f"{s['bytes']['median'] / 1e3:,.0f}",
                                 f"{s['rss_mb']['median']:.1f}", ratio))
                elif name in result[IDENTITY]:
                    rows.append((name, encoding, "does not", "", "", ""))
        return harness.table_of(self.title, *rows)


@dataclasses.dataclass(frozen=True)
class GzipRow:
    """Against zlib's default on the same body. Ours is what a scrape costs more with gzip than
    without, in pairs; that it sends fewer octets is taken off it."""
    title: str
    series: int

    def measure(self, repeats: int, seconds: float) -> Result:
        peer = Peer(harness.bench_program("series-server", self.series))
        runs: dict[str, list[float]] = {}
        for number in range(repeats):
            plain, packed = cost(peer, IDENTITY, seconds), cost(peer, GZIP, seconds)
            if packed is None:
                harness.fail("series-server does not compress: nothing to measure")
            with harness.serving(peer) as (port, _):
                body, _ = Scraper(port, IDENTITY).scrape()
            begin = time.process_time()
            theirs = zlib.compress(body, 6)
            zlib_ms = (time.process_time() - begin) * 1e3
            for key, value in (("ms", packed["cpu_ms"] - plain["cpu_ms"]),
                               ("whole_ms", packed["cpu_ms"]), ("zlib_ms", zlib_ms),
                               ("bytes", packed["bytes"]), ("zlib_bytes", len(theirs))):
                runs.setdefault(key, []).append(value)
            harness.say(f"{self.title}: round {number + 1} of {repeats}")
        return {**{key: harness.spread(values) for key, values in runs.items()},
                "cpu_ratio": harness.ratios(runs["ms"], runs["zlib_ms"]),
                "bytes_ratio": harness.ratios(runs["bytes"], runs["zlib_bytes"])}

    def table(self, result: Result) -> list[str]:
        return harness.table_of(
            self.title, ("what", "ours", "zlib, level 6", "ours : zlib"),
            ("ms CPU to compress", cell(result["ms"]), cell(result["zlib_ms"]),
             cell(result["cpu_ratio"], 3)),
            ("KB", cell(result["bytes"], 0, 1e-3), cell(result["zlib_bytes"], 0, 1e-3),
             cell(result["bytes_ratio"], 3)),
            ("ms CPU of the whole scrape", cell(result["whole_ms"]), "–", "–"))


@dataclasses.dataclass(frozen=True)
class StallRow:
    """Others' waiting while a scrape goes on: requests at a steady rate, whether they are answered
    or not, timed from when they were due."""
    title: str
    series: int
    per_second: int
    connections: int = 64

    def measure(self, repeats: int, seconds: float) -> Result:
        peer = Peer(harness.bench_program("series-server", self.series))
        kinds = {"unscraped": [], "identity": ["/metrics", IDENTITY], "gzip": ["/metrics", GZIP]}
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in kinds}
        for number in range(repeats):
            for name, scraping in kinds.items():
                with harness.serving(peer) as (port, _):
                    run = harness.client(
                        harness.BUILD / "tests/bench/open-loop", port, "/status/200",
                        self.per_second, min(max(3.0, 2 * seconds), LONGEST_S),
                        self.connections, *scraping)
                if run.returncode != 0:
                    harness.fail(f"open-loop: {run.stderr.strip()}")
                runs[name].append(json.loads(run.stdout))
            harness.say(f"{self.title}: round {number + 1} of {repeats}")
        result: Result = {}
        for name, of in runs.items():
            result[name] = {key: harness.spread([run[key] for run in of]) for key in of[0]}
            result[name]["p99_ratio"] = harness.ratios([run["p99"] for run in of],
                                                       [run["p99"] for run in runs["unscraped"]])
        return result

    def table(self, result: Result) -> list[str]:
        rows = [("scraped", "p50 µs", "p99 µs", "p99.9 µs", "longest µs", "p99 : unscraped")]
        for name, s in result.items():
            rows.append((name, *(cell(s[key], 0) for key in ("p50", "p99", "p999", "max")),
                         "–" if name == "unscraped" else cell(s["p99_ratio"])))
        return harness.table_of(self.title, *rows)


@dataclasses.dataclass(frozen=True)
class GrowthRow:
    title: str
    counts: tuple[int, ...]

    def measure(self, repeats: int, seconds: float) -> Result:
        runs: dict[int, list[dict[str, float]]] = {count: [] for count in self.counts}
        for number in range(repeats):
            for count, of in runs.items():
                peer = Peer(harness.bench_program("series-server", count))
                of.append(cost(peer, IDENTITY, seconds))
            harness.say(f"{self.title}: round {number + 1} of {repeats}")
        return {str(count): {key: harness.spread([run[key] for run in of]) for key in of[0]}
                for count, of in runs.items()}

    def table(self, result: Result) -> list[str]:
        rows = [("series", "ms CPU a scrape", "ns a series", "resident MB")]
        for count, s in result.items():
            rows.append((f"{int(count):,}", cell(s["cpu_ms"], 3),
                         f"{s['cpu_ms']['median'] * 1e6 / int(count):.1f}",
                         f"{s['rss_mb']['median']:.1f}"))
        return harness.table_of(self.title, *rows)

    def plot(self, result: Result) -> plots.Plot:
        points = {int(count): s["cpu_ms"]["median"] for count, s in result.items()}
        largest = max(points)
        line = {count: points[largest] * count / largest for count in points}
        return plots.Plot(file="scrape-series.svg", title="One scrape of more and more series",
                          x="series", y="ms of processor time a scrape",
                          lines={"measured": points, "in proportion": line}, log_x=True, log_y=True)


ROWS = {
    "metrics-10k": ScrapeRow("GET /metrics, 10,000 samples", 10_000),
    "metrics-100k": ScrapeRow("GET /metrics, 100,000 samples", 100_000),
    "gzip": GzipRow("gzip of 100,000 samples", 100_000),
    "stall": StallRow("small GETs, 20,000 a second, while 100,000 samples are scraped each second",
                      100_000, 20_000),
    "series": GrowthRow("GET /metrics of more and more series",
                        (1_000, 10_000, 100_000, 1_000_000)),
}
