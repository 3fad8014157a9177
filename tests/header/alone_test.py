# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header alone, twice included, with our warnings as errors.

usage: alone_test.py INCLUDE_DIRECTORY HEADER... -- COMPILER [ARGUMENT...]
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
         "-Wshadow", "-Werror", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_SEPARATE_COMPILATION",
         "-DBOOST_BEAST_SEPARATE_COMPILATION"]


def fault_of(header: str, include: pathlib.Path, compiler: list[str]) -> str:
    """What the compiler says of a file that includes just this header; empty if nothing."""
    run = subprocess.run([*compiler, *FLAGS, f"-I{include}", "-x", "c++", "-"], text=True,
                         input=f"#include <{header}>\n#include <{header}>\n", capture_output=True,
                         check=False)
    if run.returncode == 0:
        return ""
    return run.stderr[:2000] or f"{header}: the compiler ended with {run.returncode}"


def a_bad_header_is_found(compiler: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        bad = pathlib.Path(folder) / "bad.hpp"
        bad.write_text("#pragma once\ninline std::string name() { return {}; }\n")
        return "string" in fault_of("bad.hpp", pathlib.Path(folder), compiler)


def main() -> int:
    split = sys.argv.index("--")
    include, compiler = pathlib.Path(sys.argv[1]), sys.argv[split + 1:]
    headers = [str((pathlib.Path.cwd() / path).resolve().relative_to(include.resolve()))
               for path in sys.argv[2:split]]
    if not headers or not a_bad_header_is_found(compiler):
        print("this test finds nothing: no headers, or a bad one passes")
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(pool.map(lambda header: fault_of(header, include, compiler), headers))
    for fault in filter(None, faults):
        print(fault)
    bad = sum(map(bool, faults))
    print(f"Ran {len(headers)} tests in header\n{'FAILED (failures=%d)' % bad if bad else 'OK'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
