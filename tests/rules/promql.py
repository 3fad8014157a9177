# SPDX-License-Identifier: Apache-2.0
"""What a query asks for: its selectors and the labels by which it groups. A tokenizer and one look
ahead are enough for that; whether the query is well formed, promtool says."""
from __future__ import annotations

import dataclasses
import re

TOKEN = re.compile(r"""
      (?P<space>\s+|\#[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<range>\[[^]]*\])
    | (?P<number>\d[\w.]*)
    | (?P<name>[A-Za-z_:][\w:]*)
    | (?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^=<>(){},@])
""", re.VERBOSE)

WORDS = {"and", "atan2", "bool", "inf", "nan", "offset", "or", "unless"}
GROUPING = {"by", "group_left", "group_right", "ignoring", "on", "without"}


@dataclasses.dataclass(frozen=True)
class Matcher:
    label: str
    operator: str
    value: str


@dataclasses.dataclass(frozen=True)
class Selector:
    metric: str
    matchers: tuple[Matcher, ...]


@dataclasses.dataclass(frozen=True)
class Query:
    selectors: tuple[Selector, ...]
    grouping: frozenset[str]  # the labels of by, on and their like


def tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"no token at {text[position:position + 20]!r}")
        if match.lastgroup != "space":
            found.append(match[0])
        position = match.end()
    return found


def is_name(token: str) -> bool:
    return re.fullmatch(r"[A-Za-z_:][\w:]*", token) is not None


def parse(text: str) -> Query:
    rest = tokens(text)
    selectors, grouping = [], set()
    while rest:
        token = rest.pop(0)
        after = rest[0] if rest else ""
        if token == "{":
            raise ValueError(f"a selector without a name in {text!r}")
        if not is_name(token) or token.lower() in WORDS:
            continue
        if token in GROUPING:
            if after == "(":
                end = rest.index(")")
                grouping.update(each for each in rest[1:end] if each != ",")
                del rest[:end + 1]
        elif after != "(" and after not in GROUPING:  # else a function or an aggregation
            selectors.append(Selector(token, matchers(rest)))
    return Query(tuple(selectors), frozenset(grouping))


def matchers(rest: list[str]) -> tuple[Matcher, ...]:
    """Those in the braces that may follow, which are taken off the tokens."""
    if not rest or rest[0] != "{":
        return ()
    end = rest.index("}")
    inside = [each for each in rest[1:end] if each != ","]
    del rest[:end + 1]
    if len(inside) % 3 != 0:
        raise ValueError(f"no matchers: {inside}")
    return tuple(Matcher(label, operator, value[1:-1].replace("\\\\", "\\"))
                 for label, operator, value in zip(inside[::3], inside[1::3], inside[2::3]))
