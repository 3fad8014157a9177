# SPDX-License-Identifier: Apache-2.0
"""The Go program beside this file, as a function: what a body with a Content-Type says, in the eyes
of Prometheus itself and of its client library.

It is built once into build/tools/oracle; as long as its sources stay as they are, neither Go nor a
network is needed again.
"""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Any

FOLDER = pathlib.Path(__file__).resolve().parent
TOOLS = FOLDER.parent.parent / "build" / "tools"
PROMETHEUS, EXPFMT = "prometheus", "expfmt"
PARSERS = (PROMETHEUS, EXPFMT)
BUILD_S = 240  # from nothing, modules included, it takes a minute of one core

Labels = tuple[tuple[str, str], ...]


class Unavailable(Exception):
    """There is no oracle here: no Go, or its modules cannot be had."""


class Refused(Exception):
    """The parser did not take the body; says why."""


@dataclass(frozen=True)
class Sample:
    name: str
    labels: Labels
    value: float | None  # None of a native histogram
    native: dict[str, Any] | None = field(hash=False)
    type: str
    help: str
    unit: str
    timestamp_ms: int  # 0 if there is none
    start_ms: int
    exemplars: tuple[tuple[Labels, float, int], ...]  # labels, value, time in ms

    @property
    def series(self) -> tuple[str, Labels]:
        return self.name, self.labels


def go() -> str:
    """A Go that is new enough: what scripts/tools fetched, or any other."""
    least = re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", (FOLDER / "go.mod").read_text(), re.M)
    wanted = tuple(int(part or 0) for part in least.groups())
    for found in (TOOLS / "bin" / "go", shutil.which("go")):
        if found is None or not os.access(found, os.X_OK):
            continue
        said = subprocess.run([found, "env", "GOVERSION"], cwd="/", capture_output=True, text=True,
                              check=False, timeout=60).stdout
        have = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
        if have and tuple(int(part or 0) for part in have.groups()) >= wanted:
            return str(found)
    raise Unavailable(f"no Go {'.'.join(map(str, wanted))} or later; run scripts/tools")


def program() -> pathlib.Path:
    """Where the oracle is, after building it if need be; Unavailable says why not."""
    sources = sorted(path for path in FOLDER.iterdir() if path.suffix in (".go", ".mod", ".sum"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    made = TOOLS / "oracle" / digest
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with open(made.parent / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that start together build it once
        if not made.exists():
            build(made)
    return made


def run_go(*arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Go on this folder, always with the same settings: others would compile everything anew."""
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false", "GOTOOLCHAIN": "local"}
    return subprocess.run([go(), *arguments], cwd=FOLDER, capture_output=True, text=True,
                          check=False, timeout=BUILD_S, env={**os.environ, **settings})


def build(into: pathlib.Path) -> None:
    fresh = into.with_suffix(".new")
    try:
        run = run_go("build", "-o", fresh, ".")
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the oracle could not be built within {BUILD_S} s") from None
    if run.returncode != 0:
        last = run.stderr.strip().splitlines()[-1:] or ["go build failed"]
        raise Unavailable(f"the oracle cannot be built: {last[0]}")
    for old in into.parent.iterdir():
        if old != fresh and not old.name.startswith("."):
            old.unlink()
    fresh.rename(into)


def decode(body: bytes, content_type: str, parser: str = PROMETHEUS,
           starts: bool = True) -> list[Sample]:
    """The samples, sorted by name and labels; Refused if the parser does not take them all. The
    search for start timestamps takes the square of a family's series: leave it out for many."""
    run = subprocess.run([program(), "-parser", parser, "-content-type", content_type,
                          f"-starts={str(starts).lower()}"], input=body,
                         capture_output=True, check=False, timeout=120)
    if run.returncode != 0:
        raise Refused(run.stderr.decode("utf-8", "replace").strip().removeprefix("oracle: "))
    return [_sample(json.loads(line)) for line in run.stdout.splitlines()]


def _sample(said: dict[str, Any]) -> Sample:
    value = said.get("value")
    return Sample(
        name=said["name"], labels=_labels(said["labels"]),
        value=None if value is None else float(value), native=said.get("native"),
        type=said["type"], help=said["help"], unit=said["unit"],
        timestamp_ms=said.get("timestamp", 0), start_ms=said.get("start", 0),
        exemplars=tuple((_labels(one["labels"]), float(one["value"]), one.get("timestamp", 0))
                        for one in said.get("exemplars", [])))


def _labels(said: dict[str, str]) -> Labels:
    return tuple(sorted(said.items()))
