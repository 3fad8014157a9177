# SPDX-License-Identifier: Apache-2.0
"""The files of the project, for the lint tests."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"])
SKIP = 77  # what meson counts as skipped


def files(*patterns: str) -> list[pathlib.Path]:
    """Tracked and new files that match, not what git ignores; all files where there is no git."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others",
                             "--exclude-standard", "--", *patterns],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.splitlines()]
        return sorted(path for path in set(found) if path.is_file())
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


def tool(*names: str) -> str:
    """The first of these programs that is installed; ends the test as skipped without one."""
    for name in names:
        if path := shutil.which(name):
            return path
    print(f"none of {', '.join(names)} is installed")
    sys.exit(SKIP)
