# SPDX-License-Identifier: Apache-2.0
"""What a Pod more costs: its scrape in each protocol, and a real Prometheus that scrapes hundreds.
One process answers for all of them: each address of 127.0.0.0/8 is a target of its own."""
from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from typing import Any

import harness
import peers
from harness import Peer, Result, Run, cell
from marks import Figure, Mark

PROMETHEUS, PROMETHEUS_2 = "prometheus3", "prometheus"  # as scripts/tools names them
SCRAPES = 200  # in each protocol and encoding
ROUNDS_MAX = 2  # a round takes more than a minute, and memory hardly differs
TARGETS_A_SECOND = 250  # with each count of targets the same rate of samples
CHUNK = 120  # samples, after which Prometheus begins another chunk and maps the full one
PATIENCE_S = 40

# Every route, and what clients get wrong: the series that a service has after a day.
USUAL = [("GET", target) for target in (
    "/", "/bytes/100", "/delay/5", "/hello", "/livez", "/nothing", "/readyz", "/status/200",
    "/status/404", "/status/500", "/stream", "/version")] + [("POST", "/echo")]
USUAL_TIMES = 20

ACCEPT = {"text 0.0.4": "text/plain;version=0.0.4",
          "OpenMetrics": "application/openmetrics-text;version=1.0.0",
          "protobuf": "application/vnd.google.protobuf;"
                      "proto=io.prometheus.client.MetricFamily;encoding=delimited"}
TEXT, IDENTITY = "text 0.0.4", "identity"


def service() -> Peer:
    """At every address, and taking as many scrapes at once as there are targets: a Pod has one."""
    def command(port: int) -> list[str]:
        return peers.ours(port, "--web.max-requests=1000", "--shutdown.last-scrape=0s",
                          address="0.0.0.0")
    return Peer(command)


class Scraper:
    """One connection; of what goes over it the heads count, too."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._answers = self._socket.makefile("rb")

    def ask(self, request: bytes) -> tuple[str, bytes]:
        """The answer's head and content."""
        self._socket.sendall(request)
        lines: list[bytes] = []
        while not lines or lines[-1] not in (b"\r\n", b""):
            lines.append(self._answers.readline())
        head = b"".join(lines).decode("latin-1")
        length = re.search(r"^content-length: (\d+)", head, re.IGNORECASE | re.MULTILINE)
        if not length:
            raise harness.Failed(f"an answer without a length: {head.partition(chr(13))[0]!r}")
        return head, self._answers.read(int(length[1]))

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def use(port: int) -> None:
    """A little load, after which no more series come."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        for method, target in USUAL * USUAL_TIMES:
            client.request(method, target, body="hello" if method == "POST" else None)
            client.getresponse().read()


# --- a Pod ----------------------------------------------------------------------------------------


def scrape_request(protocol: str, encoding: str) -> bytes:
    """As a Prometheus asks that is told to use this protocol, and with as long a head."""
    return ("GET /metrics HTTP/1.1\r\nHost: 10.244.100.100:8080\r\nUser-Agent: Prometheus/3.5.3\r\n"
            f"Accept: {ACCEPT[protocol]};q=0.5,*/*;q=0.1\r\nAccept-Encoding: {encoding}\r\n"
            "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n").encode()


def scraped(scraper: Scraper, pid: int, protocol: str, encoding: str) -> tuple[Run, bytes]:
    request = scrape_request(protocol, encoding)
    head, content = scraper.ask(request)
    fields = dict(re.findall(r"^([\w-]+): (.*?)\r$", head.lower(), re.MULTILINE))
    got = fields.get("content-type", "").split(";")[0], fields.get("content-encoding", IDENTITY)
    if got != (ACCEPT[protocol].split(";")[0], encoding):
        raise harness.Failed(f"asked for {protocol} in {encoding}, it gave {got}")
    cpu = harness.cpu_seconds(pid)
    for _ in range(SCRAPES):
        head, content = scraper.ask(request)
    return {"bytes": float(len(content)), "head_bytes": float(len(request) + len(head)),
            "cpu_us": (harness.cpu_seconds(pid) - cpu) / SCRAPES * 1e6}, content


def pod() -> dict[str, Run]:
    found: dict[str, Run] = {}
    with harness.serving(service()) as (port, process), harness.on_client_core():
        use(port)
        with contextlib.closing(Scraper(port)) as scraper:
            for protocol in ACCEPT:
                for encoding in (IDENTITY, "gzip"):
                    run, content = scraped(scraper, process.pid, protocol, encoding)
                    found[f"{protocol}, {encoding}"] = run
                    if (protocol, encoding) == (TEXT, IDENTITY):
                        lines = content.decode().splitlines()
                        found["series"] = {
                            "families": sum(line.startswith("# TYPE") for line in lines),
                            "samples": sum(not line.startswith("#") for line in lines)}
    return found


@dataclasses.dataclass(frozen=True)
class PodRow:
    title: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        runs = harness.rounds(self.title, repeats, {"ours": pod})["ours"]
        return {name: harness.spreads([run[name] for run in runs]) for name in runs[0]}

    def table(self, result: Result) -> list[str]:
        series = result["series"]
        rows = [("protocol, encoding", "bytes of content", "bytes of both heads",
                 "µs CPU of demo-cpp")]
        for name, s in result.items():
            if name != "series":
                rows.append((name, *(cell(s[key], 0) for key in ("bytes", "head_bytes", "cpu_us"))))
        return harness.table_of(
            f"{self.title}: {series['samples']['median']:.0f} samples of "
            f"{series['families']['median']:.0f} families", *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark("samples a Pod", result["series"]["samples"])] + [
            Mark(f"bytes a scrape, {name}", s["bytes"]) for name, s in result.items()
            if name != "series"]


# --- a Prometheus ---------------------------------------------------------------------------------


@functools.cache
def program(name: str) -> str:
    path = shutil.which(str(harness.ROOT / "build/tools/bin" / name))
    if not path:
        raise harness.Failed(f"no {name} here (scripts/tools {name} brings it)")
    return path


def version(path: str) -> tuple[int, int]:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    major, minor = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr).groups()
    return int(major), int(minor)


@dataclasses.dataclass(frozen=True)
class Fleet:
    """So many targets, and who scrapes them."""
    targets: int
    tool: str = PROMETHEUS
    native: bool = False
    classic: bool = True
    ages: bool = False  # until each series has filled a chunk

    @property
    def interval_s(self) -> float:
        return self.targets / TARGETS_A_SECOND

    def jobs(self, port: int) -> list[dict[str, Any]]:
        """With the labels that the Operator gives a ServiceMonitor's targets."""
        made: dict[str, Any] = {
            "job_name": "serviceMonitor/monitoring/demo-cpp/0",
            "static_configs": [
                {"targets": [f"127.0.{1 + number // 250}.{1 + number % 250}:{port}"],
                 "labels": {"job": "demo-cpp", "namespace": "demo", "service": "demo-cpp",
                            "container": "demo-cpp", "endpoint": "metrics",
                            "pod": f"demo-cpp-7c9f5b6d8-{number:05x}"}}
                for number in range(self.targets)]}
        if self.native:
            made["scrape_protocols"] = ["PrometheusProto"]
            made["always_scrape_classic_histograms"] = self.classic
            if version(program(self.tool)) >= (3, 8):  # before that the feature flag alone says it
                made["scrape_native_histograms"] = True
        return [made]

    def server(self, folder: pathlib.Path, target_port: int) -> Peer:
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # which is YAML, too
            "global": {"scrape_interval": f"{self.interval_s * 1e3:.0f}ms",
                       "scrape_timeout": f"{self.interval_s * 1e3:.0f}ms"},
            "scrape_configs": self.jobs(target_port)}))
        features = ["--enable-feature=native-histograms"] if self.native else []
        return Peer(lambda port: [program(self.tool), f"--config.file={config}",
                                  f"--storage.tsdb.path={folder / 'data'}", "--log.level=error",
                                  f"--web.listen-address=127.0.0.1:{port}", *features])


class Api:
    """What a Prometheus says of itself and of its targets."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self._address + path, timeout=30) as answer:
            return answer.read()

    def own(self) -> Counter[str]:
        """Its metrics, added up over their labels."""
        found: Counter[str] = Counter()
        for line in self.get("/metrics").decode().splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                found[series.partition("{")[0]] += float(value)
        return found

    def one(self, promql: str) -> float:
        """0 where there is nothing yet."""
        said = json.loads(self.get("/api/v1/query?" + urllib.parse.urlencode({"query": promql})))
        found = said["data"]["result"]
        return float(found[0]["value"][1]) if found else 0

    def live_bytes(self) -> float:
        """What is reachable: Go's heap just after a collection, and the scrapes since then. The
        least of three: whoever has to wait for a processor reads late."""
        found = []
        for _ in range(3):
            self.get("/debug/pprof/heap?gc=1")
            found.append(self.own()["go_memstats_heap_alloc_bytes"])
        return min(found)


SERIES, APPENDED = "prometheus_tsdb_head_series", "prometheus_tsdb_head_samples_appended_total"


def settle(api: Api, fleet: Fleet, scrapes: int) -> None:
    """Until every target has been scraped so often."""
    within = scrapes * fleet.interval_s + PATIENCE_S
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # it listens before it is ready
            if api.one(f"count(count_over_time(up[5m]) >= {scrapes})") == fleet.targets:
                return
        time.sleep(0.5)
    raise harness.Failed(f"{fleet.targets} targets are not scraped {scrapes} times within "
                         f"{within:.0f} s")


def scrape(fleet: Fleet, seconds: float) -> Run:
    with (tempfile.TemporaryDirectory() as folder,
          harness.serving(service()) as (target_port, ours),
          harness.serving(fleet.server(pathlib.Path(folder), target_port),
                          core=harness.CLIENT_CORE) as (port, prometheus)):
        use(target_port)
        api = Api(port)
        settle(api, fleet, 2)  # the first creates the series, which costs many times a sample
        begin, before = time.monotonic(), api.own()
        cpu, our_cpu = harness.cpu_seconds(prometheus.pid), harness.cpu_seconds(ours.pid)
        time.sleep(max(seconds, fleet.interval_s))
        cpu = harness.cpu_seconds(prometheus.pid) - cpu
        our_cpu = harness.cpu_seconds(ours.pid) - our_cpu
        after, took = api.own(), time.monotonic() - begin
        samples, series = after[APPENDED] - before[APPENDED], after[SERIES]
        if not samples or api.one("sum(up)") != fleet.targets:
            raise harness.Failed(f"not all of {fleet.targets} targets are up")
        run = {"series": series, "samples_a_second": samples / took,
               "cpu_ms": cpu / samples * 1e6,  # a thousand samples
               "our_cpu_us": our_cpu / (samples / series * fleet.targets) * 1e6,
               "rss_mb": harness.resident_bytes(prometheus.pid) / 1e6,
               "live_mb": api.live_bytes() / 1e6,
               "scrape_ms": api.one("quantile(0.5, scrape_duration_seconds)") * 1e3,
               "longest_ms": api.one("max(scrape_duration_seconds)") * 1e3}
        if fleet.ages:
            # A full chunk is mapped within a minute; until then a series has two in memory.
            settle(api, fleet, CHUNK + 10)
            run["aged_mb"] = api.live_bytes() / 1e6
        return run


SIZES = (30, 200, 800)
FLEETS = {**{f"{targets} targets": Fleet(targets, ages=targets == SIZES[0]) for targets in SIZES},
          "200, native histograms beside classic": Fleet(200, native=True),
          "200, native histograms alone": Fleet(200, native=True, classic=False),
          "200, by Prometheus 2.42": Fleet(200, PROMETHEUS_2)}
SMALL, LARGE = f"{SIZES[0]} targets", f"{SIZES[-1]} targets"


def growth(small: list[Run], large: list[Run], key: str) -> dict[str, Figure]:
    """Bytes of a series more, and MB of none: the line through both."""
    slopes, bases = [], []
    for a, b in zip(small, large, strict=True):
        slopes.append((b[key] - a[key]) * 1e6 / (b["series"] - a["series"]))
        bases.append(a[key] - slopes[-1] * a["series"] / 1e6)
    return {"each": harness.spread(slopes), "base": harness.spread(bases)}


@dataclasses.dataclass(frozen=True)
class FleetRow:
    title: str

    def measure(self, repeats: int, seconds: float) -> Result:
        program(PROMETHEUS)
        found = harness.rounds(self.title, min(repeats, ROUNDS_MAX), {
            name: functools.partial(scrape, fleet, seconds) for name, fleet in FLEETS.items()})
        if LARGE not in found:
            raise harness.Failed(f"without {LARGE} the growth is not known")
        return {"fleets": {name: harness.spreads(runs) for name, runs in found.items()},
                "resident": growth(found[SMALL], found[LARGE], "rss_mb"),
                "live": growth(found[SMALL], found[LARGE], "live_mb"),
                "a full chunk": {"each": harness.spread([
                    (run["aged_mb"] - run["live_mb"]) * 1e6 / run["series"]
                    for run in found[SMALL]])}}

    def table(self, result: Result) -> list[str]:
        rows = [("targets", "series", "samples/s", "resident MB", "live heap MB",
                 "ms CPU for 1,000 samples", "ms a scrape took", "the longest",
                 "µs CPU of demo-cpp a scrape")]
        for name, s in result["fleets"].items():
            rows.append((name, *(f"{s[key]['median']:,.0f}" for key in
                                 ("series", "samples_a_second")),
                         *(cell(s[key], digits) for key, digits in (
                             ("rss_mb", 0), ("live_mb", 0), ("cpu_ms", 2), ("scrape_ms", 1),
                             ("longest_ms", 0), ("our_cpu_us", 0)))))
        memory = [("memory of Prometheus 3", "bytes a series", "MB without any")]
        for key, of in result.items():
            if key != "fleets":
                memory.append((key, cell(of["each"], 0), cell(of.get("base"), 0)))
        return [*harness.table_of(self.title, *rows),
                *harness.table_of(f"Between {SMALL} and {LARGE}", *memory)]

    def marks(self, result: Result) -> list[Mark]:
        return [Mark(f"series, {name}", s["series"]) for name, s in result["fleets"].items()]


ROWS = {
    "pod": PodRow("GET /metrics of demo-cpp in use"),
    "fleet": FleetRow(f"One Prometheus, many targets; {ROUNDS_MAX} rounds at most"),
}
