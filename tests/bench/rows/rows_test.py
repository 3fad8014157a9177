# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench makes of its figures: verdicts, comparisons, turns. Nothing is measured."""
import dataclasses
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/bench/rows"))
# The path above comes first: pylint: disable=wrong-import-position
import fleet_rows
import harness
import loopcheck_rows
import marks
import plots
import pod_rows
import process_rows
import scrape_rows
from marks import Mark


def between(low: float, high: float) -> marks.Figure:
    return {"median": (low + high) / 2, "low": low, "high": high}


class Verdicts(unittest.TestCase):
    def test_at_most(self) -> None:
        self.assertEqual(Mark("m", between(0.9, 1.1), 1.0).verdict(), "met")
        self.assertEqual(Mark("m", between(1.0, 1.2), 1.0).verdict(), "**missed by 10.0%**")

    def test_at_least(self) -> None:
        self.assertEqual(Mark("m", between(2.0, 2.0), 2.0, True).verdict(), "met")
        self.assertEqual(Mark("m", between(1.0, 2.0), 2.0, True).verdict(), "**missed by 25.0%**")

    def test_nothing_at_all(self) -> None:
        self.assertEqual(Mark("m", marks.exactly(0), 0).verdict(), "met")
        self.assertEqual(Mark("m", marks.exactly(0.25), 0).verdict(), "**missed by 0.25**")

    def test_only_watched(self) -> None:
        watched = Mark("m", between(1, 2))
        self.assertEqual(watched.verdict(), "–")
        self.assertEqual(marks.table([watched]), [])


class Comparison(unittest.TestCase):
    def test_spreads_that_touch_are_not_worse(self) -> None:
        self.assertFalse(Mark("m", between(1.0, 1.4)).worse_than(Mark("m", between(0.8, 1.1))))

    def test_beyond_the_spread_is_worse(self) -> None:
        self.assertTrue(Mark("m", between(1.2, 1.4)).worse_than(Mark("m", between(0.8, 1.1))))
        self.assertFalse(Mark("m", between(0.8, 1.1)).worse_than(Mark("m", between(1.2, 1.4))))

    def test_drift_is_not_worse(self) -> None:
        self.assertFalse(Mark("m", between(1.01, 1.02)).worse_than(Mark("m", between(0.9, 1.0))))

    def test_less_is_worse_where_more_is_wanted(self) -> None:
        before = Mark("m", between(0.9, 1.0), 0.9, True)
        self.assertTrue(Mark("m", between(0.7, 0.8), 0.9, True).worse_than(before))
        self.assertFalse(Mark("m", between(1.1, 1.2), 0.9, True).worse_than(before))

    def test_counts(self) -> None:
        none = Mark("m", marks.exactly(0), 0)
        self.assertTrue(Mark("m", marks.exactly(1), 0).worse_than(none))
        self.assertFalse(Mark("m", marks.exactly(0.004), 0).worse_than(none))

    def test_sentences(self) -> None:
        before = {"old": Mark("old", between(1, 1)).to_json()}
        now = [Mark("old", between(2, 3)), Mark("new", between(2, 3))]
        self.assertEqual(list(marks.worse(now, before)), ["old: 2–3, was 1–1"])


class Turns(unittest.TestCase):
    def test_everyone_in_turn(self) -> None:
        seen: list[str] = []
        found = harness.rounds("turns", 2, {"a": lambda: seen.append("a"),
                                            "b": lambda: seen.append("b")})
        self.assertEqual(seen, ["a", "b", "a", "b"])
        self.assertEqual({name: len(of) for name, of in found.items()}, {"a": 2, "b": 2})

    def test_a_peer_that_fails_is_left_out(self) -> None:
        for kind in (harness.Failed, ConnectionResetError):
            def fails(kind: type[Exception] = kind) -> None:
                raise kind("died")
            self.assertEqual(harness.rounds("turns", 2, {"ours": lambda: 1, "peer": fails}),
                             {"ours": [1, 1]})
            with self.assertRaises(kind):
                harness.rounds("turns", 2, {"ours": fails, "peer": lambda: 1})

    def test_a_program_that_fails(self) -> None:
        with self.assertRaisesRegex(harness.Failed, "false"):
            harness.client("false", core="0")

    def test_a_process_that_is_gone(self) -> None:
        process = subprocess.Popen(["true"])
        process.wait()
        for of in (harness.cpu_seconds, harness.resident_bytes):
            with self.assertRaises(harness.Failed):
                of(process.pid)


class Growth(unittest.TestCase):
    def ratio(self, *costs: float) -> float:
        figures = {count: {"cpu_ms": marks.exactly(cost)}
                   for count, cost in zip(("1000", "2000", "3000"), costs, strict=True)}
        return scrape_rows.GrowthRow.late_to_early(figures, *figures)["median"]

    def test_linear_and_not(self) -> None:
        self.assertAlmostEqual(self.ratio(5, 6, 7), 1)
        self.assertAlmostEqual(self.ratio(5, 6, 9), 3)


class Fleets(unittest.TestCase):
    def test_growth_is_the_line_through_both(self) -> None:
        small = [{"series": 1e4, "live_mb": 30.0}, {"series": 1e4, "live_mb": 40.0}]
        large = [{"series": 2e5, "live_mb": 315.0}, {"series": 2e5, "live_mb": 420.0}]
        line = fleet_rows.growth(small, large, "live_mb")
        self.assertEqual((line["each"]["low"], line["each"]["high"]), (1500, 2000))
        self.assertEqual((line["base"]["low"], line["base"]["high"]), (15, 20))

    def test_each_target_is_another_address_with_another_pod(self) -> None:
        for fleet in fleet_rows.FLEETS.values():
            job, = dataclasses.replace(fleet, native=False).jobs(80)
            for seen in ({each["targets"][0] for each in job["static_configs"]},
                         {each["labels"]["pod"] for each in job["static_configs"]}):
                self.assertEqual(len(seen), fleet.targets)

    def test_what_is_asked_for_must_come(self) -> None:
        class Stub:
            def ask(self, _request: bytes) -> tuple[str, bytes]:
                return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"a 1\n"
        with self.assertRaisesRegex(harness.Failed, "protobuf"):
            fleet_rows.scraped(Stub(), os.getpid(), "protobuf", "identity")
        run, content = fleet_rows.scraped(Stub(), os.getpid(), "text 0.0.4", "identity")
        self.assertEqual((run["bytes"], content), (4, b"a 1\n"))


class Image(unittest.TestCase):
    def test_layers(self) -> None:
        layers = {"sha256:one": gzip.compress(bytes(100_000)), "sha256:two": bytes(50)}
        manifest = {"layers": [{"digest": digest} for digest in layers]}
        files = {"index.json": json.dumps({"manifests": [{"digest": "sha256:m"}]}).encode(),
                 "blobs/sha256/m": json.dumps(manifest).encode(),
                 **{"blobs/" + digest.replace(":", "/"): of for digest, of in layers.items()}}
        with tempfile.TemporaryDirectory() as folder:
            image = pathlib.Path(folder) / "image.tar"
            with tarfile.open(image, "w") as archive:
                for name, octets in files.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(octets)
                    archive.addfile(member, io.BytesIO(octets))
            packed, unpacked = process_rows.layers_of(image)
        self.assertEqual(packed, len(layers["sha256:one"]) + 50)
        self.assertEqual(unpacked, 100_050)

    def test_the_peers_archive_is_an_image(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "program"
            program.write_bytes(b"p" * 1000)
            image = pathlib.Path(folder) / "image.tar"
            pod_rows.archive(program, "demo-go:dev", image)
            with tarfile.open(image) as archive:
                def part(name: str) -> bytes:
                    return archive.extractfile(name).read()
                manifest, = json.loads(part("manifest.json"))
                self.assertEqual(manifest["RepoTags"], ["demo-go:dev"])
                layer = part(manifest["Layers"][0])
                digest, = json.loads(part(manifest["Config"]))["rootfs"]["diff_ids"]
            self.assertEqual(digest, "sha256:" + hashlib.sha256(layer).hexdigest())
            with tarfile.open(fileobj=io.BytesIO(layer)) as files:
                self.assertEqual(files.extractfile("demo").read(), b"p" * 1000)


class Pictures(unittest.TestCase):
    PLOT = plots.Plot("p.svg", "it's", "x", "y", {"a 'b'": {1: 1, 10: 2}, "c": {1: 3, 10: 4}})

    def test_quotes(self) -> None:
        self.assertIn("'it''s'", plots.commands(self.PLOT))

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_the_same_each_time(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            drawn = [plots.draw(self.PLOT, pathlib.Path(folder)).read_text() for _ in range(2)]
        self.assertEqual(drawn[0], drawn[1])
        for word in ("it's", "a 'b'", ">c<", ">10<"):
            self.assertIn(word, drawn[0].replace("&apos;", "'").replace("&#39;", "'"))


class Program(unittest.TestCase):
    """With --from, the rows are there already: nothing is built, nothing runs."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def saved(self, name: str, ratio: float) -> pathlib.Path:
        figures = {key: marks.exactly(1) for key in ("ms", "whole_ms", "zlib_ms", "bytes",
                                                     "zlib_bytes", "bytes_ratio")}
        figures["cpu_ratio"] = marks.exactly(ratio)
        row = scrape_rows.ROWS["gzip"]
        file = self.folder / name
        saved = {mark.name: mark.to_json() for mark in row.marks(figures)}
        file.write_text(json.dumps({"machine": "a machine", "rows": {
            "gzip": {"figures": figures, "marks": saved}}}))
        return file

    def bench(self, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-B", ROOT / "scripts/bench", *map(str, arguments)],
                              capture_output=True, text=True, check=False, timeout=60)

    def test_check(self) -> None:
        slow, fast = self.saved("slow", 0.2), self.saved("fast", 0.05)
        run = self.bench("--from", fast, "--check", slow, "gzip")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("nothing is worse", run.stderr)
        self.assertIn("| 6: CPU : zlib's | ≤ 0.1 | 0.05 (0.05–0.05) | met |", run.stdout)
        self.assertIn("2 of 2 goals are met", run.stdout)
        self.assertIn("Measured on a machine;", run.stdout)
        run = self.bench("--from", slow, "--check", fast, "gzip")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("worse: gzip: 6: CPU : zlib's: 0.2–0.2, was 0.05–0.05", run.stderr)
        self.assertIn("**missed by 100.0%**", run.stdout)

    def test_manifests_are_as_many_as_is_said(self) -> None:
        self.assertEqual(loopcheck_rows.manifests().count("\nkind: "), loopcheck_rows.OBJECTS)

    def test_a_check_that_finds_something_is_no_figure(self) -> None:
        with self.assertRaisesRegex(harness.Failed, "found something"):
            loopcheck_rows.checked(pathlib.Path("/bin/false"), self.folder)

    def test_a_file_that_is_none(self) -> None:
        bad = self.folder / "bad"
        bad.write_text("[]")
        run = self.bench("--from", bad, "gzip")
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_bad_usage(self) -> None:
        for arguments in (["no-such-row"], ["--repeats", "0"], ["--seconds", "x"]):
            with self.subTest(arguments=arguments):
                run = self.bench(*arguments)
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


if __name__ == "__main__":
    unittest.main()
