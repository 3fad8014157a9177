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


class Arrows(unittest.TestCase):
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
            inventory = (path.parent / "meson.build").read_text()
            parent = (path.parent.parent / "meson.build").read_text()
            self.assertTrue(f"'{path.name}'" in inventory or path.name in parent,
                            f"{path} stands in no meson.build")


if __name__ == "__main__":
    unittest.main()
