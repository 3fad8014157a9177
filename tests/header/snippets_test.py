# SPDX-License-Identifier: Apache-2.0
"""Compiles what the documents show: each block of C++ of a Markdown file as the body of a function,
after what the blocks before it have declared.

usage: snippets_test.py INCLUDE_DIRECTORY DOCUMENT... -- COMPILER [ARGUMENT...]
"""
import pathlib
import re
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused", "-Werror"]
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTSIDE = re.compile(r"^(?:#include .*|namespace \w+ = .*;)\n", re.MULTILINE)
# What a reader has around the lines that are shown.
AROUND = """
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
struct request_of_yours { std::string_view field(std::string_view) const; };
extern request_of_yours const request;
extern double const seconds;
extern std::string const tenant;
"""


def program(text: str) -> tuple[str, int]:
    """A translation unit of all blocks, and how many there are. Each block may hide the names of
    those before it, as a reader takes one or the other."""
    blocks = BLOCK.findall(text)
    outside = "".join(line for block in blocks for line in OUTSIDE.findall(block))
    inside = [OUTSIDE.sub("", block) for block in blocks]
    body = "".join("{\n" + block for block in inside) + "}" * len(inside)
    return f"{outside}{AROUND}\nvoid shown() {{\n{body}\n}}\n", len(blocks)


def fault_of(text: str, include: pathlib.Path, compiler: list[str]) -> str:
    """What the compiler says of a document; empty if nothing."""
    source, count = program(text)
    if count == 0:
        return "no blocks of C++"
    run = subprocess.run([*compiler, *FLAGS, f"-I{include}", "-x", "c++", "-"], text=True,
                         input=source, capture_output=True, check=False)
    return "" if run.returncode == 0 else run.stderr[:3000] or "the compiler failed"


def main() -> int:
    split = sys.argv.index("--")
    include, compiler = pathlib.Path(sys.argv[1]), sys.argv[split + 1:]
    documents = [pathlib.Path(name) for name in sys.argv[2:split]]
    if not fault_of("```cpp\nint x = unknown;\n```\n", include, compiler):
        print("this test finds nothing: a bad block passes")
        return 1
    faults = {name: fault_of(name.read_text("utf-8"), include, compiler) for name in documents}
    for name, fault in faults.items():
        if fault:
            print(f"{name}: {fault}")
    bad = sum(map(bool, faults.values()))
    print(f"Ran {len(faults)} tests in snippets\n{'FAILED (failures=%d)' % bad if bad else 'OK'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
