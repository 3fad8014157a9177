# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, read by hand: text 0.0.4, as plain as its grammar."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

import wire

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPES = {"\\n": "\n", "\\\\": "\\", '\\"': '"'}

Labels = tuple[tuple[str, str], ...]


def labels_of(**labels: str) -> Labels:
    return tuple(sorted(labels.items()))


def unescape(text: str) -> str:
    return re.sub(r"\\.", lambda found: ESCAPES[found[0]], text)


@dataclass
class Exposition:
    text: str
    types: dict[str, str] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def series(self, name: str) -> dict[Labels, float]:
        """All samples of one name, suffix included."""
        return {labels: value for (of, labels), value in self.samples.items() if of == name}

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, labels_of(**labels)]

    def total(self, name: str, **labels: str) -> float:
        """The sum over the series that have these labels among theirs."""
        wanted = set(labels.items())
        return sum(v for of, v in self.series(name).items() if wanted <= set(of))


def parse(text: str) -> Exposition:
    read = Exposition(text)
    assert text.endswith("\n"), "the last line has no end"
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            keyword, name, rest = line[2:].split(" ", 2)
            into = {"HELP": read.helps, "TYPE": read.types}[keyword]
            assert name not in into, f"twice: {line}"
            into[name] = rest
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, f"not a sample: {line!r}"
        labels, position = {}, 0
        while position < len(sample[2] or ""):
            label = LABEL.match(sample[2], position)
            assert label, f"bad labels: {line!r}"
            assert label[1] not in labels, f"label twice: {line!r}"
            labels[label[1]] = unescape(label[2])
            position = label.end()
        key = sample[1], labels_of(**labels)
        assert key not in read.samples, f"series twice: {line!r}"
        read.samples[key] = float(sample[3])
    return read


def fetch(address: str, client: wire.Client | None = None) -> Exposition:
    """Scrapes once; over `client` if there is one."""
    answer = client.get("/metrics") if client else wire.get(address, "/metrics")
    assert answer.status == 200, f"/metrics: {answer.status} {answer.body!r}"
    assert answer.field("Content-Type") == CONTENT_TYPE, answer.fields
    return parse(answer.body.decode("utf-8"))


def increases(before: Exposition, after: Exposition, name: str) -> dict[Labels, float]:
    """By how much each series of a name rose; series that did not move are left out."""
    old = before.series(name)
    moved = {labels: value - old.get(labels, 0) for labels, value in after.series(name).items()}
    missing = old.keys() - moved.keys()
    assert not missing, f"series of {name} vanished: {missing}"
    return {labels: rise for labels, rise in moved.items() if rise != 0}
