#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one fuzz target for a bounded time, from its corpus and from the HTTP cases.

A corpus is a file of one input a line, escaped as in a Python literal, so that a change of it can
be read. With LOOPMETER_LONG=1 a run takes LONG_S instead of QUICK_S. What is found is left beside
the program as NAME-finding-…; run the program with that file to see it again.

exit: 0 nothing found, 1 something was (with --must-find the other way round), 2 bad usage
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "functional/http_cases"))
# The path above comes first: pylint: disable=wrong-import-position
import cases

QUICK_S = 7
LONG_S = 120
INPUT_BYTES_MAX = 1024
ONE_INPUT_S_MAX = 60  # of one input, on a machine that is busy
RUNS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)


def escaped(data: bytes) -> str:
    line = data.decode("latin-1").encode("unicode_escape").decode("ascii")
    return line[:-1] + "\\x20" if line.endswith(" ") else line  # seen, and kept by editors


def unescaped(line: str) -> bytes:
    return line.encode("ascii").decode("unicode_escape").encode("latin-1")


def read_corpus(path: pathlib.Path) -> list[bytes]:
    return [unescaped(line) for line in path.read_text("ascii").splitlines()]


def write_corpus(path: pathlib.Path, inputs: set[bytes]) -> None:
    lines = [escaped(data) + "\n" for data in sorted(inputs, key=lambda data: (len(data), data))]
    path.write_text("".join(lines), "ascii")


def seeds(target: str) -> list[bytes]:
    """What the HTTP cases give to begin with."""
    messages = [cases.message_of(case) for case in cases.load()]
    if target in ("head", "message"):
        return messages
    if target == "body":
        return [message.partition(b"\r\n\r\n")[2] for message in messages]
    if target == "router":
        return [words[1] for words in (message.split(b" ", 2) for message in messages)
                if len(words) == 3]
    return []


def fill(folder: pathlib.Path, inputs: list[bytes]) -> None:
    for data in inputs:
        if 0 < len(data) <= INPUT_BYTES_MAX:
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def run(program: pathlib.Path, folder: pathlib.Path, seconds: int) -> tuple[int, int, str]:
    """The exit status, the number of runs, and what was said."""
    done = subprocess.run(
        [program, f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", "-seed=1",
         f"-timeout={ONE_INPUT_S_MAX}", "-print_final_stats=1", "-verbosity=1",
         f"-artifact_prefix={program}-finding-", folder],
        capture_output=True, text=True, errors="replace", check=False,
        timeout=seconds * 3 + 300)
    runs = RUNS.search(done.stderr)
    return done.returncode, int(runs[1]) if runs else 0, done.stderr


def minimised(program: pathlib.Path, folder: pathlib.Path) -> set[bytes]:
    """The fewest and shortest of these inputs that reach as much of the program."""
    with tempfile.TemporaryDirectory() as kept:
        subprocess.run([program, "-merge=1", f"-max_len={INPUT_BYTES_MAX}", kept, folder],
                       capture_output=True, check=True)
        return {path.read_bytes() for path in pathlib.Path(kept).iterdir()}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path, help="file of inputs")
    parser.add_argument("--seconds", type=int,
                        default=LONG_S if os.environ.get("LOOPMETER_LONG") == "1" else QUICK_S)
    parser.add_argument("--grow", action="store_true", help="keep new inputs, minimised")
    parser.add_argument("--must-find", action="store_true", help="the target has a planted fault")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    target = arguments.corpus.stem
    program = arguments.program.absolute()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        kept = read_corpus(arguments.corpus) if arguments.corpus.exists() else []
        fill(folder, kept + seeds(target))
        status, runs, said = run(program, folder, arguments.seconds)
        found = status != 0
        print(f"{target}: {runs} runs from {len(kept)} kept inputs: "
              f"{'a finding' if found else 'nothing found'}", flush=True)
        if arguments.must_find:
            # Not by accident, and not because it could not run.
            return 0 if "does not hold: the cut does not change what is read" in said else 1
        if found or runs < len(kept):
            print(said[-8000:])
            return 1
        if arguments.grow:
            write_corpus(arguments.corpus, minimised(program, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
