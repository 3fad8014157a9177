# SPDX-License-Identifier: Apache-2.0
"""The table of the CRDs' fields says of each version what its CRDs say."""
from __future__ import annotations

import os
import pathlib
import re
import unittest

import operator_sources
import yaml

TABLE = (pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"]) /
         "src/loopcheck/schemas/crd_fields_table.inc")
# Of those that the module proxy serves: the oldest, one before and after many fields, the newest.
VERSIONS = ("0.72.0", "0.75.0", "0.85.0", "0.88.0", "0.93.0")


def rows() -> list[tuple[str, str, int]]:
    found = re.findall(r'^\{"(\w+)", "([^"]+)", (\d+)\},$', TABLE.read_text(), re.MULTILINE)
    return [(kind, path, int(minor)) for kind, path, minor in found]


def fields(schema: dict, path: str) -> set[str]:
    if "items" in schema:
        return fields(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        return {path + "{}"} | fields(schema["additionalProperties"], path + "{}")
    found = {path + "{}"} if schema.get("x-kubernetes-preserve-unknown-fields") else set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{path}.{name}"} | fields(inner, f"{path}.{name}")
    return found


class Table(unittest.TestCase):
    def test_it_is_read_whole(self) -> None:
        self.assertEqual(len(rows()), TABLE.read_text().count('{"'))
        self.assertGreater(len(rows()), 300)

    def test_it_says_what_the_crds_say(self) -> None:
        compared = 0
        for version in VERSIONS:
            sources = operator_sources.folder(version)
            if sources is None:
                continue
            for kind, plural in (("ServiceMonitor", "servicemonitors"),
                                 ("PodMonitor", "podmonitors")):
                with self.subTest(version=version, kind=kind):
                    crd = yaml.safe_load(operator_sources.crd_file(sources, plural).read_text())
                    spec = next(each["schema"]["openAPIV3Schema"]["properties"]["spec"]
                                for each in crd["spec"]["versions"] if each["name"] == "v1")
                    minor = int(version.split(".")[1])
                    known = {path for of, path, since in rows() if of == kind and since <= minor}
                    self.assertEqual(known, fields(spec, "spec"))
                    compared += 1
        if compared == 0:
            self.skipTest("no sources of the Operator can be had here")


if __name__ == "__main__":
    unittest.main()
