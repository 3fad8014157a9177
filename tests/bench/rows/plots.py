# SPDX-License-Identifier: Apache-2.0
"""Lines in a picture, drawn by gnuplot as SVG that does not change when the figures do not."""
from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil
import subprocess

# Okabe and Ito's, which those see apart who see few colours; the point types differ as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9")
POINTS = (7, 5, 9, 11, 13, 4, 6)


@dataclasses.dataclass(frozen=True)
class Plot:
    """With `shares`, x is in per cent and drawn so that 90, 99 and 99.9 are equally far apart."""
    file: str
    title: str
    x: str
    y: str
    lines: dict[str, dict[float, float]]
    log_y: bool = False
    log_x: bool = False
    shares: bool = False


def quoted(text: str) -> str:
    """For gnuplot: between single quotes, where nothing is special but the quote."""
    return "'" + text.replace("'", "''") + "'"


def commands(plot: Plot) -> str:
    position = (lambda x: 100 / (100 - x)) if plot.shares else (lambda x: x)
    xs = sorted({x for points in plot.lines.values() for x in points})
    ticks = ", ".join(f"'{x:,}' {position(x):g}" for x in xs)
    left = position(xs[0]) if plot.log_x or plot.shares else 0
    lines = ["set terminal svg size 760,440 noenhanced font 'sans-serif,13' background '#ffffff'",
             f"set title {quoted(plot.title)}", f"set xlabel {quoted(plot.x)}",
             f"set ylabel {quoted(plot.y)}", f"set xtics ({ticks})", "set format y '%g'",
             f"set xrange [{left:g}:{position(xs[-1]):g}]",
             "set grid linecolor '#dddddd' linetype 1", "set key outside right top reverse Left",
             "set border 3", "set tics nomirror", "set decimalsign '.'",
             "set logscale y" if plot.log_y else "set yrange [0:*]"]
    if plot.log_x or plot.shares:
        lines.append("set logscale x")
    drawn = []
    for number, (name, points) in enumerate(plot.lines.items()):
        colour, point = COLOURS[number % len(COLOURS)], POINTS[number % len(POINTS)]
        lines += [f"$line{number} << END", *(f"{position(x)!r} {y!r}" for x, y in points.items()),
                  "END"]
        drawn.append(f"$line{number} with linespoints title {quoted(name)} linewidth 2 "
                     f"linecolor '{colour}' pointtype {point} pointsize 0.7")
    return "\n".join([*lines, "plot " + ", \\\n".join(drawn), ""])


def draw(plot: Plot, folder: pathlib.Path) -> pathlib.Path:
    """Raises OSError where there is no gnuplot, or it fails."""
    if not shutil.which("gnuplot"):
        raise OSError("no gnuplot here")
    run = subprocess.run(["gnuplot"], input=commands(plot), capture_output=True, text=True,
                         check=False)
    if run.returncode != 0 or "</svg>" not in run.stdout:
        raise OSError(f"gnuplot: {run.stderr.strip()[-300:]}")
    drawn = re.sub(r"<desc>.*?</desc>", "", run.stdout, flags=re.DOTALL)  # gnuplot's version
    folder.mkdir(parents=True, exist_ok=True)
    into = folder / plot.file
    into.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")
    return into
