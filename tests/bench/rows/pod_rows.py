# SPDX-License-Identifier: Apache-2.0
"""The row that needs a cluster: the image in a Pod, beside Go's in the same Pod."""
from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tarfile
import tempfile

import harness
import peers
from harness import ROOT, Result
from marks import Mark
from peers import GO, OURS

IMAGE = "docker.io/library/demo-cpp:dev"
GO_IMAGE = "docker.io/library/demo-go:dev"
ROUNDS_MAX = 2  # one takes three minutes
CLIENT = "tests/cluster/cluster-client"
COLUMNS = {"ready_s": ("s to ready", 2), "idle_mb": ("MB idle", 1), "loaded_mb": ("MB in use", 1),
           "idle_millicores": ("idle, of 1,000 of a processor", 2),
           "cpu_ms_per_1000": ("ms CPU for 1,000 requests", 1)}
# Of these the goals are for.
GOALS = {"idle_mb": ("resident memory in a Pod", 0.3), "ready_s": ("start to ready in a Pod", 0.5),
         "cpu_ms_per_1000": ("CPU for 1,000 requests in a Pod", 0.42)}


def archive(binary: pathlib.Path, name: str, file: pathlib.Path) -> None:
    """An image (docker-archive) of this static program."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as made:
        made.add(binary, "demo")
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"User": "65532:65532", "Entrypoint": ["/demo"]},
        "rootfs": {"type": "layers",
                   "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}})
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}])
    with tarfile.open(file, "w") as made:
        for part, octets in (("config.json", config.encode()), ("layer.tar", layer.getvalue()),
                             ("manifest.json", manifest.encode())):
            head = tarfile.TarInfo(part)
            head.size = len(octets)
            made.addfile(head, io.BytesIO(octets))


def said(*command: str | pathlib.Path, **environment: str) -> str:
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                         env={**os.environ, **environment}, cwd=ROOT)
    if run.returncode != 0:
        words = (run.stderr.strip() or run.stdout.strip() or "it failed").splitlines()[-1]
        raise harness.Failed(f"{pathlib.Path(command[0]).name}: {words}")
    return run.stdout


@dataclasses.dataclass(frozen=True)
class InPodRow:
    title: str

    def measure(self, repeats: int, _seconds: float) -> Result:
        load = shlex.split(os.environ.get("CLUSTER_IMAGE_LOAD", ""))
        if not load or "KUBECONFIG" not in os.environ:
            raise harness.Failed("no cluster: KUBECONFIG and CLUSTER_IMAGE_LOAD say which, and how "
                                 "it gets images (scripts/cluster-test --help)")
        said(ROOT / "scripts/tools", "kubectl")
        said(ROOT / "scripts/image")
        said(ROOT / "scripts/build", "test", CLIENT)
        said(*load, ROOT / "build/image/demo-cpp.tar")
        wanted = [f"{OURS}={IMAGE}"]
        if go := peers.go_program("demo"):
            with tempfile.TemporaryDirectory() as folder:
                archive(go, GO_IMAGE, pathlib.Path(folder) / "demo-go.tar")
                said(*load, pathlib.Path(folder) / "demo-go.tar")
            wanted.append(f"{GO}={GO_IMAGE},:8080")
        path = os.pathsep.join(str(ROOT / "tests" / room)
                               for room in ("cluster", "chain", "functional"))
        found = json.loads(said(
            sys.executable, ROOT / "tests/cluster/pod_figures.py", str(min(repeats, ROUNDS_MAX)),
            *wanted, PYTHONPATH=path, CLUSTER_IMAGE=IMAGE,
            CLUSTER_CLIENT=str(ROOT / "build/test" / CLIENT)))
        return harness.beside(found, *GOALS)

    def table(self, result: Result) -> list[str]:
        return harness.table_of(
            self.title, ("image", *(words for words, _ in COLUMNS.values())),
            *((name, *(harness.cell(s[key], digits) for key, (_, digits) in COLUMNS.items()))
              for name, s in result.items()))

    def marks(self, result: Result) -> list[Mark]:
        return [Mark(f"17: {words} : {name}", s[f"{key}_ratio"], goal)
                for name, s in result.items() if name != OURS
                for key, (words, goal) in GOALS.items()]


ROWS = {
    "in-pod": InPodRow("The image in a Pod of the base's resources, on a cluster"),
}
