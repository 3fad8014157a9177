# SPDX-License-Identifier: Apache-2.0
"""The components prometheus-rules and grafana-dashboard, rendered upon an overlay."""
from __future__ import annotations

import copy
import json
import subprocess
from typing import Any

import rendering
import strict_yaml

Object = dict[str, Any]

COMPONENTS = ("prometheus-rules", "grafana-dashboard")
JOB = "(.+/)?demo-cpp"  # of the targets of either monitor


def render(overlay: str, more: str = "") -> list[Object]:
    """All objects of the overlay with the components, and with what a user may add."""
    listed = json.dumps([f"{{k8s}}/components/{each}" for each in COMPONENTS])
    text = f"resources: [{{k8s}}/overlays/{overlay}]\ncomponents: {listed}\n{more}"
    name, path = rendering.require_any()
    with rendering.kustomization(text) as folder:
        done = rendering.render(name, path, folder)
    if (done.returncode, done.stderr) != (0, ""):
        raise AssertionError(f"exit code {done.returncode}: {done.stderr}")
    return strict_yaml.documents(done.stdout)


def only(objects: list[Object], kind: str, name: str) -> Object:
    found, = (each for each in objects
              if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def groups() -> list[Object]:
    """The groups of the rules, from the rendering."""
    return only(render("servicemonitor"), "PrometheusRule", "demo-cpp")["spec"]["groups"]


def dashboard() -> Object:
    """The dashboard, from the rendering."""
    data = only(render("servicemonitor"), "ConfigMap", "demo-cpp-dashboard")["data"]
    return json.loads(data["demo-cpp.json"])


def alerts(of: list[Object]) -> dict[str, Object]:
    return {rule["alert"]: rule for group in of for rule in group["rules"] if "alert" in rule}


def records(of: list[Object]) -> dict[str, Object]:
    return {rule["record"]: rule for group in of for rule in group["rules"] if "record" in rule}


def changed(of: list[Object], name: str, **fields: str) -> list[Object]:
    """A copy in which the rule of that name has other fields."""
    mutant = copy.deepcopy(of)
    {**alerts(mutant), **records(mutant)}[name].update(fields)
    return mutant


def promtool(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                          timeout=60)
