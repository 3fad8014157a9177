# SPDX-License-Identifier: Apache-2.0
"""What happens inside one process: ours beside prometheus-cpp, by Google Benchmark in one program;
beside client_golang and Rust's crates, by the processor time of programs that record and end."""
from __future__ import annotations

import dataclasses
import functools
import json
import re
import resource
import subprocess

import harness
import peers
import plots
from harness import Result, Run, cell
from marks import Figure, Mark

THEIRS = "prometheus-cpp"
Command = tuple[str, ...]


def benchmarks(pattern: str, repeats: int) -> dict[str, Figure]:
    """Nanoseconds of processor time by `<what>_ours` and `<what>_theirs`, in turns by
    interleaving."""
    program = harness.BUILD / "tests/bench/micro/bench-micro"
    run = subprocess.run(
        [program, f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repeats}",
         "--benchmark_enable_random_interleaving=true", "--benchmark_format=json",
         "--benchmark_min_time=0.2"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise harness.Failed(f"{program.name}: {run.stderr[-300:]}")
    figures: dict[str, list[float]] = {}
    for entry in json.loads(run.stdout)["benchmarks"]:
        if entry["run_type"] == "iteration":
            figures.setdefault(entry["run_name"], []).append(entry["cpu_time"])
    return {name: harness.spread(figures[name]) for name in sorted(figures)}


def quotient(ours: Figure, theirs: Figure) -> Figure:
    """Of two spreads that were not measured in pairs."""
    return {"median": ours["median"] / theirs["median"], "low": ours["low"] / theirs["high"],
            "high": ours["high"] / theirs["low"]}


# --- recording ------------------------------------------------------------------------------------

KINDS = {"counter": 10_000_000, "histogram": 5_000_000, "labelled": 2_000_000}  # events a run


def recorders() -> dict[str, Command]:
    """Programs of the peers: they take a kind, threads and events."""
    found: dict[str, Command] = {}
    if go := peers.go_program("record"):
        found["client_golang"] = (str(go),)
    if rust := peers.rust_program("metrics", "record"):
        found["prometheus-client"] = (str(rust), "prometheus-client")
        found["measured"] = (str(rust), "measured")
    return found


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def recorded(command: Command, kind: str, threads: int) -> Run:
    """Nanoseconds of processor time an event, without the program's start."""
    def spent(events: int) -> float:
        before = children_seconds()
        run = subprocess.run([*command, kind, str(threads), str(events)], capture_output=True,
                             text=True, check=False)
        if run.returncode != 0:
            raise harness.Failed(f"{command[0]}: {run.stderr.strip()[-300:]}")
        return children_seconds() - before
    events = KINDS[kind]
    return {"ns": max(0.0, spent(events) - spent(0)) / (events * threads) * 1e9}


@dataclasses.dataclass(frozen=True)
class RecordRow:
    title: str
    # What, threads, the most of ours to prometheus-cpp's.
    goals = (("1", "counter", 1, 0.25), ("1", "counter", 2, 0.05), ("2", "histogram", 1, 0.2),
             ("2", "histogram", 2, 0.05), ("3", "labelled", 1, 0.03), ("3", "open", 1, 0.08))

    def measure(self, repeats: int, _seconds: float) -> Result:
        result: Result = {"ours and prometheus-cpp's":
                          benchmarks("^(counter|histogram|labelled|open)_.*threads:[12]$", repeats)}
        for name, command in recorders().items():
            runs = {f"{kind}/threads:{threads}": functools.partial(recorded, command, kind, threads)
                    for kind in KINDS for threads in (1, 2)}
            try:
                found = harness.rounds(f"{self.title}, {name}", repeats, runs)
            except harness.Failed as why:
                harness.say(f"{self.title}: {name} is left out: {why}")
                continue
            result[name] = {what: harness.spread([run["ns"] for run in of])
                            for what, of in found.items()}
        return result

    @staticmethod
    def figure(result: Result, who: str, kind: str, threads: int) -> Figure | None:
        if who in ("ours", THEIRS):
            if who == THEIRS and kind == "open":
                kind = "labelled"  # prometheus-cpp's labels are always open
            side = "ours" if who == "ours" else "theirs"
            return result["ours and prometheus-cpp's"].get(f"{kind}_{side}/threads:{threads}")
        if kind == "open":
            if who != "client_golang":
                return None  # their label sets are types, as our closed ones are
            kind = "labelled"
        return result[who].get(f"{kind}/threads:{threads}")

    def table(self, result: Result) -> list[str]:
        others = [THEIRS, *list(result)[1:]]
        rows = [("one event", "threads", "ours, ns CPU", *others)]
        for kind, words in (("counter", "counter"), ("histogram", "histogram, 12 bounds"),
                            ("labelled", "counter, 3 closed labels"),
                            ("open", "counter, 3 open labels")):
            for threads in (1, 2):
                figures = (self.figure(result, who, kind, threads) for who in ("ours", *others))
                rows.append((words, str(threads), *map(cell, figures)))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        found = []
        goals = {(kind, threads): (number, goal) for number, kind, threads, goal in self.goals}
        for who in (THEIRS, *list(result)[1:]):
            for kind in (*KINDS, "open"):
                for threads in (1, 2):
                    ours = self.figure(result, "ours", kind, threads)
                    theirs = self.figure(result, who, kind, threads)
                    if not ours or not theirs or not theirs["low"]:
                        continue
                    number, goal = goals.get((kind, threads), ("", None)) if who == THEIRS \
                        else ("", None)
                    name = f"{kind}, threads: {threads} : {who}'s"
                    found.append(Mark(f"{number}: {name}" if number else name,
                                      quotient(ours, theirs), goal))
        return found


@dataclasses.dataclass(frozen=True)
class ThreadsRow:
    """The same event on the same series, from more and more threads."""
    title: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        return dict(benchmarks("^(counter|histogram)_", repeats))

    def table(self, result: Result) -> list[str]:
        counts = sorted({self.split(name)[1] for name in result})
        rows = [("what", *(f"ns CPU, threads: {count}" for count in counts))]
        for what, points in self.lines(result).items():
            rows.append((what, *(f"{points[count]:.2f}" for count in counts)))
        return harness.table_of(self.title, *rows)

    def marks(self, _result: Result) -> list[Mark]:
        return []

    def plot(self, result: Result) -> plots.Plot:
        return plots.Plot(file="record-threads.svg", title="One event, from many threads at once",
                          x="threads", y="ns of processor time an event",
                          lines=self.lines(result), log_x=True, log_y=True)

    def lines(self, result: Result) -> dict[str, dict[float, float]]:
        found: dict[str, dict[float, float]] = {}
        for name, figure in sorted(result.items()):
            what, threads = self.split(name)
            found.setdefault(what, {})[threads] = figure["median"]
        return {what: dict(sorted(points.items())) for what, points in found.items()}

    @staticmethod
    def split(name: str) -> tuple[str, int]:
        what, side, threads = re.fullmatch(r"(\w+)_(ours|theirs)/.*threads:(\d+)", name).groups()
        return f"{what}, {'ours' if side == 'ours' else THEIRS}", int(threads)


@dataclasses.dataclass(frozen=True)
class EncodeRow:
    """Without the network: gather and encode the same samples."""
    title: str
    goal: float = 0.05

    def measure(self, repeats: int, _seconds: float) -> Result:
        return dict(benchmarks("^scrape_", repeats))

    def pairs(self, result: Result) -> dict[str, tuple[Figure, Figure]]:
        return {words: (result[f"scrape_{what}_ours"], result[f"scrape_{what}_theirs"])
                for what, words in (("counters", "10,000 counters"),
                                    ("histograms", "1,000 histograms of 12 bounds"))}

    def table(self, result: Result) -> list[str]:
        rows = [("one exposition", "ours, µs CPU", THEIRS + ", µs CPU")]
        for words, (ours, theirs) in self.pairs(result).items():
            rows.append((words, cell(ours, 0, 1e-3), cell(theirs, 0, 1e-3)))
        return harness.table_of(self.title, *rows)

    def marks(self, result: Result) -> list[Mark]:
        return [Mark(f"4: {words} : {THEIRS}'s", quotient(*pair), self.goal)
                for words, pair in self.pairs(result).items()]


ROWS = {
    "record": RecordRow("Recording"),
    "encode": EncodeRow("Gather and encode, without the network"),
    "threads": ThreadsRow("Recording on one series, more threads than the machine has cores"),
}
