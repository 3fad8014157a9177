# SPDX-License-Identifier: Apache-2.0
"""docs/kubernetes.md as the tests read it."""
from __future__ import annotations

import re

import rendering

PAGE = (rendering.SOURCE_ROOT / 'docs' / 'kubernetes.md').read_text(encoding='utf-8')


def rows(page: str, section: str) -> dict[str, str]:
    """The tables' rows of a section: what stands in backquotes in the first column -> the rest."""
    found = re.search(rf'^## {section}\n(.*?)(?=^## |\Z)', page, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r'^\| `([\w-]+)` \| (.*) \|$', found[1] if found else '', re.MULTILINE))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
