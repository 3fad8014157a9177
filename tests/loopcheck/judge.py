# SPDX-License-Identifier: Apache-2.0
"""The Go program in oracle/, built once for each version of the operator, as a function: what the
operator and Prometheus make of cases. Built anew only when its sources change."""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
import subprocess
from collections.abc import Iterable
from typing import Any

import oracle

Unavailable = oracle.Unavailable

FOLDER = pathlib.Path(__file__).resolve().parent / "oracle"
MADE = oracle.TOOLS / "loopcheck-oracle"
BUILD_S = 1800  # from nothing some eight minutes of one core: Kubernetes' clients are large
# How each version of the operator is built.
VERSIONS = {
    "v0.88.0": ("-modfile=v0_88.mod", "-tags=operator_v0_88"),
    "v0.93.0": (),
}


def program(version: str) -> pathlib.Path:
    """Where it is, after building it if need be; Unavailable says why not."""
    sources = sorted(path for path in FOLDER.iterdir() if path.suffix in (".go", ".mod", ".sum"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    made = MADE / f"{version}-{digest}"
    MADE.mkdir(parents=True, exist_ok=True)
    with open(MADE / f".lock-{version}", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _build(version, made)
    return made


def _build(version: str, into: pathlib.Path) -> None:
    fresh = into.with_suffix(".new")
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false", "GOTOOLCHAIN": "local"}
    try:
        run = subprocess.run([oracle.go(),
    "build",
    *VERSIONS[version],
    "-o",
    fresh,
    "."],
    cwd=FOLDER,
    env={**os.environ,
    **settings},
    capture_output=True,
    text=True,
    check=False,
     timeout=BUILD_S)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the oracle could not be built within {BUILD_S} s") from None
    if run.returncode != 0:
        last = run.stderr.strip().splitlines()[-1:] or ["go build failed"]
        raise Unavailable(f"the oracle cannot be built: {last[0]}")
    for old in MADE.glob(f"{version}-*"):
        if old != fresh:
            old.unlink()
    fresh.rename(into)


def ask(command: list[str | os.PathLike[str]], cases: Iterable[dict[str, Any]],
        timeout_s: float) -> list[dict[str, Any]]:
    """The answers of a program that takes a case a line and gives an answer a line."""
    lines = "".join(json.dumps(one) + "\n" for one in cases)
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=False,
                         timeout=timeout_s)
    if run.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {run.returncode}: {run.stderr[-2000:]}")
    return [json.loads(line) for line in run.stdout.splitlines()]
