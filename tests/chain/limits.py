# SPDX-License-Identifier: Apache-2.0
"""The service's flags and the memory that they add up to, as docs/limits.md has them."""
from __future__ import annotations

import re

from rendering import SOURCE_ROOT

KB, MB = 1024, 1024 * 1024
UNITS = {'B': 1, 'KB': KB, 'MB': MB, 'GB': 1024 * MB,
         '': 1, 'm': 1e-3, 'Ki': KB, 'Mi': MB, 'Gi': 1024 * MB}
ANSWER = MB  # one answer, as large as content that is held as a whole
TLS, TLS_WORKER = 50 * KB, 150 * KB
KERNEL = 4 * KB  # socket, file and epoll entry count as the Pod's memory, too

ROW = re.compile(r'^\| `(--[\w.-]+)` \| ([^|]+) \| ([^|]+) \|', re.MULTILINE)


def table() -> dict[str, tuple[str, str]]:
    """Flag -> (default, what is allowed)."""
    text = (SOURCE_ROOT / 'docs' / 'limits.md').read_text(encoding='utf-8')
    return {flag: (default, allowed) for flag, default, allowed in ROW.findall(text)}


def declared() -> set[str]:
    """The flags that are no limits, from where they are declared."""
    text = (SOURCE_ROOT / 'src' / 'demo' / 'options.cpp').read_text(encoding='utf-8')
    return {'--' + name for name in re.findall(r'"([a-z]+\.[a-z.-]+)"', text)}


def quantity(text: str) -> float:
    """Of a flag or of Kubernetes: 16MB, 256Mi, 500m, 640."""
    number, unit = re.fullmatch(r'([\d.]+)([A-Za-z]*)', text).groups()
    return float(number) * UNITS[unit]


def refused(flag: str, value: str) -> str:
    """Why the service would not start with it; empty if it would."""
    if flag not in table():
        return '' if flag in declared() else f'there is no flag {flag}'
    allowed = table()[flag][1]
    size = r'(\d+[A-Z]*)'
    bounds, said = re.search(f'{size} to {size}$', allowed), re.fullmatch(size, value)
    if not bounds or not said or not (
            quantity(bounds[1]) <= quantity(said[1]) <= quantity(bounds[2])):
        return f'{flag}={value}: allowed is {allowed}'
    return ''


def memory(flags: dict[str, str], workers: int, tls: bool) -> float:
    """At most, in bytes; the section "Memory" has the formula."""
    known = table()

    def of(flag: str) -> float:
        return quantity(flags.get(flag, known[flag][0]))
    connections = of('--web.max-connections') + of('--limit.reserved-connections')
    connection = 1.25 * (2 * KB + 2 * of('--limit.head-bytes') + 64 * KB) + KERNEL
    worker = MB + 2 * of('--limit.held-body-bytes') + of('--limit.unsent-bytes') + ANSWER
    if tls:
        connection += TLS
        worker += TLS_WORKER
    return 32 * MB + connections * connection + workers * worker
