# SPDX-License-Identifier: Apache-2.0
"""What all rows of the benchmark share: who is measured, on which core, and how much it used."""
from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build/bench"
PEERS = ROOT / "tests/bench/peers"
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, CLIENT_CORE = "0", "1"

os.environ["PATH"] += os.pathsep + str(ROOT / "build/tools/bin")  # the Go of scripts/tools

Result = dict[str, Any]  # as it goes into the JSON


class Row(Protocol):
    """One thing that is measured: figures first, words from them afterwards."""
    title: str

    def measure(self, repeats: int, seconds: float) -> Result: ...
    def table(self, result: Result) -> list[str]: ...


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> None:
    say(f"error: {text}")
    sys.exit(1)


# --- peers ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Peer:
    """A server: `command(port)` starts it."""
    command: Callable[[int], list[str]]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def demo_cpp(port: int) -> list[str]:
    return [str(BUILD / "src/demo/demo-cpp"), "--server.workers=1", "--log.level=error",
            f"--web.listen-address=127.0.0.1:{port}", "--shutdown.delay=0s"]


def bench_program(name: str, *arguments: object) -> Callable[[int], list[str]]:
    return lambda port: [str(BUILD / "tests/bench" / name), str(port), *map(str, arguments)]


def built_by(tool: str, name: str, command: list[str], **environment: str) -> bool:
    """Builds a peer in another language; says so if it cannot be."""
    if not shutil.which(tool):
        say(f"no {tool} here: the rows go without {name}")
        return False
    say(f"building {name}")
    run = subprocess.run(command, cwd=PEERS / name, capture_output=True, text=True, check=False,
                         env={**os.environ, **environment})
    if run.returncode != 0:
        why = next((line for line in run.stderr.splitlines() if "error" in line),
                   run.stderr.strip()[-200:])
        say(f"{name} cannot be built ({why}): left out")
    return run.returncode == 0


@functools.cache
def go_demo() -> pathlib.Path | None:
    made = BUILD / "go-demo"
    return made if built_by("go", "go-demo", ["go", "build", "-o", str(made), "."]) else None


@functools.cache
def rust_metrics() -> pathlib.Path | None:
    target = BUILD / "rust-metrics"
    done = built_by("cargo", "rust-metrics", ["cargo", "build", "--quiet", "--release", "--locked"],
                    CARGO_TARGET_DIR=str(target))
    return target / "release/rust-metrics" if done else None


def go_peer(*arguments: object) -> Peer | None:
    program = go_demo()
    return program and Peer(lambda port: [str(program), str(port), *map(str, arguments)],
                            {"GOMAXPROCS": "1"})


def rust_peer(*arguments: object) -> Peer | None:
    program = rust_metrics()
    return program and Peer(lambda port: [str(program), str(port), *map(str, arguments)])


def present(peers: dict[str, Peer | None]) -> dict[str, Peer]:
    return {name: peer for name, peer in peers.items() if peer}


# --- running --------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def serving(peer: Peer, prefix: tuple[str, ...] = (), timeout_s: float = 30,
            **environment: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """Starts the peer on one core; gives its port and process. It is ended by SIGTERM."""
    port = free_port()
    command = ["taskset", "-c", SERVER_CORE, *prefix, *peer.command(port)]
    process = subprocess.Popen(command, env={**os.environ, **peer.environment, **environment},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                fail(f"{command[3]} does not start: {process.stderr.read()[-300:]!r}")
            time.sleep(0.0005)
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()


def client(*command: object, **options: Any) -> subprocess.CompletedProcess:
    """Runs a program on the other core."""
    return subprocess.run(["taskset", "-c", CLIENT_CORE, *map(str, command)], capture_output=True,
                          text=True, check=False, **options)


@contextlib.contextmanager
def on_client_core() -> Iterator[None]:
    """Keeps this very process away from the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


# --- figures --------------------------------------------------------------------------------------


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def ratios(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Pair by pair: the machine's speed drifts from round to round, and both felt it."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def cell(figure: dict[str, float] | None, digits: int = 2, scale: float = 1) -> str:
    if figure is None:
        return "–"
    median, low, high = (f"{figure[key] * scale:,.{digits}f}" for key in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


def table_of(title: str, *rows: list[str] | tuple[str, ...]) -> list[str]:
    """Markdown; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [f"**{title}**", "", lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""]
