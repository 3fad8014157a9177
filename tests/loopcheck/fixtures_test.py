# SPDX-License-Identifier: Apache-2.0
"""loopcheck manifests names each way to break the chain, and nothing else, by its link and code;
and what it prints as a patch makes the chain whole."""
from __future__ import annotations

import copy
import unittest

import loopcheck
from breaks import BREAKS, Objects


class Healthy(unittest.TestCase):
    def test_the_whole_chain_is_whole(self) -> None:
        report = loopcheck.manifests(loopcheck.healthy())
        self.assertEqual(report["findings"], [])
        self.assertTrue(report["ok"])
        self.assertEqual(len([each for each in report["targets"] if each["state"] == "active"]), 2)


class Broken(unittest.TestCase):
    def broken(self, one) -> Objects:
        objects = loopcheck.healthy()
        for edit in one.edits:
            edit(objects)
        return objects

    def test_each_is_named(self) -> None:
        for one in BREAKS:
            with self.subTest(one.name):
                report = loopcheck.manifests(self.broken(one))
                first = report["first_broken"]
                self.assertIsNotNone(first, report)
                self.assertEqual(
                    (first["code"], first["link"], first["object"]),
                    (one.code, int(one.code[3]), one.object), report["findings"])
                errors = [each for each in report["findings"] if each["severity"] == "error"
                          and not each["because_of"]]
                self.assertEqual({each["code"] for each in errors}, {one.code}, errors)
                for each in errors:
                    for key in ("found", "expected", "fix"):
                        self.assertTrue(each[key], each)

    def test_each_patch_mends(self) -> None:
        """The patch of the first break, and if one mistake breaks two chains, of the next one."""
        for one in BREAKS:
            if not one.mends:
                continue
            with self.subTest(one.name):
                objects = self.broken(one)
                report = loopcheck.manifests(objects)
                for _ in range(2):
                    broken = [each for each in report["findings"] if each["severity"] == "error"]
                    if broken:
                        self.assertIsNotNone(broken[0]["patch"], broken[0])
                        loopcheck.apply(broken[0]["patch"], objects)
                        report = loopcheck.manifests(objects)
                self.assertEqual(report["findings"], [])

    def test_those_that_cannot_be_patched_say_no_patch_that_fails(self) -> None:
        for one in BREAKS:
            if one.mends:
                continue
            with self.subTest(one.name):
                objects = self.broken(one)
                before = copy.deepcopy(objects)
                report = loopcheck.manifests(objects)
                for each in report["findings"]:
                    if each["patch"] is not None:
                        loopcheck.apply(each["patch"], objects)
                again = loopcheck.manifests(objects)
                self.assertTrue(
    before == objects or again["first_broken"] != report["first_broken"])

    def test_there_are_enough(self) -> None:
        self.assertEqual({int(one.code[3]) for one in BREAKS}, set(range(1, 8)))
        self.assertGreaterEqual(len(BREAKS), 80)
        self.assertEqual(len({one.name for one in BREAKS}), len(BREAKS))


if __name__ == "__main__":
    unittest.main()
