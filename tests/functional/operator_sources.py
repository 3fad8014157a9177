# SPDX-License-Identifier: Apache-2.0
"""The sources of the Prometheus Operator, as the Go module proxy serves them: for its CRDs."""
from __future__ import annotations

import json
import pathlib
import subprocess

import programs

MODULE = "github.com/prometheus-operator/prometheus-operator"


def folder(version: str) -> pathlib.Path | None:
    """Of that version; None where it cannot be had: not all are served."""
    command = [programs.tool("go"), "mod", "download", "-json", f"{MODULE}@v{version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300,
                          cwd="/")
    return pathlib.Path(json.loads(done.stdout)["Dir"]) if done.returncode == 0 else None


def crd_file(sources: pathlib.Path, plural: str) -> pathlib.Path:
    return sources / "example/prometheus-operator-crd" / f"monitoring.coreos.com_{plural}.yaml"
