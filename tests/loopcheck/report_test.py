# SPDX-License-Identifier: Apache-2.0
"""The forms of a report: JSON by its schema, SARIF, JUnit; the table of codes in the handbook."""
from __future__ import annotations

import json
import os
import pathlib
import re
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema
import loopcheck
import yaml
from breaks import BREAKS

ROOT = pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"])


def broken(code: str) -> str:
    objects = loopcheck.healthy()
    for edit in next(each for each in BREAKS if each.code == code).edits:
        edit(objects)
    return yaml.safe_dump_all(objects.values())


class Forms(unittest.TestCase):
    def test_json_keeps_its_schema(self) -> None:
        schema = json.loads((ROOT / "docs/loopcheck.schema.json").read_text())
        checker = jsonschema.Draft202012Validator(schema)
        for code in sorted({each.code for each in BREAKS}):
            with self.subTest(code):
                done = loopcheck.run("manifests", "-", "-o", "json", stdin=broken(code))
                checker.validate(json.loads(done.stdout))

    def test_sarif(self) -> None:
        done = loopcheck.run("manifests", "-", "-o", "sarif", stdin=broken("LC0402"))
        log = json.loads(done.stdout)
        self.assertEqual(log["version"], "2.1.0")
        run, = log["runs"]
        rules = {each["id"] for each in run["tool"]["driver"]["rules"]}
        self.assertEqual(rules, {each["code"] for each in codes()})
        result, = run["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("LC0402", "error"))
        self.assertIn("release=prometheus", result["message"]["text"])

    def test_junit(self) -> None:
        done = loopcheck.run("manifests", "-", "-o", "junit", stdin=broken("LC0305"))
        suite = ElementTree.fromstring(done.stdout)
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("9", "1"))
        failed = [case for case in suite if case.find("failure") is not None]
        self.assertEqual([case.get("name") for case in failed], ["link 3: monitor"])

    def test_text_names_the_first_break_last(self) -> None:
        done = loopcheck.run("manifests", "-", stdin=broken("LC0402"))
        self.assertIn("The chain breaks at link 4, Prometheus selects it: LC0402",
                      done.stdout.splitlines()[-1])
        self.assertNotIn("\x1b", done.stdout)


def codes() -> list[dict]:
    return json.loads(loopcheck.run("explain", "--all", "-o", "json").stdout)


class Codes(unittest.TestCase):
    def test_they_are_in_order_and_well_formed(self) -> None:
        rows = codes()
        self.assertEqual([each["code"] for each in rows], sorted({each["code"] for each in rows}))
        for each in rows:
            self.assertEqual(int(each["code"][3]), each["link"])
            for key in ("title", "cause", "fix"):
                self.assertTrue(each[key])

    def test_the_handbook_has_each(self) -> None:
        page = (ROOT / "docs/handbook.md").read_text()
        for each in codes():
            with self.subTest(each["code"]):
                row = (f'| <a id="{each["code"].lower()}"></a>{each["code"]} | {each["title"]} | '
                       f'{each["cause"]} | {each["fix"]} |')
                self.assertTrue(row in page, row)
        listed = re.findall(r'<a id="(lc\d{4})"></a>', page)
        self.assertEqual(len(listed), len(codes()))

    def test_every_break_of_the_fixtures_is_explained(self) -> None:
        for each in BREAKS:
            done = loopcheck.run("explain", each.code)
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.startswith(each.code + ": "))


if __name__ == "__main__":
    unittest.main()
