# SPDX-License-Identifier: Apache-2.0
"""Two predictions of one case side by side, and the smallest case that still tells them apart."""
from __future__ import annotations

import copy
import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

Answer = dict[str, Any]
Case = dict[str, Any]
PARTS = (
    "pools",
    "rejected",
    "not_selected",
    "unloadable",
    "invalid",
    "targets",
    "dropped",
     "failed")


SECRETS = ("bearer_token", "client_id", "client_secret", "credentials", "password", "username")


def plain(of: Any) -> Any:
    """What two ways to write the same configuration have in common: YAML's 8080 and "8080" are one
    to Prometheus where it wants text, and a rule without an action replaces. loopcheck does not
    show secrets."""
    if isinstance(of, dict):
        return {name: "<secret>" if name in SECRETS else plain(value) for name, value in of.items()
                if (name, value) != ("action", "replace")}
    if isinstance(of, list):
        return [plain(value) for value in of]
    if isinstance(of, bool) or of is None:
        return of
    if isinstance(of, float) and of.is_integer():
        return str(int(of))
    return str(of)


def text(of: Any) -> str:
    return json.dumps(of, sort_keys=True, ensure_ascii=False)


def _counted(part: str, one: Answer) -> str:
    """What has to be the same of an entry of this part; messages may differ."""
    if part == "pools":
        return text({**one, "config": plain(one["config"])})
    if part == "targets":
        return text({name: one[name] for name in ("pool", "prometheus", "labels", "url", "interval",
                                                  "timeout")})
    return text({name: one[name] for name in ("pool", "prometheus", "monitor") if name in one})


def _selecting(config: Answer) -> int:
    """How many rules, after the first, stand for the monitor's selector."""
    rules = config["relabel_configs"][1:]
    return next((i for i, one in enumerate(rules) if not one["source_labels"][0].startswith(
        ("__meta_kubernetes_pod_label", "__meta_kubernetes_pod_phase",
         "__meta_kubernetes_service_label"))), len(rules))


def meant(wanted: Answer) -> Answer:
    """Without what is dropped as none of the monitor's: loopcheck does not look at those."""
    selecting = {(one["prometheus"], one["name"]): _selecting(one["config"])
                 for one in wanted["pools"]}
    return {**wanted, "dropped": [one for one in wanted["dropped"] if one["rule"] >
                                  selecting[one["prometheus"], one["pool"]]]}


def differences(wanted: Answer, got: Answer) -> list[str]:
    """A line for each entry that only one of them has: "-" what should be, "+" what is."""
    if "error" in wanted:
        return [f"the oracle failed: {wanted['error']}"]
    wanted, found = meant(wanted), []
    for part in PARTS:
        should = Counter(_counted(part, one) for one in wanted[part])
        does = Counter(_counted(part, one) for one in got[part])
        for one, count in sorted((should - does).items()):
            found.append(f"- {part} {count}x {one}")
        for one, count in sorted((does - should).items()):
            found.append(f"+ {part} {count}x {one}")
    return found


def brief(lines: list[str]) -> list[str]:
    """Two entries that differ in few fields as those fields."""
    minus = [line for line in lines if line.startswith(("- pools", "- targets"))]
    plus = [line for line in lines if line.startswith(("+ pools", "+ targets"))]
    rest = [line for line in lines if line not in minus and line not in plus]
    for one in minus:
        part, _, said = one[2:].split(" ", 2)
        left = json.loads(said)
        for other in plus:
            other_part, _, said = other[2:].split(" ", 2)
            right = json.loads(said)
            names = [name for name in ("pool", "name", "prometheus", "url")
                     if name in left or name in right]
            if part == other_part and all(left.get(n) == right.get(n) for n in names):
                where = left.get("pool") or left.get("name")
                rest += [f"{part} {where}{path}: {a} should be, {b} is"
                         for path, a, b in _unlike(left, right, "")]
                plus.remove(other)
                break
        else:
            rest.append(one)
    return rest + plus


def _unlike(left: Any, right: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            if left.get(name) != right.get(name) or (name in left) != (name in right):
                if name in left and name in right:
                    yield from _unlike(left[name], right[name], f"{path}.{name}")
                else:
                    yield (f"{path}.{name}", text(left[name]) if name in left else "(absent)",
                           text(right[name]) if name in right else "(absent)")
    elif isinstance(left, list) and isinstance(right, list):
        match = difflib.SequenceMatcher(None, [text(one) for one in left],
                                        [text(one) for one in right], autojunk=False)
        for what, i, j, k, m in match.get_opcodes():
            if what == "replace" and j - i == m - k:
                for n in range(j - i):
                    yield from _unlike(left[i + n], right[k + n], f"{path}[{i + n}]")
            elif what != "equal":
                yield f"{path}[{i}]", text(left[i:j]), text(right[k:m])
    else:
        yield path, text(left), text(right)


Path = tuple[Any, ...]


def _removable(of: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all that can be left out of a case."""
    if isinstance(of, dict):
        for name, value in of.items():
            if name not in ("apiVersion", "kind", "name", "namespace", "metadata", "id"):
                yield (*path, name)
            yield from _removable(value, (*path, name))
    elif isinstance(of, list):
        for i, value in enumerate(of):
            yield (*path, i)
            yield from _removable(value, (*path, i))


def _without(case: Case, paths: list[Path]) -> Case:
    less = copy.deepcopy(case)
    for path in sorted(paths, key=lambda one: [(isinstance(step, int), str(step).zfill(6))
                                               for step in one], reverse=True):
        at: Any = less
        try:
            for step in path[:-1]:
                at = at[step]
            del at[path[-1]]
        except (KeyError, IndexError):
            pass  # gone with what it was in
    return less


def minimised(case: Case, unlike: Callable[[list[Case]], list[bool]], rounds: int = 6) -> Case:
    """The case without what the difference does not need: in each round, of what can be left out
    alone, what can be left out together."""
    for _ in range(rounds):
        paths = sorted((path for path in _removable(case) if path != ("objects",)), key=len)
        alone = [path for path, still in zip(paths, unlike(
            [_without(case, [one]) for one in paths])) if still]
        if not alone:
            break
        gone: list[Path] = []
        parts = [alone]
        while parts:
            part = parts.pop(0)
            if unlike([_without(case, gone + part)])[0]:
                gone += part
            elif len(part) > 1:
                parts[:0] = [part[:len(part) // 2], part[len(part) // 2:]]
        case = _without(case, gone)
    return case
