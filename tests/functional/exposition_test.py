# SPDX-License-Identifier: Apache-2.0
"""What /metrics serves, judged by four readers that share no code, at rest and under load."""
import os
import re
import subprocess
import unittest

import contract
import load
import scrape
import wire
from programs import module, tool
from service import Service

PROMTOOL = tool("promtool")
parser = module("prometheus_client.parser")
CHECK_EXPOSITION = os.environ["CHECK_EXPOSITION"]
SCRAPES = 50

REQUESTS = [("GET", "/"), ("GET", "/hello"), ("GET", "/status/404"), ("GET", "/bytes/9"),
            ("POST", "/hello"), ("GET", "/nothing"), ("GET", "/delay/1"), ("HEAD", "/version"),
            ("GET", "/readyz")]


def promtool(text: str) -> tuple[int, str]:
    run = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True,
                         text=True, timeout=60, check=False)
    return run.returncode, run.stdout + run.stderr


def check_exposition(text: str) -> tuple[int, str]:
    run = subprocess.run([CHECK_EXPOSITION], input=text.encode(), capture_output=True, timeout=60,
                         check=False)
    return run.returncode, run.stdout.decode()


def corrupted(text: str) -> dict[str, str]:
    """Copies of an exposition, each wrong in one way."""
    bucket = next(line for line in text.splitlines()
                  if 'path="/hello"' in line and 'le="1"' in line)
    count = next(line for line in text.splitlines()
                 if line.startswith(contract.DURATIONS + "_count{"))
    counter = next(line for line in text.splitlines()
                   if line.startswith(contract.REQUESTS + "{"))
    kind = f"# TYPE {contract.REQUESTS} counter\n"
    name, number = count.rsplit(" ", 1)
    return {
        "a bucket falls": text.replace(bucket, bucket.rsplit(" ", 1)[0] + " 0"),
        "count is not +Inf": text.replace(count, f"{name} {int(number) + 1}"),
        "a series stands twice": text.replace(counter, f"{counter}\n{counter}"),
        "no type": text.replace(kind, ""),
        "type twice": text.replace(kind, kind * 2),
        "no number": text.replace(counter, counter.rsplit(" ", 1)[0] + " many"),
        "a negative counter": text.replace(counter, counter.rsplit(" ", 1)[0] + " -1"),
        "no +Inf": re.sub(r'.*path="/hello".*le="\+Inf".*\n', "", text),
        "no sum": re.sub(r".*_seconds_sum.*\n", "", text),
        "an open quote": text.replace(counter, counter.replace('"}', "}")),
        "cut short": text[:-1],
        "a line of Windows": text.replace(counter, counter + "\r"),
    }


def check_histograms(testcase: unittest.TestCase, one: scrape.Exposition, name: str) -> int:
    """Buckets never fall, the last is the count, the sum fits between them; how many were seen."""
    bounds_of: dict[scrape.Labels, dict[float, float]] = {}
    for labels, value in one.series(name + "_bucket").items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        bounds_of.setdefault(rest, {})[float(dict(labels)["le"])] = value
    for labels, bounds in bounds_of.items():
        values = [bounds[bound] for bound in sorted(bounds)]
        testcase.assertEqual(len(values), len(contract.BUCKETS))
        testcase.assertEqual(values, sorted(values))
        testcase.assertEqual(values[-1], one.samples[name + "_count", labels])
        total = one.samples[name + "_sum", labels]
        lowest = highest = below = edge = 0.0
        for bound in sorted(bounds):
            lowest += (bounds[bound] - below) * edge
            highest += (bounds[bound] - below) * bound if bounds[bound] > below else 0
            edge, below = bound, bounds[bound]
        testcase.assertLessEqual(lowest, total, labels)
        testcase.assertLessEqual(total, highest, labels)
    return len(bounds_of)


class Readers(unittest.TestCase):
    """Four readers of one exposition with something in it."""

    @classmethod
    def setUpClass(cls) -> None:
        service = cls.enterClassContext(Service())
        with wire.Client(service.address) as client:
            for _ in range(20):
                for method, target in REQUESTS:
                    client.request(method, target)
            cls.text = client.get("/metrics").body.decode()
        cls.read = scrape.parse(cls.text)

    def test_promtool_finds_nothing(self) -> None:
        self.assertEqual(promtool(self.text), (0, ""))
        status, said = promtool(self.text.replace("_requests_total", "_requests"))
        self.assertNotEqual(status, 0)
        self.assertIn('counter metrics should have "_total" suffix', said)

    def test_strict_checker_finds_nothing(self) -> None:
        self.assertEqual(check_exposition(self.text), (0, ""))

    def test_strict_checker_finds_every_fault(self) -> None:
        for fault, text in corrupted(self.text).items():
            with self.subTest(fault):
                self.assertNotEqual(text, self.text)
                status, said = check_exposition(text)
                self.assertEqual(status, 1)
                self.assertRegex(said, r"^line \d+: \w+: ")

    def test_python_client_reads_the_same_samples(self) -> None:
        families = list(parser.text_string_to_metric_families(self.text))
        theirs = {}
        for family in families:
            for sample in family.samples:
                key = sample.name, scrape.labels_of(**sample.labels)
                self.assertNotIn(key, theirs)
                theirs[key] = sample.value
        self.assertEqual(theirs, self.read.samples)
        self.assertGreater(len(theirs), 200)
        # The reader takes `_total` off the names of counters.
        ours = {name.removesuffix("_total") if kind == "counter" else name:
                (kind, self.read.helps[name]) for name, kind in self.read.types.items()}
        self.assertEqual({family.name: (family.type, family.documentation)
                          for family in families}, ours)

    def test_histograms_are_consistent(self) -> None:
        self.assertGreater(check_histograms(self, self.read, contract.DURATIONS), 8)

    def test_every_request_has_its_duration(self) -> None:
        for name in ("demo_http", "loopmeter_http"):
            for labels, count in self.read.series(name + "_request_duration_seconds_count").items():
                self.assertEqual(self.read.total(name + "_requests_total", **dict(labels)), count)


class UnderLoad(unittest.TestCase):
    def test_scrapes_are_monotone_and_consistent(self) -> None:
        with Service() as service, load.ClosedLoad(service.address, REQUESTS, threads=8) as others:
            with wire.Client(service.address) as client:
                scrapes = []
                for _ in range(SCRAPES):
                    scrapes.append(scrape.fetch(service.address, client))
                    self.assertEqual(client.get("/delay/20").status, 200)
        self.assertGreater(others.answers, 10 * SCRAPES)
        for one in scrapes:
            self.assertEqual(check_exposition(one.text), (0, ""))
            check_histograms(self, one, contract.DURATIONS)
            check_histograms(self, one, "loopmeter_http_request_duration_seconds")
        for older, newer in zip(scrapes, scrapes[1:]):
            for (name, labels), value in older.samples.items():
                if older.types.get(name) != "gauge":
                    self.assertGreaterEqual(newer.samples[name, labels], value, (name, labels))
        total = [one.total(contract.REQUESTS) for one in scrapes]
        self.assertGreater(len(set(total)), SCRAPES // 2, "there was no load")
        self.assertEqual(scrapes[-1].value("loopmeter_torn_reads_total"), 0)


if __name__ == "__main__":
    unittest.main()
