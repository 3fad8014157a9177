# SPDX-License-Identifier: Apache-2.0
"""Includes go down the floors of the house or stay in their room (ARCHITECTURE.md)."""
import re
import unittest

import sources

# A room may include itself and the rooms named here.
MAY_USE = {
    "base": set(),
    "http": {"base"},
    "metrics": {"base"},
    "exposition": {"base", "metrics"},
    "collectors": {"base", "metrics"},
    "web": {"base"},
    "server": {"base", "http", "metrics", "exposition", "collectors", "web"},
}
# loopcheck's rooms are above all of the library, which knows none of them.
LOOPCHECK_MAY_USE = {
    "objects": set(),
    "findings": {"objects"},
    "prediction": {"objects"},
    "queries": {"objects", "prediction"},
    "access": {"objects", "findings", "prediction"},
    "schemas": {"objects", "prediction", "queries"},
    "links": {"objects", "findings", "prediction", "queries", "access", "schemas", "sources"},
    "report": {"objects", "findings", "prediction", "links"},
    "sources": {"objects"},
}
# What a room must not include of the world outside.
FORBIDDEN = {
    "metrics": r"<boost/|<sys/socket|<prometheus/",
    "exposition": r"<boost/asio|<sys/socket|<prometheus/",
    "collectors": r"<boost/asio|<sys/socket",
    "http": r"<boost/asio/(?!buffer)|<sys/socket|<prometheus/",
    "web": r"<boost/|<sys/socket|<prometheus/",
    "base": r"<boost/|<prometheus/",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])', re.MULTILINE)
OURS = re.compile(r"<loopmeter/(\w+)/")
LOOPCHECK = re.compile(r"<loopcheck/(\w+)/")


def findings(room: str, text: str) -> list[str]:
    found = []
    for included in INCLUDE.findall(text):
        if ours := OURS.match(included):
            if ours[1] != room and ours[1] not in MAY_USE[room]:
                found.append(f"{room} must not include {included}")
        elif re.search(FORBIDDEN.get(room, r"$^"), included):
            found.append(f"{room} must not include {included}")
        elif "demo/" in included or included.startswith('"'):
            found.append(f"{room} includes {included}; the library says <loopmeter/room/file>")
    return found


def loopcheck_findings(room: str, text: str) -> list[str]:
    found = []
    for included in INCLUDE.findall(text):
        ours = LOOPCHECK.match(included)
        if ours and ours[1] != room and ours[1] not in LOOPCHECK_MAY_USE[room]:
            found.append(f"{room} must not include {included}")
        elif included.startswith('"') and "/" in included:
            found.append(f"{room} includes {included}; another room is <loopcheck/room/file>")
    return found


class Arrows(unittest.TestCase):
    def test_every_room_of_loopcheck_keeps_to_its_floor(self) -> None:
        seen = 0
        for path in sources.files("src/loopcheck/*/*.hpp", "src/loopcheck/*/*.cpp"):
            room = path.parent.name
            self.assertIn(room, LOOPCHECK_MAY_USE, "a room that this test does not know")
            self.assertEqual(loopcheck_findings(room, path.read_text()), [], path)
            seen += 1
        self.assertGreater(seen, 60)

    def test_a_wrong_arrow_of_loopcheck_is_found(self) -> None:
        for room, line in [
            ("objects", "#include <loopcheck/findings/finding.hpp>"),
            ("prediction", "#include <loopcheck/links/chain.hpp>"),
            ("sources", "#include <loopcheck/links/chain.hpp>"),
            ("report", '#include "../links/chain.hpp"'),
        ]:
            self.assertNotEqual(loopcheck_findings(room, line), [], line)

    def test_every_room_keeps_to_its_floor(self) -> None:
        seen = 0
        for path in sources.files("src/loopmeter/*/*.hpp", "src/loopmeter/*/*.cpp"):
            room = path.parent.name
            self.assertIn(room, MAY_USE, "a room that this test does not know")
            self.assertEqual(findings(room, path.read_text()), [], path)
            seen += 1
        self.assertGreater(seen, 30)

    def test_a_wrong_arrow_is_found(self) -> None:
        for room, line in [
            ("metrics", "#include <loopmeter/http/head.hpp>"),
            ("metrics", "#include <boost/asio.hpp>"),
            ("http", "#include <loopmeter/server/route.hpp>"),
            ("http", "#include <sys/socket.h>"),
            ("exposition", "#include <boost/asio/io_context.hpp>"),
            ("base", "#include <loopmeter/metrics/shard.hpp>"),
            ("server", '#include "route.hpp"'),
            ("server", "#include <demo/options.hpp>"),
        ]:
            with self.subTest(room=room, line=line):
                self.assertEqual(len(findings(room, line)), 1)

    def test_every_source_is_in_the_inventory(self) -> None:
        for path in sources.files("src/**/*.cpp", "tests/unit/**/*.cpp"):
            near, above = (folder / "meson.build" for folder in (path.parent, path.parent.parent))
            inventory = near.read_text() if near.exists() else ""
            parent = above.read_text() if above.exists() else ""
            self.assertTrue(f"'{path.name}'" in inventory or path.name in parent,
                            f"{path} stands in no meson.build")


if __name__ == "__main__":
    unittest.main()
