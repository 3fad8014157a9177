# SPDX-License-Identifier: Apache-2.0
"""What happens inside one process: pairs of ours and prometheus-cpp's, by Google Benchmark."""
from __future__ import annotations

import dataclasses
import json
import re
import subprocess

import harness
import plots
from harness import Result, cell


@dataclasses.dataclass(frozen=True)
class MicroRow:
    title: str
    pattern: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        """Pairs `<what>_ours` and `<what>_theirs`, in turns by interleaving."""
        program = harness.BUILD / "tests/bench/micro/bench-micro"
        run = subprocess.run(
            [program, f"--benchmark_filter={self.pattern}", f"--benchmark_repetitions={repeats}",
             "--benchmark_enable_random_interleaving=true", "--benchmark_format=json",
             "--benchmark_min_time=0.2"], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            harness.fail(f"{program.name}: {run.stderr[-300:]}")
        figures: dict[str, list[float]] = {}
        for entry in json.loads(run.stdout)["benchmarks"]:
            if entry["run_type"] == "iteration":
                figures.setdefault(entry["run_name"], []).append(entry["cpu_time"])
        return {name: harness.spread(values) for name, values in figures.items()}

    def table(self, result: Result) -> list[str]:
        rows = [("what", "ns CPU", "ours : prometheus-cpp")]
        for name, s in result.items():
            peer = result.get(name.replace("_ours", "_theirs"))
            ratio = "–" if peer is None or peer is s else f"{s['median'] / peer['median']:.3f}"
            rows.append((f"`{name}`", cell(s), ratio))
        return harness.table_of(self.title, *rows)


class ThreadsRow(MicroRow):
    """The same event on the same series, from more and more threads."""

    def table(self, result: Result) -> list[str]:
        counts = sorted({self.split(name)[1] for name in result})
        rows = [("what", *(f"ns CPU, threads: {count}" for count in counts))]
        for what, points in self.lines(result).items():
            rows.append((f"`{what}`", *(f"{points[count]:.2f}" for count in counts)))
        return harness.table_of(self.title, *rows)

    def plot(self, result: Result) -> plots.Plot:
        return plots.Plot(file="record-threads.svg", title="One event, from many threads at once",
                          x="threads", y="ns of processor time an event",
                          lines=self.lines(result), log_y=True)

    def lines(self, result: Result) -> dict[str, dict[int, float]]:
        found: dict[str, dict[int, float]] = {}
        for name, figure in sorted(result.items()):
            what, threads = self.split(name)
            found.setdefault(what, {})[threads] = figure["median"]
        return {what: dict(sorted(points.items())) for what, points in found.items()}

    @staticmethod
    def split(name: str) -> tuple[str, int]:
        what, threads = re.fullmatch(r"(\w+)/.*threads:(\d+)", name).groups()
        return what, int(threads)


ROWS = {
    "record": MicroRow("Recording: one event", "^(counter|histogram)_.*threads:[12]$"),
    "labelled": MicroRow("Recording with three labels: one event", "^labelled_.*threads:[12]$"),
    "scrape": MicroRow("Gather and encode: one exposition", "^scrape_"),
    "threads": ThreadsRow("Recording from many threads on one series (the machine has fewer cores)",
                          "^(counter|histogram)_"),
}
