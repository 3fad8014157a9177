# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on the rooms that compile without Asio, which takes seconds; LOOPMETER_TIDY=all takes
all of src/, which takes a quarter of an hour."""
import concurrent.futures
import os
import pathlib
import subprocess
import tempfile
import unittest

import sources

CLANG_TIDY = sources.tool("clang-tidy-16", "clang-tidy")
BUILD = pathlib.Path(os.environ["LOOPMETER_BUILD_ROOT"])
QUICK = [f"src/loopmeter/{room}/*.cpp" for room in ("exposition", "http", "metrics")]
ARGUMENTS = ["--quiet", "-p", str(BUILD), "--extra-arg=-Wno-unknown-warning-option",
             "--extra-arg=-Wno-ignored-optimization-argument"]


def tidy(path: pathlib.Path) -> str:
    run = subprocess.run([CLANG_TIDY, *ARGUMENTS, str(path)], capture_output=True, text=True,
                         check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


class Tidy(unittest.TestCase):
    def test_sources(self) -> None:
        everything = os.environ.get("LOOPMETER_TIDY") == "all"
        files = sources.files(*(["src/**/*.cpp"] if everything else QUICK))
        self.assertGreater(len(files), 10)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [text for text in pool.map(tidy, files) if text]
        self.assertEqual(found, [], "\n".join(found)[:6000])

    def test_a_fault_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "bad.cpp"
            bad.write_text("int BadName(int *p) { if (!p) return *p; return 0; }\n")
            (pathlib.Path(folder) / ".clang-tidy").write_text((sources.ROOT / ".clang-tidy")
                                                              .read_text())
            run = subprocess.run([CLANG_TIDY, "--quiet", str(bad), "--", "-std=c++20"],
                                 capture_output=True, text=True, check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("readability-identifier-naming", run.stdout)
        self.assertIn("NullDereference", run.stdout)


if __name__ == "__main__":
    unittest.main()
