# SPDX-License-Identifier: Apache-2.0
"""docs/handbook.md as the tests read it: its blocks in the page's order, each under its anchors;
the wrong answers that its tables list; and a shell that runs a block as a reader does."""
from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
from typing import Iterator

import rendering  # first, for it ends the test as skipped where Python lacks a module
import demo
import programs
import prometheus
import strict_yaml

PAGE = rendering.SOURCE_ROOT / "docs" / "handbook.md"
PORTS = (18080, 19090)  # where the page's tunnels begin
TUNNEL_NOT_OPEN_YET = "curl: (7) Failed to connect"  # the page says that it means no more


@dataclasses.dataclass(frozen=True)
class Block:
    language: str
    text: str
    anchors: tuple[str, ...]
    heading: str
    chapter: int
    before: str  # the prose between what is above and this
    line: int

    def __str__(self) -> str:
        return f"{PAGE.name}:{self.line} ({self.language}, {self.heading})"


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


class Page:
    def __init__(self, text: str = PAGE.read_text(encoding="utf-8")) -> None:
        self.blocks: list[Block] = []
        self.headings: dict[str, str] = {}  # by anchor
        self.wrong_answers: dict[str, set[str]] = {}  # by heading: first cells of its tables
        self._taken: set[int] = set()
        chapter, heading, before = 0, "", ""
        anchors: tuple[str, ...] = ()
        named = False  # whether the anchors stand directly above
        lines = enumerate(text.splitlines(), 1)
        for number, line in lines:
            if fence := re.fullmatch(r"```(\w+)", line):
                body = ""
                for _, inside in lines:
                    if inside == "```":
                        break
                    body += f"{inside}\n"
                self.blocks.append(
                    Block(fence[1], body, anchors, heading, chapter, before.strip(), number))
                before = ""
            elif found := re.fullmatch(r"(##+) (.*)", line):
                heading, before = found[2], ""
                if found[1] == "##":
                    chapter = int(heading.split(".")[0])
                anchors = (*(anchors if named else ()), slug(heading))
                self.headings.update(dict.fromkeys(anchors, heading))
            elif ids := re.findall(r'<a id="([\w-]+)"></a>', line):
                anchors = tuple(ids)
                self.headings.update(dict.fromkeys(anchors, heading))
                named = True
                continue
            else:
                before += f"{line}\n"
                if cell := re.match(r"\| (.*?) \| ", line):
                    self.wrong_answers.setdefault(heading, set()).add(cell[1])
            named = False

    def one(self, anchor: str, language: str = "sh", position: int = 0) -> Block:
        """Of the blocks under this anchor. It counts as taken from now on."""
        found = self._at(anchor, language)
        assert position < len(found), f"{PAGE.name}: {len(found)} {language} blocks at #{anchor}"
        self._taken.add(found[position].line)
        return found[position]

    def all(self, anchor: str, language: str = "sh") -> list[Block]:
        """They all count as taken."""
        found = self._at(anchor, language)
        self._taken.update(each.line for each in found)
        return found

    def _at(self, anchor: str, language: str) -> list[Block]:
        return [each for each in self.blocks
                if anchor in each.anchors and each.language == language]

    def left(self, chapters: range) -> list[str]:
        """Commands, queries and answers of these chapters that nobody has taken."""
        return [str(each) for each in self.blocks if each.chapter in chapters
                and each.language in ("sh", "promql", "text") and each.line not in self._taken]


def shown(text: str) -> re.Pattern[str]:
    """What an output is like that the page shows so: "…" is any text in its line, and any lines
    where it stands alone."""
    return re.compile("".join(
        r"(?:.*\n)*" if line.strip() == "…" else
        ".*".join(map(re.escape, line.split("…"))) + r" *\n" for line in text.splitlines()))


def like(text: str) -> list[str]:
    """The lines of an example with what is another in each cluster left out."""
    text = re.sub(r",\n +(?=\")", ",", text)  # broken, for the page is narrow
    for pattern, name in ((r"\b\d+\.\d+\.\d+\.\d+\b", "IP"),
                          (r"\bdemo-cpp-[a-z0-9]+-[a-z0-9]{5}\b", "POD"),
                          (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME")):
        text = re.sub(pattern, name, text)
    return [line.rstrip() for line in text.splitlines()]


@dataclasses.dataclass(frozen=True, repr=False)
class Output:
    block: Block
    text: str
    code: int

    def __repr__(self) -> str:  # what a message shows where a check fails
        return f"{self.block}: exit {self.code}\n{self.text}"

    def lines(self, pattern: str) -> list[str]:
        """What the group of the pattern is in each line that matches."""
        return re.findall(pattern, self.text, re.MULTILINE)


def ports_free() -> None:
    for port in PORTS:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as error:
                raise AssertionError(
                    f"the handbook's tunnels need the local port {port}: {error.strerror}"
                ) from error


class Shell:
    """Runs blocks where the page says, at the root of the repository; there, the base names the
    image under test. Prometheus is the one named, as the page says where there are several."""

    def __init__(self, root: pathlib.Path, server: str) -> None:
        self.root = root
        self.server = server

    def run(self, block: Block, timeout_s: float = 240) -> Output:
        any_server = "-l app.kubernetes.io/name=prometheus"
        text = block.text.replace(
            any_server, f"{any_server},operator.prometheus.io/name={self.server}")
        done = subprocess.run(["bash", "-c", text], cwd=self.root, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=timeout_s)
        output = "".join(f"{line}\n" for line in done.stdout.splitlines()
                         if not line.startswith(TUNNEL_NOT_OPEN_YET))
        return Output(block, output, done.returncode)

    def right(self, block: Block) -> Output:
        output = self.run(block)
        assert output.code == 0, output
        return output


@contextlib.contextmanager
def shell() -> Iterator[Shell]:
    for name in ("bash", "jq", "curl"):
        programs.tool(name)
    namespace, server = prometheus.GIVEN
    if namespace != demo.MONITORING:
        print(f"the handbook's Prometheus lives in {demo.MONITORING}, this one in {namespace}")
        raise SystemExit(programs.SKIP)
    ports_free()
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        shutil.copytree(rendering.K8S, root / "k8s")
        base = root / "k8s" / "base" / "kustomization.yaml"
        kustomization, = strict_yaml.documents(base.read_text(encoding="utf-8"))
        kustomization["images"] = demo.images()
        base.write_text(json.dumps(kustomization), encoding="utf-8")
        yield Shell(root, server)
