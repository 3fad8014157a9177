# SPDX-License-Identifier: Apache-2.0
"""Scrapes of many series: what one costs the server, what it costs others, and how it grows."""
from __future__ import annotations

import dataclasses
import functools
import http.client
import time
import zlib

import harness
import latency_rows
import peers
import plots
from harness import Peer, Result, Run, cell
from marks import Figure, Mark

IDENTITY, GZIP = "identity", "gzip"
LEAST = 3  # scrapes a run, however long they take
OURS, GO, RUST, MEASURED = "loopmeter", "client_golang", "prometheus-client", "measured"


def ours(series: int) -> Peer:
    return peers.program("series-server", series)


def series_peers(series: int) -> dict[str, Peer]:
    rust = peers.rust_program("metrics", "series")
    return peers.present({OURS: ours(series),
                          GO: peers.one_thread_of_go("demo", series),
                          RUST: peers.started(rust, series, "prometheus-client"),
                          MEASURED: peers.started(rust, series, "measured")})


class Scraper:
    """One connection that scrapes, as one Prometheus does."""

    def __init__(self, port: int, encoding: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._fields = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": encoding}

    def scrape(self) -> tuple[bytes, str]:
        """The body as it came, and its encoding."""
        try:
            self._connection.request("GET", "/metrics", headers=self._fields)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as why:
            raise harness.Failed(f"a scrape: {why!r}") from None
        if answer.status != 200:
            raise harness.Failed(f"a scrape was answered with {answer.status}")
        return body, answer.getheader("Content-Encoding", IDENTITY)


def cost(peer: Peer, encoding: str, seconds: float) -> Run:
    """Processor time of a scrape in ms, its bytes, and the memory afterwards."""
    with harness.serving(peer) as (port, process), harness.on_client_core():
        scraper = Scraper(port, encoding)
        for _ in range(2):
            body, got = scraper.scrape()
        if got != encoding:
            raise harness.Failed(f"it does not know the encoding {encoding}")
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
        result: Result = {}
        for encoding in (IDENTITY, GZIP):
            runs = {name: functools.partial(cost, peer, encoding, seconds)
                    for name, peer in series_peers(self.series).items()
                    if encoding == IDENTITY or name not in (RUST, MEASURED)}
            found = harness.rounds(f"{self.title}, {encoding}", repeats, runs)
            result[encoding] = harness.beside(found, "cpu_ms")
        return result

    def table(self, result: Result) -> list[str]:
        rows = [("server", "encoding", "ms CPU a scrape", "KB", "resident MB", "our CPU : its")]
        for encoding, of in result.items():
            for name, s in of.items():
                rows.append((name, encoding, cell(s["cpu_ms"]),
                             f"{s['bytes']['median'] / 1e3:,.0f}", f"{s['rss_mb']['median']:.1f}",
                             cell(s.get("cpu_ms_ratio"), 4)))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        goals = {GO: 0.012, RUST: 0.12}
        return [Mark(f"{'5: ' if name in goals else ''}CPU : {name}'s, {self.series:,} samples, "
                     f"{encoding}", s["cpu_ms_ratio"], goals.get(name))
                for encoding, of in result.items() for name, s in of.items()
                if "cpu_ms_ratio" in s]


@dataclasses.dataclass(frozen=True)
class GzipRow:
    """Against zlib's default on the same body. Ours is what a scrape costs more with gzip than
    without, in pairs; that it sends fewer octets is taken off it."""
    title: str
    series: int

    def measure(self, repeats: int, seconds: float) -> Result:
        found = harness.rounds(self.title, repeats,
                               {"ours": functools.partial(self.run, seconds)})["ours"]
        return {**harness.spreads(found),
                "cpu_ratio": harness.ratios([run["ms"] for run in found],
                                            [run["zlib_ms"] for run in found]),
                "bytes_ratio": harness.ratios([run["bytes"] for run in found],
                                              [run["zlib_bytes"] for run in found])}

    def run(self, seconds: float) -> Run:
        peer = ours(self.series)
        plain, packed = cost(peer, IDENTITY, seconds), cost(peer, GZIP, seconds)
        with harness.serving(peer) as (port, _):
            body, _ = Scraper(port, IDENTITY).scrape()
        begin = time.process_time()
        theirs = zlib.compress(body, 6)
        return {"ms": packed["cpu_ms"] - plain["cpu_ms"], "whole_ms": packed["cpu_ms"],
                "zlib_ms": (time.process_time() - begin) * 1e3, "bytes": packed["bytes"],
                "zlib_bytes": len(theirs)}

    def table(self, result: Result) -> list[str]:
        return harness.table_of(
            self.title, ("what", "ours", "zlib, level 6", "ours : zlib"),
            ("ms CPU to compress", cell(result["ms"]), cell(result["zlib_ms"]),
             cell(result["cpu_ratio"], 3)),
            ("KB", cell(result["bytes"], 0, 1e-3), cell(result["zlib_bytes"], 0, 1e-3),
             cell(result["bytes_ratio"], 3)),
            ("ms CPU of the whole scrape", cell(result["whole_ms"]), "–", "–"))

    def marks(self, result: Result) -> list[Mark]:
        return [Mark("6: CPU : zlib's", result["cpu_ratio"], 0.1),
                Mark("6: bytes : zlib's", result["bytes_ratio"], 1.15)]


@dataclasses.dataclass(frozen=True)
class StallRow:
    """Others' waiting while a scrape goes on."""
    title: str
    series: int
    per_second: int

    def measure(self, repeats: int, seconds: float) -> Result:
        kinds = {"unscraped": (), IDENTITY: ("/metrics", IDENTITY), GZIP: ("/metrics", GZIP)}
        runs = {name: functools.partial(latency_rows.timed, ours(self.series), self.per_second,
                                        max(3.0, 2 * seconds), *scraping)
                for name, scraping in kinds.items()}
        found = harness.rounds(self.title, repeats, runs)
        quiet = [run["p99"] for run in found["unscraped"]]
        result: Result = {name: harness.spreads(of) for name, of in found.items()}
        for name in list(found)[1:]:
            result[name]["p99_ratio"] = harness.ratios([run["p99"] for run in found[name]], quiet)
        return result

    def table(self, result: Result) -> list[str]:
        rows = [("scraped", "p50 µs", "p99 µs", "p99.9 µs", "longest µs", "p99 : unscraped")]
        for name, s in result.items():
            rows.append((name, *(cell(s[key], 0) for key in ("p50", "p99", "p999", "max")),
                         cell(s.get("p99_ratio"))))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark(f"13: p99 : unscraped, {name}", s["p99_ratio"], 1.15)
                for name, s in result.items() if "p99_ratio" in s]


@dataclasses.dataclass(frozen=True)
class GrowthRow:
    title: str
    counts: tuple[int, ...]

    def measure(self, repeats: int, seconds: float) -> Result:
        runs = {f"{count}": functools.partial(cost, ours(count), IDENTITY, seconds)
                for count in self.counts}
        return {count: harness.spreads(of)
                for count, of in harness.rounds(self.title, repeats, runs).items()}

    def table(self, result: Result) -> list[str]:
        rows = [("series", "ms CPU a scrape", "ns a series", "resident MB")]
        for count, s in result.items():
            rows.append((f"{int(count):,}", cell(s["cpu_ms"], 3),
                         f"{s['cpu_ms']['median'] * 1e6 / int(count):.1f}",
                         f"{s['rss_mb']['median']:.1f}"))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark("16: cost of a series more, late : early",
                     self.late_to_early(result, *list(result)[-3:]), 1.1)]

    @staticmethod
    def late_to_early(result: Result, *counts: str) -> Figure:
        """The slope of the last step to that of the one before it: 1 if growth is linear."""
        def slope(a: str, b: str, key: str) -> float:
            return (result[b]["cpu_ms"][key] - result[a]["cpu_ms"][key]) / (int(b) - int(a))
        few, some, many = counts
        return {key: slope(some, many, key) / slope(few, some, key)
                for key in ("median", "low", "high")}

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
    "stall": StallRow("Small GETs, 20,000 a second, while 100,000 samples are scraped each second",
                      100_000, 20_000),
    "series": GrowthRow("GET /metrics of more and more series",
                        (1_000, 10_000, 100_000, 1_000_000)),
}
