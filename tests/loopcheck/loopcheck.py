# SPDX-License-Identifier: Apache-2.0
"""The real loopcheck, asked by tests."""
from __future__ import annotations

import copy
import json
import os
import pathlib
import subprocess
from typing import Any

import yaml

PROGRAM = os.environ["LOOPCHECK"]
HERE = pathlib.Path(__file__).parent
# How the API server merges lists by a strategic merge patch; custom resources' are replaced.
MERGE_KEYS = {"containers": "name", "ports": "port"}


def run(*arguments: str, stdin: str | bytes = "", timeout_s: float = 60,
        environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True,
                          timeout=timeout_s, check=False,
                          env=os.environ | (environment or {}))
    return subprocess.CompletedProcess(done.args, done.returncode,
                                       done.stdout.decode(errors="replace"),
                                       done.stderr.decode(errors="replace"))


def healthy() -> dict[str, dict]:
    return by_id(yaml.safe_load_all((HERE / "healthy.yaml").read_text()))


def by_id(objects: Any) -> dict[str, dict]:
    made = {}
    for each in objects:
        space = each["metadata"].get("namespace")
        made["/".join(filter(None, (each["kind"], space, each["metadata"]["name"])))] = each
    return made


def manifests(objects: dict[str, dict], *arguments: str) -> dict:
    """The report; the exit status must agree with it."""
    done = run("manifests", "-", "-o", "json", *arguments,
               stdin=yaml.safe_dump_all(objects.values()))
    assert done.stderr == "", done.stderr
    report = json.loads(done.stdout)
    expected = 1 if report["first_broken"] else 0 if report["decided"] else 3
    assert done.returncode == expected, (done.returncode, report)
    return report


def apply(patch: dict, objects: dict[str, dict]) -> None:
    """As kubectl apply or kubectl patch would: strategic for built-in kinds, a merge for others."""
    if patch["creates"]:
        content = copy.deepcopy(patch["content"])
        objects.update(by_id(content["items"] if content["kind"] == "List" else [content]))
        return
    # Lists of NetworkPolicies and Roles have no key to merge by either.
    strategic = objects[patch["object"]]["apiVersion"] in ("v1", "apps/v1")
    objects[patch["object"]] = merged(objects[patch["object"]], patch["content"], strategic)


def merged(held: Any, patch: Any, strategic: bool, key: str = "") -> Any:
    if isinstance(patch, dict) and isinstance(held, dict):
        made = dict(held)
        for name, value in patch.items():
            if value is None:
                made.pop(name, None)
            else:
                made[name] = merged(made.get(name), value, strategic, name)
        return made
    if isinstance(patch, dict):
        return {name: merged(None, value, strategic, name)
                for name, value in patch.items() if value is not None}
    if strategic and isinstance(patch, list) and isinstance(held, list) and key in MERGE_KEYS:
        by = MERGE_KEYS[key]
        made = copy.deepcopy(held)
        for each in patch:
            same = next((one for one in made if one.get(by) == each.get(by)), None)
            if same is None:
                made.append(each)
            else:
                same.update(merged(same, each, strategic))
        return made
    return copy.deepcopy(patch)
