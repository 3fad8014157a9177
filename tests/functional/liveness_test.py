# SPDX-License-Identifier: Apache-2.0
"""What a service takes for a stalled worker, and how many workers it gives itself: in a group with
a quota, and after a stop of the whole process."""
from __future__ import annotations

import os
import pathlib
import signal
import time
import unittest

import wire
from programs import amount, log_field
from service import Service

STALLED_AFTER_S = 10
PERIOD_US = 100_000


class Group:
    """A control group with a quota of processor time; SkipTest where none can be made."""

    def __init__(self, cpus: float) -> None:
        root = pathlib.Path("/sys/fs/cgroup")
        v1 = next((folder for name in ("cpu", "cpu,cpuacct")
                   if (folder := root / name).is_dir()), None)
        self.path = (v1 or root) / f"loopmeter-{os.getpid()}"
        quota = str(int(cpus * PERIOD_US))
        try:
            self.path.mkdir()
            if v1:
                (self.path / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self.path / "cpu.cfs_quota_us").write_text(quota)
            else:
                (self.path / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        except OSError as error:
            self.remove()
            raise unittest.SkipTest(f"no control group can be made here: {error}") from error

    def enter(self) -> None:
        """For the process that calls it."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self) -> None:
        if self.path.exists():
            self.path.rmdir()


class Quota(unittest.TestCase):
    def in_group(self, cpus: float, **options: object) -> Service:
        group = Group(cpus)
        self.addCleanup(group.remove)  # after the service has ended
        return self.enterContext(Service(preexec_fn=group.enter, **options))

    def workers(self, cpus: float) -> int:
        service = self.in_group(cpus, workers="auto")
        return int(log_field(service.logged("msg=listening"), "workers"))

    def test_a_part_of_a_processor_is_one_worker(self) -> None:
        self.assertEqual(self.workers(0.5), 1)

    def test_more_than_one_is_two(self) -> None:
        usable = len(os.sched_getaffinity(0))
        self.assertEqual(self.workers(1.5), min(2, usable))

    def test_starved_workers_are_slow_but_alive(self) -> None:
        service = self.in_group(0.05)
        seconds = amount(quick=3, long=3 * STALLED_AFTER_S)
        begin = time.monotonic()
        probes = 0
        while time.monotonic() - begin < seconds:
            with wire.Client(service.address, timeout_s=30) as client:
                self.assertEqual(client.get("/livez").status, 200)
            probes += 1
        self.assertGreater(probes, 0)


@unittest.skipUnless(amount(quick=0, long=1), "takes longer than a stall: LOOPMETER_LONG=1")
class Stopped(unittest.TestCase):
    def test_nobody_stalled_while_all_stood_still(self) -> None:
        with Service().ready() as service:
            service.signal(signal.SIGSTOP)
            time.sleep(STALLED_AFTER_S + 2)  # pace: that is what it is about
            service.signal(signal.SIGCONT)
            for _ in range(100):  # from the first moment on
                self.assertEqual(wire.get(service.address, "/livez").status, 200)


if __name__ == "__main__":
    unittest.main()
