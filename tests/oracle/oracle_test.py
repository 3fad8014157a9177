# SPDX-License-Identifier: Apache-2.0
"""The oracle's own tests, in Go, and its face in Python."""
import sys
import unittest

import oracle

TEXT = "text/plain; version=0.0.4; charset=utf-8"
SKIP = 77  # what meson counts as skipped

try:
    oracle.program()
except oracle.Unavailable as why:
    print(why)
    sys.exit(SKIP)


class Oracle(unittest.TestCase):
    def test_in_go(self) -> None:
        try:
            run = oracle.run_go("test", ".")
        except oracle.Unavailable as why:
            self.skipTest(str(why))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_sample(self) -> None:
        for parser in oracle.PARSERS:
            with self.subTest(parser):
                one, = oracle.decode(b'# TYPE a gauge\na{c="d",b="e"} +Inf\n', TEXT, parser)
                self.assertEqual(one.series, ("a", (("b", "e"), ("c", "d"))))
                self.assertEqual((one.value, one.type), (float("inf"), "gauge"))

    def test_a_refusal_says_why(self) -> None:
        for parser in oracle.PARSERS:
            with self.subTest(parser), self.assertRaisesRegex(oracle.Refused, "."):
                oracle.decode(b"a\n", TEXT, parser)


if __name__ == "__main__":
    unittest.main()
