# SPDX-License-Identifier: Apache-2.0
"""Manifests of other projects, by the names and versions that those gave them. None of them is kept
here: the Operator's come as the Go module that the oracle is built with, and the repositories of
the others from where LOOPMETER_REPOSITORIES says, a URL or a folder of clones with {owner} and
{name} in it: https://github.com/{owner}/{name}. What was had once is had."""
from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

import operator_sources
import oracle

REPOSITORIES = os.environ.get("LOOPMETER_REPOSITORIES", "")
MADE = oracle.TOOLS / "loopcheck-others"
OPERATOR = "prometheus-operator/prometheus-operator"
HELM = "v3.19.2"
FETCH_S = 600
BUILD_S = 900  # helm, from nothing some two and a half minutes of one core


class Unavailable(Exception):
    """These cannot be had here; says why."""


def _run(command: list[str | os.PathLike[str]], timeout_s: float, **options: object) -> bytes:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s,
                              **options)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} did not end within {timeout_s:.0f} s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        raise Unavailable(f"{' '.join(map(str, command[:4]))}: {said[-1]}")
    return done.stdout


class _Lock:
    """Tests that start together fetch and build once."""

    def __enter__(self) -> None:
        MADE.mkdir(parents=True, exist_ok=True)
        self.file = open(MADE / ".lock", "w", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.file.close()


def folder(project: str, version: str, *paths: str) -> pathlib.Path:
    """These paths of "owner/name" at a tag or commit, below the folder that is returned."""
    if project == OPERATOR:
        found = operator_sources.folder(version.removeprefix("v"))
        if found is None:
            raise Unavailable(f"the module of {project} {version} cannot be had")
        return found
    with _Lock():
        into = MADE / f"{project.replace('/', '+')}@{version}"
        lacking = [path for path in paths if not _mark(into, path).exists()]
        if lacking and not REPOSITORIES:
            raise Unavailable("LOOPMETER_REPOSITORIES does not say where repositories are")
        if lacking:
            _extract(project, version, lacking, into)
    return into


def _mark(into: pathlib.Path, path: str) -> pathlib.Path:
    """Is there when all below this path is."""
    return into.with_name(f"{into.name}.{path.replace('/', '+')}")


def _extract(project: str, version: str, paths: list[str], into: pathlib.Path) -> None:
    owner, name = project.split("/")
    where = REPOSITORIES.format(owner=owner, name=name)
    with tempfile.TemporaryDirectory(dir=MADE) as fresh:
        if not os.path.isdir(where):
            _run(["git", "init", "--quiet", "--bare", f"{fresh}/git"], 60)
            _run(["git", "-C", f"{fresh}/git", "fetch", "--quiet", "--depth=1", where, version],
                 FETCH_S, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
            where, version = f"{fresh}/git", "FETCH_HEAD"
        for path in paths:
            tree = pathlib.Path(fresh, f"tree-{path.replace('/', '+')}")
            tree.mkdir()
            packed = _run(["git", "-C", where, "archive", "--format=tar", version, "--", path],
                          FETCH_S)
            _run(["tar", "-x", "--no-same-owner", "-C", tree], FETCH_S, input=packed)
            made = into / path
            if made.exists():  # a part of it
                shutil.rmtree(made)
            made.parent.mkdir(parents=True, exist_ok=True)
            (tree / path).rename(made)
            _mark(into, path).touch()


def helm() -> pathlib.Path:
    """Built once, by the ordinary client of Go's modules."""
    made = MADE / f"helm-{HELM}"
    with _Lock():
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=MADE) as fresh:
                settings = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false",
                            "GOTOOLCHAIN": "local", "GOBIN": fresh}
                _run([oracle.go(), "install", f"helm.sh/helm/v3/cmd/helm@{HELM}"], BUILD_S,
                     cwd="/", env={**os.environ, **settings})
                pathlib.Path(fresh, "helm").rename(made)
    return made


def rendered(chart: pathlib.Path, settings: tuple[str, ...], namespace: str,
             subcharts: tuple[pathlib.Path, ...] = ()) -> str:
    """What `helm template` makes of a chart; those that it depends on lie beside it, as `helm
    dependency build` would put them into it."""
    with tempfile.TemporaryDirectory() as fresh:
        copied = pathlib.Path(shutil.copytree(chart, pathlib.Path(fresh, chart.name)))
        for each in subcharts:
            shutil.copytree(each, copied / "charts" / each.name)
        values = [part for each in settings for part in ("--set", each)]
        # Any place that nobody's configuration is in.
        places = {f"HELM_{name}_HOME": fresh for name in ("CACHE", "CONFIG", "DATA")}
        return _run([helm(), "template", "prometheus", copied, "--namespace", namespace,
                     "--api-versions", "monitoring.coreos.com/v1", "--kube-version", "1.34.0",
                     *values], 120, env={**os.environ, **places}).decode()
