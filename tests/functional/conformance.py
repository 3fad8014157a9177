# SPDX-License-Identifier: Apache-2.0
"""The HTTP cases asked of us and of other servers, side by side: who is within the RFCs, and who
answers as this project prefers. scripts/conformance makes docs/conformance.md of it."""
from __future__ import annotations

import concurrent.futures
from dataclasses import dataclass, field

import barrage  # finds http_cases/
import peers
import wire
from service import Service

import cases
import judge
import run_cases

AT_ONCE = 16
QUIET_S = 0.6  # silence that means that nothing more comes, on a busy machine

GROUPS = {  # in the order of a message
    "request-line": "request line",
    "fields": "field lines",
    "host": "Host",
    "content-length": "Content-Length",
    "transfer-encoding": "Transfer-Encoding",
    "chunked": "chunked bodies",
    "semantics": "semantics",
    "desync": "desynchronisation",
    "accept": "must be accepted",
}


@dataclass(frozen=True)
class Result:
    group: str
    faults: list[str]  # by the RFCs; none: within
    preferred: bool


@dataclass
class Column:
    """One server's results, by the cases' names."""

    name: str
    version: str
    results: dict[str, Result] = field(default_factory=dict)

    def within(self, group: str | None = None) -> int:
        return sum(not one.faults for one in self.of(group))

    def preferred(self, group: str | None = None) -> int:
        return sum(one.preferred for one in self.of(group))

    def of(self, group: str | None) -> list[Result]:
        return [one for one in self.results.values() if group in (None, one.group)]


def ask(case: judge.Case, server: run_cases.Server) -> Result:
    observed = run_cases.exchange(case, server, None)
    faults = judge.judge(case, observed)
    return Result(case["group"], faults,
                  not faults and not judge.judge(case, observed, prefer=True))


def measure(name: str, version: str, address: str) -> Column:
    host, port = wire.endpoint(address)
    server = run_cases.Server(host, port, cases.Paths(), QUIET_S, close_wait_s=0)
    column = Column(name, version)
    # Deadlines are settings, not conformance.
    asked = [case for case in cases.load() if case["group"] != "time"]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for case, result in zip(asked, pool.map(lambda case: ask(case, server), asked)):
            column.results[case["id"]] = result
    return column


def columns() -> tuple[list[Column], list[str]]:
    """Ours first; and the names of those that are not installed."""
    with Service(*cases.SERVICE_FLAGS) as service:
        found = [measure("demo-cpp", "this tree", service.address)]
    absent = []
    for name, make in (("nginx", peers.nginx), ("HAProxy", peers.haproxy)):
        peer = make()
        if peer is None:
            absent.append(name)
            continue
        with peer:
            found.append(measure(name, peer.version, peer.address))
    return found, absent


def table(found: list[Column]) -> str:
    head = "| | cases |" + "".join(f" {one.name}: within | preferred |" for one in found)
    lines = [head, "|---|---|" + "---|---|" * len(found)]
    for group, title in GROUPS.items():
        cells = "".join(f" {one.within(group)} | {one.preferred(group)} |" for one in found)
        lines.append(f"| {title} | {len(found[0].of(group))} |{cells}")
    totals = "".join(f" **{one.within()}** | **{one.preferred()}** |" for one in found)
    lines.append(f"| **all** | **{len(found[0].results)}** |{totals}")
    return "\n".join(lines) + "\n"


def deviations(column: Column) -> str:
    """What is outside the RFCs, one line a case."""
    lines = [f"- `{name}`: {'; '.join(one.faults)}" for name, one in column.results.items()
             if one.faults]
    return "\n".join(lines) + "\n" if lines else "None.\n"
