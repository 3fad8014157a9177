# SPDX-License-Identifier: Apache-2.0
"""Lines in a picture, as SVG that does not change when the figures do not."""
from __future__ import annotations

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Plot:
    file: str
    title: str
    x: str
    y: str
    lines: dict[str, dict[int, float]]
    log_y: bool = False
    log_x: bool = False


def draw(plot: Plot, folder: pathlib.Path) -> pathlib.Path:
    """Raises ImportError where there is no matplotlib."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "loopmeter"
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for number, (name, points) in enumerate(plot.lines.items()):
        axes.plot(points.keys(), points.values(), label=name, marker="osv^Dx"[number % 6])
    if plot.log_x:
        axes.set_xscale("log")
    else:
        axes.set_xticks(sorted({x for points in plot.lines.values() for x in points}))
    if plot.log_y:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
    axes.grid(alpha=0.3)
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    into = folder / plot.file
    figure.tight_layout()
    figure.savefig(into, metadata={"Date": None})
    pyplot.close(figure)
    into.write_text("\n".join(line.rstrip() for line in into.read_text().splitlines()) + "\n")
    return into
