# SPDX-License-Identifier: Apache-2.0
"""Figures that mean the same on every machine (ratios, counts, bytes), what is wanted of them, and
whether a later run is worse."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

Figure = dict[str, float]  # median, low, high

# Between runs a machine drifts by a little more than within one.
DRIFT = 0.02
# Counts a request, bytes: differences below this are nothing.
NEGLIGIBLE = 0.005


@dataclasses.dataclass(frozen=True)
class Mark:
    """`goal` is the most that is allowed, or with `at_least` the least; without one, the figure is
    only watched."""
    name: str
    figure: Figure
    goal: float | None = None
    at_least: bool = False

    def wanted(self) -> str:
        return "–" if self.goal is None else f"{'≥' if self.at_least else '≤'} {self.goal:g}"

    def verdict(self) -> str:
        if self.goal is None:
            return "–"
        over = self.goal - self.figure["median"] if self.at_least \
            else self.figure["median"] - self.goal
        if over <= 0:
            return "met"
        return f"**missed by {over / self.goal:.1%}**" if self.goal else f"**missed by {over:.3g}**"

    def range(self) -> str:
        return f"{number(self.figure['low'])}–{number(self.figure['high'])}"

    def to_json(self) -> dict[str, Any]:
        return {**self.figure, "goal": self.goal, "at_least": self.at_least}

    @classmethod
    def from_json(cls, name: str, saved: dict[str, Any]) -> Mark:
        figure = {key: saved[key] for key in ("median", "low", "high")}
        return cls(name, figure, saved["goal"], saved["at_least"])

    def worse_than(self, before: Mark) -> bool:
        """The best of this run is worse than the worst of that one, by more than drift."""
        if self.at_least:
            return self.figure["high"] < before.figure["low"] * (1 - DRIFT) - NEGLIGIBLE
        return self.figure["low"] > before.figure["high"] * (1 + DRIFT) + NEGLIGIBLE


def exactly(value: float) -> Figure:
    """What is counted, not timed."""
    return {"median": value, "low": value, "high": value}


def number(value: float) -> str:
    """Three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.4f}"


def table(marks: list[Mark]) -> list[str]:
    """Markdown: those with a goal."""
    rows = [f"| {m.name} | {m.wanted()} | {number(m.figure['median'])} ({m.range()}) "
            f"| {m.verdict()} |" for m in marks if m.goal is not None]
    return ["| goal | wanted | measured | |", "|---|---|---|---|", *rows, ""] if rows else []


def worse(now: list[Mark], before: dict[str, Any]) -> Iterator[str]:
    """One sentence for each mark that got worse. `before` is the row's marks as JSON."""
    for mark in now:
        if mark.name not in before:
            continue
        old = Mark.from_json(mark.name, before[mark.name])
        if mark.worse_than(old):
            yield f"{mark.name}: {mark.range()}, was {old.range()}"
