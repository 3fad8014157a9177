# SPDX-License-Identifier: Apache-2.0
"""Section 8 of docs/handbook.md: from a cluster without the service to the closed loop, then every
drill. What a drill breaks shows first in the step that the page names, and as the page shows it;
the steps before that one give their right answers; and what mends closes the loop again."""
from __future__ import annotations

import dataclasses
import re
import unittest
from typing import Callable

import demo
import handbook
import kube
import prometheus
from five_steps import Steps, monitor
from handbook import Block, Output, Shell, shown
from programs import amount, wait_until

CHAPTER = 8
PAGE = handbook.Page()
# [Step 4](#step-4), **`down`** and **`connection refused`**: where to look, and the rows there.
LOOK = re.compile(r"\[[^]]*\]\(#([\w-]+)\)(?:, \*\*(.+?)\*\*(?: and \*\*(.+?)\*\*)?)?")
SECOND_SERVER = re.compile(r"operator\.prometheus\.io/name=([\w-]+)")


@dataclasses.dataclass(frozen=True)
class Look:
    """A block to run, and what the page shows of its output."""
    block: Block
    text: str
    anchor: str  # of the block; a block of the drill itself: of the drill


class Drill:
    """What breaks is its first block. What stands above another that shows an output is to be
    looked at; the first that shows none mends, the others tidy up."""

    def __init__(self, anchor: str) -> None:
        self.anchor = anchor
        blocks = [each for each in PAGE.blocks if anchor in each.anchors]
        PAGE.all(anchor, "text")
        self.breaks, *others = PAGE.all(anchor)
        self.says: str | None = None
        self.looks: list[Look] = []
        self.repairs: list[Block] = others
        self.rows: list[str] = []
        prose = " ".join(each.before for each in blocks)
        found = SECOND_SERVER.search(prose)
        self.server = found[1] if found else None
        for above, each in zip(blocks, blocks[1:]):
            if each.language == "text":
                self._shows(above, each)
        for where, *rows in LOOK.findall(re.sub(r"\s+", " ", prose)):
            for row in filter(None, rows):
                known = PAGE.wrong_answers[PAGE.headings[where]]
                assert row in known, f"{anchor}: no row {row!r} at #{where}: {sorted(known)}"
                self.rows.append(row)
        assert self.looks and self.repairs, f"{anchor}: no wrong answer, or nothing that mends"

    def _shows(self, above: Block, each: Block) -> None:
        if found := LOOK.search(each.before):
            self.looks.append(Look(PAGE.one(found[1]), each.text, found[1]))
        elif above is self.breaks:
            self.says = each.text
        else:
            assert above in self.repairs, f"{each}: no step or block above gives this"
            self.looks.append(Look(above, each.text, self.anchor))
            self.repairs.remove(above)

    @property
    def step(self) -> int:
        """The first that gives a wrong answer."""
        return int(re.match(r"step-(\d)", self.looks[0].anchor)[1])


DRILLS = [Drill(anchor) for anchor in PAGE.headings if re.fullmatch(r"drill-\d+", anchor)]


def shows(shell: Shell, look: Look) -> None:
    output = shell.run(look.block)
    assert shown(look.text).fullmatch(output.text), f"not\n{look.text}but {output}"


def answers(steps: Steps) -> list[float]:
    """What `up` says of the Pods that are there."""
    names = "|".join(each["metadata"]["name"] for each in demo.pods())
    return [value for _, value in
            steps.server().query(f'up{{namespace="{demo.NAMESPACE}", pod=~"{names}"}}')]


def up_is(expected: list[float], steps: Steps) -> None:
    found = answers(steps)
    assert found == expected, found


def discovered(steps: Steps) -> None:
    """The page's "…" may be 0, too."""
    dropped = steps.server().api("targets", state="any")["droppedTargetCounts"]
    assert dropped.get(prometheus.pool(monitor()), 0) > 0, dropped


# What a row of the page's tables means besides: asked of Prometheus itself.
MEANT: dict[str, Callable[[Steps], None]] = {
    "no target, `dropped` above 0": discovered,
    "`down`": lambda steps: up_is([0, 0], steps),
    "every sum is twice what you sent": lambda steps: up_is([1, 1, 1, 1], steps),
}


class Drills(unittest.TestCase):
    """In the order of the page: a drill begins where the one before ends."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.shell = cls.enterClassContext(handbook.shell())
        cls.steps = Steps(PAGE, cls.shell)
        cls.patience_s = prometheus.switch_s()
        wait_until(cls.steps.server().none, timeout_s=cls.patience_s, pause_s=1)
        cls.addClassCleanup(demo.remove)

    def test_00_from_an_empty_cluster(self) -> None:
        there, often = (PAGE.one("from-an-empty-cluster-to-the-closed-loop", position=each)
                        for each in range(2))
        self.assertEqual(len(self.shell.right(there).lines(r"^(\w+)\.monitoring\.coreos\.com ")), 3)
        self.shell.right(PAGE.one("4-deploy"))
        wait_until(self.steps.targets_are_up, timeout_s=self.patience_s, pause_s=0.5)
        for step in range(1, 5):
            self.steps.right(step)
        self.shell.right(often)

    def test_99_nothing_was_left_out(self) -> None:
        self.assertEqual(PAGE.left(range(CHAPTER, CHAPTER + 1)), [])
        self.assertGreaterEqual(len(DRILLS), 16)

    def walk(self, drill: Drill) -> None:
        shell, steps = self.shell, self.steps
        if drill.server:  # a new one, which has not failed to discover anything before
            shell = Shell(shell.root, drill.server)
            steps = Steps(PAGE, shell, failures="0")
        repairs = list(drill.repairs)
        self.addCleanup(lambda: [shell.run(each) for each in repairs])
        broken = shell.right(drill.breaks)
        if drill.says:
            self.assertRegex(broken.text, shown(drill.says))

        for look in drill.looks:
            wait_until(lambda: shows(shell, look), timeout_s=self.patience_s, pause_s=0.5)
        for step in range(1, drill.step):
            steps.right(step)
        with self.assertRaises(AssertionError):
            steps.right(drill.step)
        for row in drill.rows:
            if row in MEANT:
                wait_until(lambda: MEANT[row](steps), timeout_s=30, pause_s=0.5)

        shell.right(repairs.pop(0))
        wait_until(steps.targets_are_up, timeout_s=self.patience_s, pause_s=0.5)
        wait_until(lambda: steps.right(drill.step), timeout_s=60, pause_s=0.5)
        wait_until(lambda: self.assertEqual(steps.up(), [1, 1]), timeout_s=30, pause_s=0.5)
        while repairs:
            shell.right(repairs.pop(0))


def selects_all() -> bool:
    namespace, name = prometheus.GIVEN
    return kube.get("prometheus", name, namespace)["spec"]["serviceMonitorSelector"] == {}


def walked(drill: Drill) -> Callable[[Drills], None]:
    def test(self: Drills) -> None:
        if drill.anchor == "drill-1" and selects_all():
            self.skipTest("this Prometheus takes every monitor")
        self.walk(drill)
    test.__doc__ = PAGE.headings[drill.anchor]
    return test


# Each takes half a minute: every second one, or all with --all.
for position, one in list(enumerate(DRILLS, 1))[::amount(quick=2, long=1)]:
    setattr(Drills, f"test_{position:02}", walked(one))

if __name__ == "__main__":
    unittest.main()
