# SPDX-License-Identifier: Apache-2.0
"""The cases of http_cases/ against the real binary: within the RFCs, mostly as we prefer, however
the bytes are cut, and with every deadline kept."""
import concurrent.futures
import re
import subprocess
import sys
import unittest

import barrage  # finds http_cases/
from service import Service

import cases

FOLDER = barrage.HTTP_CASES
CASES = cases.load()
DEADLINES = [case["id"] for case in CASES if case["group"] == "time"]
GROUPS = sorted({case["group"] for case in CASES} - {"time"})

PREFERRED_MIN = 0.95
CUTS = 3
LONGEST_WAIT_S = {"t-idle-no-bytes": 80}  # the limit is 75 s
OTHER_WAIT_S = 40
RUN_TIMEOUT_S = 300
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

Run = subprocess.CompletedProcess[str]


def start(*arguments: str) -> concurrent.futures.Future[Run]:
    """Runs the cases on a service of their own."""
    def work() -> Run:
        with Service(*cases.SERVICE_FLAGS) as service:
            host, port = service.address.split(":")
            return subprocess.run(
                [sys.executable, str(FOLDER / "run_cases.py"), host, port, *arguments],
                capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False)
    return pool.submit(work)


# Threads: most of the time goes by in waiting for answers that must not come.
pool = concurrent.futures.ThreadPoolExecutor(max_workers=6)


class HttpCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.deadlines = [start("--timeouts", "--only", case, "--close-wait-s",
                               str(LONGEST_WAIT_S.get(case, OTHER_WAIT_S))) for case in DEADLINES]
        cls.expected = start()
        cls.preferred = start("--prefer")
        cls.cut = {group: start("--cuts", str(CUTS), "--only", group) for group in GROUPS}

    def counts(self, run: Run) -> tuple[int, int]:
        self.assertEqual(run.stderr, "")
        found = SUMMARY.findall(run.stdout)
        self.assertEqual(len(found), 1, run.stdout)
        return int(found[0][0]), int(found[0][1])

    def test_all_within_the_rfcs(self) -> None:
        run = self.expected.result()
        passed, failed = self.counts(run)
        self.assertEqual((failed, run.returncode), (0, 0), run.stdout)
        self.assertEqual(passed, len(CASES) - len(DEADLINES))

    def test_nearly_all_as_preferred(self) -> None:
        run = self.preferred.result()
        passed, failed = self.counts(run)
        self.assertEqual(passed + failed, len(CASES) - len(DEADLINES))
        self.assertGreaterEqual(passed / (passed + failed), PREFERRED_MIN, run.stdout)

    def test_cuts_do_not_change_the_verdict(self) -> None:
        sent = 0
        for group, future in self.cut.items():
            with self.subTest(group):
                run = future.result()
                passed, failed = self.counts(run)
                self.assertEqual((failed, run.returncode), (0, 0), run.stdout)
                sent += passed
        self.assertGreater(sent, 3 * (len(CASES) - len(DEADLINES)))

    def test_z_deadlines(self) -> None:
        """Last, for they take longest."""
        self.assertEqual(len(DEADLINES), 4)
        for case, future in zip(DEADLINES, self.deadlines):
            with self.subTest(case):
                run = future.result()
                self.assertEqual(self.counts(run), (1, 0), run.stdout)
                self.assertEqual(run.returncode, 0)


if __name__ == "__main__":
    unittest.main()
