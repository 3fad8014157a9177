# SPDX-License-Identifier: Apache-2.0
"""Scripts: shellcheck finds nothing, each can be run and explains itself."""
import os
import subprocess
import unittest

import sources

SHELLCHECK = sources.tool("shellcheck")


class Shell(unittest.TestCase):
    def setUp(self) -> None:
        self.scripts = [path for path in sources.files("scripts/*", ".ci/run")
                        if path.read_text().startswith("#!")]

    def test_shellcheck(self) -> None:
        shell = [str(path) for path in self.scripts if "bash" in path.read_text().splitlines()[0]]
        self.assertGreater(len(shell), 3)
        run = subprocess.run([SHELLCHECK, "-x", "-P", str(sources.ROOT), *shell],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout[:4000])

    def test_every_script_is_executable(self) -> None:
        for path in self.scripts:
            self.assertTrue(os.access(path, os.X_OK), path)

    def test_help_and_wrong_flags(self) -> None:
        for name in ["bench", "build", "image", "test", "tools"]:
            path = sources.ROOT / "scripts" / name
            with self.subTest(script=name):
                run = subprocess.run([path, "--help"], capture_output=True, text=True,
                                     timeout=30, check=False)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("usage: scripts/" + name, run.stdout)
                run = subprocess.run([path, "--no-such-flag"], capture_output=True, text=True,
                                     timeout=30, check=False)
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertIn("--no-such-flag", run.stderr)


if __name__ == "__main__":
    unittest.main()
