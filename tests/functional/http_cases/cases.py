# SPDX-License-Identifier: Apache-2.0
"""The cases of cases.json as octets. Pure: who sends or mutates them is elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from judge import Case


# Some cases exceed a limit that is below 16 MiB, which /echo has by this flag alone.
SERVICE_FLAGS = ["--limit.streamed-body-bytes=1MB"]


@dataclass(frozen=True)
class Paths:
    """What the names in at signs stand for: pages of the server that is asked."""

    get: str = "/"
    post: str = "/echo"
    metrics: str = "/metrics"


def load() -> list[Case]:
    cases: list[Case] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
    return cases


def bytes_of(raw_escaped: str, paths: Paths) -> bytes:
    """Escapes as in a Python literal; then the paths, and `@R:N:unit@`, the unit N times."""
    raw = raw_escaped.encode("ascii").decode("unicode_escape").encode("latin-1")
    for name, path in ((b"@GET@", paths.get), (b"@POST@", paths.post),
                       (b"@METRICS@", paths.metrics)):
        raw = raw.replace(name, path.encode("ascii"))
    return re.sub(rb"@R:(\d+):([^@]*)@", lambda m: m[2] * int(m[1]), raw, flags=re.DOTALL)


def steps_of(case: Case, paths: Paths) -> list[tuple[bytes, float]]:
    """What to send, and how long to listen before the next step, in seconds."""
    steps = case.get("steps") or [case]
    return [
        (bytes_of(step.get("raw_escaped") or "", paths), step.get("wait_ms", 0) / 1000)
        for step in steps
    ]


def message_of(case: Case, paths: Paths = Paths()) -> bytes:
    """All of it at once."""
    return b"".join(data for data, _ in steps_of(case, paths))
