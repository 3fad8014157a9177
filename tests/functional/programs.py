# SPDX-License-Identifier: Apache-2.0
"""What every test of programs needs: child processes, tools that may be missing, patience."""
from __future__ import annotations

import importlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from typing import Any, Callable, TypeVar

SKIP = 77  # what meson counts as skipped
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

# Of AddressSanitizer, LeakSanitizer, ThreadSanitizer and UndefinedBehaviorSanitizer, whose reports
# need not end a program.
SANITIZER = re.compile(r"^.*(?:(?:ERROR|WARNING): \w+Sanitizer|: runtime error: ).*$", re.MULTILINE)

Result = TypeVar("Result")


def amount(quick: int, long: int) -> int:
    """How much of something a test does: LOOPMETER_LONG=1, which scripts/test --all sets, means
    much."""
    return long if os.environ.get("LOOPMETER_LONG") == "1" else quick


def sanitizer_report(log: str) -> str | None:
    """The first line of it."""
    found = SANITIZER.search(log)
    return found[0] if found else None


def tool(name: str) -> str:
    """Where this program is; ends the test as skipped if it is not installed."""
    if path := shutil.which(name):
        return path
    print(f"{name} is not installed")
    sys.exit(SKIP)


def found_tool(name: str) -> str | None:
    """The same for a test that goes on without it."""
    return shutil.which(name)


def module(name: str) -> types.ModuleType:
    """This module; ends the test as skipped if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(error)
        sys.exit(SKIP)


def found_module(name: str) -> types.ModuleType | None:
    """The same for a test that goes on without it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def wait_until(probe: Callable[[], Result], timeout_s: float = 5, pause_s: float = 0.01) -> Result:
    """Calls `probe` until it neither raises AssertionError nor OSError, and returns its result."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            return probe()
        except (AssertionError, OSError) as error:
            if time.monotonic() >= end:
                raise AssertionError(f"not within {timeout_s} s; last: {error!r}") from error
        time.sleep(pause_s)  # pace of the polling


class Program:
    """A child process with its log; it is ended by its own process id and by nothing else."""

    def __init__(self, command: list[str], **options: Any) -> None:
        # A file, not a pipe: a program that logs a lot must not wait for us to read.
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, **{
            "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": self._log,
            **options})
        self.pid = self.process.pid
        self.signalled = False

    def log(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode("utf-8", "replace")

    def signal(self, number: int) -> None:
        self.signalled = self.signalled or number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)  # of a child that ended: does nothing

    def wait(self, timeout_s: float = 10) -> int:
        """Its exit code; negative for the signal that killed it."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s:\n{self.log()}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()

    def logged(self, text: str) -> str:
        """The first line with this text; AssertionError if there is none yet."""
        for line in self.log().splitlines():
            if text in line:
                return line
        code = self.process.poll()
        raise AssertionError(f"no line with {text!r}; exit code {code}; log:\n{self.log()}")

    def cpu_s(self) -> float:
        """Processor time used so far."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace")
        fields = stat.rpartition(")")[2].split()  # after the name, which may hold anything
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self) -> int:
        """Memory in use, as the kernel counts it for limits."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text("ascii", "replace")
        return int(status.split("VmRSS:", 1)[1].split()[0]) * 1024


def log_field(line: str, key: str) -> str:
    """The value of `key=value` in a line of logfmt; values with spaces are not needed here."""
    for field in line.split():
        name, equals, value = field.partition("=")
        if name == key and equals:
            return value
    raise AssertionError(f"no {key} in {line!r}")
