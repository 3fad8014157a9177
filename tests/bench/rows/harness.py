# SPDX-License-Identifier: Apache-2.0
"""What all rows of the benchmark share: taking turns, which core, and how much was used."""
from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from marks import Figure, Mark

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build/bench"
SERVER_CORE, CLIENT_CORE, BOTH_CORES = "0", "1", "0,1"
DESCRIPTORS_WANTED = 40_000

Result = dict[str, Any]  # as it goes into the JSON
Run = dict[str, float]  # one run's figures
T = TypeVar("T")


class Failed(Exception):
    """Something could not be measured. What was measured before it is kept."""


# What the world can do to a run; anything else is a bug of ours.
FAILURES = (Failed, OSError, subprocess.SubprocessError)


class Row(Protocol):
    """One thing that is measured: figures first, words from them afterwards. A row may also have
    plot(result)."""
    title: str

    def measure(self, repeats: int, seconds: float) -> Result: ...
    def table(self, result: Result) -> list[str]: ...
    def marks(self, result: Result) -> list[Mark]: ...


@dataclasses.dataclass(frozen=True)
class Peer:
    """A server: `command(port)` starts it."""
    command: Callable[[int], list[str]]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


# --- running --------------------------------------------------------------------------------------


def rounds(title: str, repeats: int, runs: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Everyone's turn, again and again: A B C A B C … The first is ours and must succeed; another
    one that fails is named and left out."""
    found: dict[str, list[T]] = {name: [] for name in runs}
    ours = next(iter(runs))
    for number in range(repeats):
        for name in list(found):
            try:
                found[name].append(runs[name]())
            except FAILURES as why:
                if name == ours:
                    raise
                say(f"{title}: {name} is left out: {why}")
                del found[name]
        say(f"{title}: round {number + 1} of {repeats}")
    return found


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def serving(peer: Peer, prefix: tuple[str, ...] = (), core: str = SERVER_CORE,
            **environment: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """Starts the peer on one core; gives its port and process. It is ended by SIGTERM."""
    port = free_port()
    command = ["taskset", "-c", core, *prefix, *peer.command(port)]
    process = subprocess.Popen(command, env={**os.environ, **peer.environment, **environment},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()


def wait_for(port: int, process: subprocess.Popen, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise Failed(f"{process.args[3]} does not start: {process.stderr.read()[-300:]!r}")
        time.sleep(0.0005)


def client(*command: object, core: str = CLIENT_CORE, timeout_s: float = 120) -> str:
    """Runs a program on the other core and gives what it printed."""
    try:
        run = subprocess.run(["taskset", "-c", core, *map(str, command)], capture_output=True,
                             text=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {timeout_s:g} s") from None
    if run.returncode != 0:
        raise Failed(f"{command[0]}: {(run.stderr or run.stdout).strip()[-300:]}")
    return run.stdout


@contextlib.contextmanager
def on_client_core() -> Iterator[None]:
    """Keeps this very process away from the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_descriptor_limit() -> int:
    """To what is wanted (not to all there is: nginx takes memory for each), or to what the system
    allows; our children have it from us. Gives the limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = hard == resource.RLIM_INFINITY or hard >= DESCRIPTORS_WANTED
    try:
        limits = (DESCRIPTORS_WANTED, hard if enough else DESCRIPTORS_WANTED)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


# --- what a process used --------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads, ended ones included, to the nanosecond."""
    clock = ctypes.c_int()
    if error := ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise Failed(f"process {pid}: {os.strerror(error)}")
    try:
        return time.clock_gettime(clock.value)
    except OSError as why:
        raise Failed(f"process {pid} is gone: {why}") from None


def memory_bytes(pid: int, field: str) -> int:
    """VmRSS (now) or VmHWM (the most so far)."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", status)[1]) * 1024
    except (OSError, TypeError):
        raise Failed(f"process {pid} is gone") from None


def resident_bytes(pid: int) -> int:
    return memory_bytes(pid, "VmRSS")


def settled_bytes(pid: int) -> int:
    """Resident memory once it has stopped moving: a collector may still be at work."""
    before, deadline = resident_bytes(pid), time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.25)
        now = resident_bytes(pid)
        if abs(now - before) < 65536:
            return now
        before = now
    return before


# --- figures --------------------------------------------------------------------------------------


def spread(values: list[float]) -> Figure:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def spreads(runs: list[Run]) -> dict[str, Figure]:
    return {key: spread([run[key] for run in runs]) for key in runs[0]}


def ratios(ours: list[float], theirs: list[float]) -> Figure:
    """Pair by pair: the machine's speed drifts from round to round, and both felt it."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def beside(found: dict[str, list[Run]], *keys: str) -> Result:
    """The figures of each, and beside the others' the ratio of ours to theirs in these keys."""
    ours = next(iter(found.values()))
    result: Result = {}
    for name, runs in found.items():
        result[name] = spreads(runs)
        if runs is not ours:
            for key in keys:
                result[name][key + "_ratio"] = ratios([run[key] for run in ours],
                                                      [run[key] for run in runs])
    return result


def cell(figure: Figure | None, digits: int = 2, scale: float = 1) -> str:
    if figure is None:
        return "–"
    median, low, high = (f"{figure[key] * scale:,.{digits}f}" for key in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


def table_of(title: str, *rows: list[str] | tuple[str, ...]) -> list[str]:
    """Markdown; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [f"**{title}**", "", lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""]
