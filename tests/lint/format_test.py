# SPDX-License-Identifier: Apache-2.0
"""C++ as .clang-format has it; every text file as .editorconfig has it."""
import subprocess
import unittest

import sources

CLANG_FORMAT = sources.tool("clang-format-16", "clang-format")
LINE_MAX = 100
ANY_WIDTH = {".md", ".json", ".txt", ".golden", ".wrap"}


def text_findings(name: str, text: str) -> list[str]:
    found = []
    if text and not text.endswith("\n"):
        found.append(f"{name}: no newline at the end")
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            found.append(f"{name}:{number}: white space at the end")
        if len(line) > LINE_MAX and not any(name.endswith(suffix) for suffix in ANY_WIDTH):
            found.append(f"{name}:{number}: {len(line)} characters")
    return found


class Format(unittest.TestCase):
    def test_clang_format_would_change_nothing(self) -> None:
        files = sources.files("src/**/*.hpp", "src/**/*.cpp", "tests/**/*.hpp", "tests/**/*.cpp")
        self.assertGreater(len(files), 50)
        run = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", *map(str, files)],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr[:4000])

    def test_text_files(self) -> None:
        patterns = ["*.build", "*.md", "*.txt", "scripts/*", ".ci/run", "src/**", "tests/**/*.py",
                    "tests/**/*.hpp", "tests/**/*.cpp", "k8s/**", "docs/**/*.md", "containers/*"]
        found = []
        for path in sources.files(*patterns):
            try:
                found += text_findings(str(path.relative_to(sources.ROOT)), path.read_text("utf-8"))
            except UnicodeDecodeError:
                continue  # an image
        self.assertEqual(found, [])

    def test_bad_text_is_found(self) -> None:
        self.assertEqual(len(text_findings("a.cpp", "int i;")), 1)
        self.assertEqual(len(text_findings("a.cpp", "int i; \n")), 1)
        self.assertEqual(len(text_findings("a.cpp", "x" * 101 + "\n")), 1)
        self.assertEqual(text_findings("a.md", "x" * 101 + "\n"), [])


if __name__ == "__main__":
    unittest.main()
