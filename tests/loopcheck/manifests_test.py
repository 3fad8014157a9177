# SPDX-License-Identifier: Apache-2.0
"""loopcheck manifests as a user runs it: this project's kustomizations, files, flags, bad input."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import loopcheck
import yaml

ROOT = pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"])
EXPOSITION = (ROOT / "tests/golden/text-0.0.4/loaded.txt").read_text()
HEALTHY = (loopcheck.HERE / "healthy.yaml").read_text()


class Files(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def file(self, name: str, text: str | bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def refused(self, *arguments: str, stdin: str | bytes = "") -> str:
        """The one line that says why."""
        done = loopcheck.run(*arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr


class Kustomizations(Files):
    @unittest.skipUnless(shutil.which("kubectl") or shutil.which("kustomize"), "no kustomize here")
    def test_this_projects_overlays_are_whole(self) -> None:
        for overlay in ("servicemonitor", "podmonitor", "kube-prometheus", "production"):
            with self.subTest(overlay):
                folder = str(ROOT / "k8s/overlays" / overlay)
                done = loopcheck.run("manifests", folder, "-o", "json")
                report = json.loads(done.stdout)
                self.assertEqual(report["findings"], [])
                self.assertEqual(done.returncode, 0, done.stderr)
                active, = (each for each in report["targets"] if each["state"] == "active")
                self.assertEqual(active["labels"]["namespace"], "demo")

    @unittest.skipUnless(shutil.which("kubectl") or shutil.which("kustomize"), "no kustomize here")
    def test_what_cannot_be_rendered_says_why(self) -> None:
        self.file("kustomization.yaml", "resources: [nothing.yaml]\n")
        self.assertIn("nothing.yaml", self.refused("manifests", str(self.folder)))

    def test_without_a_renderer_it_says_so(self) -> None:
        self.file("kustomization.yaml", "resources: []\n")
        done = loopcheck.run("manifests", str(self.folder), environment={"PATH": "/nonexistent"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("neither kubectl nor kustomize is installed", done.stderr)


class Inputs(Files):
    def test_a_folder_with_other_files(self) -> None:
        self.file("a/objects.yaml", HEALTHY)
        self.file("values.yaml", "replicas: 2\n")
        self.file("README.md", "[not, yaml")
        done = loopcheck.run("manifests", str(self.folder), "-o", "json")
        report = json.loads(done.stdout)
        self.assertTrue(report["ok"])
        self.assertEqual(report["notes"],
                         [f"{self.folder}/values.yaml: no Kubernetes object, skipped"])

    def test_file_and_line_of_a_finding(self) -> None:
        path = self.file("objects.yaml", HEALTHY.replace("    - port: metrics\n      interval",
                                                         "    - port: metric\n      interval"))
        report = json.loads(loopcheck.run("manifests", path, "-o", "json").stdout)
        found = report["findings"][0]
        self.assertEqual((found["code"], found["file"]), ("LC0305", path))
        self.assertIn("port: metric", (self.folder / "objects.yaml").read_text()
                      .splitlines()[found["line"] - 1])

    def test_a_list_and_json(self) -> None:
        objects = list(yaml.safe_load_all(HEALTHY))
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        for name, stdin in (("spaces", text), ("tabs", json.dumps(json.loads(text), indent="\t"))):
            with self.subTest(name):
                done = loopcheck.run("manifests", "-", "-o", "json", stdin=stdin)
                self.assertTrue(json.loads(done.stdout)["ok"], done)

    def test_the_stand_in_is_said(self) -> None:
        objects = [each for each in yaml.safe_load_all(HEALTHY) if each["kind"] != "Prometheus"]
        text = yaml.safe_dump_all(objects)
        done = loopcheck.run("manifests", "-", stdin=text)
        self.assertIn("note: no Prometheus object in the input", done.stdout)
        self.assertEqual(done.returncode, 0)
        done = loopcheck.run("manifests", "-", "--selector", "release=other", stdin=text)
        self.assertEqual(done.returncode, 1)
        self.assertIn("LC0402", done.stdout)

    def test_prometheus_by_file_and_by_name(self) -> None:
        objects = list(yaml.safe_load_all(HEALTHY))
        rest = [each for each in objects if each["kind"] != "Prometheus"]
        prometheus = self.file("prometheus.yaml", yaml.safe_dump(
            next(each for each in objects if each["kind"] == "Prometheus")))
        done = loopcheck.run("manifests", "-", "--prometheus", prometheus,
                             stdin=yaml.safe_dump_all(rest))
        self.assertEqual(done.returncode, 0, done)
        self.assertNotIn("note", done.stdout)
        self.assertEqual(loopcheck.run("manifests", "-", "--prometheus", "monitoring/k8s",
                                       stdin=HEALTHY).returncode, 0)
        self.assertIn("nowhere/k8s", self.refused("manifests", "-", "--prometheus", "nowhere/k8s",
                                                  stdin=HEALTHY))


class Fields(Files):
    def given(self, line: str) -> str:
        return HEALTHY.replace("      interval: 30s\n", f"      interval: 30s\n{line}")

    def code_of(self, text: str, *arguments: str) -> tuple[str, str, str]:
        done = loopcheck.run("manifests", "-", "-o", "json", *arguments, stdin=text)
        first = json.loads(done.stdout)["findings"][0]
        return first["code"], first["field"], first["expected"]

    def test_a_misspelt_field(self) -> None:
        self.assertEqual(self.code_of(self.given("      honorLabel: true\n")),
                         ("LC0601", "spec.endpoints[0].honorLabel", "honorLabels"))

    def test_a_field_of_a_later_version(self) -> None:
        text = self.given("  scrapeProtocols: [PrometheusText0.0.4]\n")
        done = loopcheck.run("manifests", "-", "--crds", "v0.72.0", stdin=text)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.code_of(text, "--crds", "v0.71.0"),
                         ("LC0601", "spec.scrapeProtocols", "CRDs of the Operator 0.72 or later"))

    def test_crds_that_are_none(self) -> None:
        path = self.file("none.yaml", HEALTHY)
        self.assertIn("neither a version nor CRDs", self.refused("manifests", "-", "--crds", path,
                                                                 stdin=HEALTHY))


class Samples(Files):
    def with_limit(self, line: str) -> str:
        return HEALTHY.replace("  endpoints:\n", f"  {line}\n  endpoints:\n")

    def codes(self, text: str, *arguments: str) -> dict[str, str]:
        path = self.file("metrics", EXPOSITION)
        done = loopcheck.run("manifests", "-", "-o", "json", "--exposition", path, *arguments,
                             stdin=text)
        return {each["code"]: each["severity"] for each in json.loads(done.stdout)["findings"]}

    def test_limits_are_rehearsed(self) -> None:
        for line, code in (("sampleLimit: 3", "LC0801"), ("labelLimit: 2", "LC0802"),
                           ("labelValueLengthLimit: 2", "LC0802"),
                           ("bodySizeLimit: 100B", "LC0803")):
            with self.subTest(line):
                self.assertEqual(self.codes(self.with_limit(line)).get(code), "error")
        self.assertEqual(self.codes(self.with_limit("sampleLimit: 100000")), {})

    def test_an_exposition_that_is_none(self) -> None:
        path = self.file("broken", "a 1\nb{ 2\n")
        done = loopcheck.run("manifests", "-", "--exposition", path, stdin=HEALTHY)
        self.assertEqual(done.returncode, 1)
        self.assertIn("LC0807", done.stdout)
        self.assertIn("broken:2", done.stdout)

    def test_queries(self) -> None:
        name = next(line.split("{")[0].split(" ")[0] for line in EXPOSITION.splitlines()
                    if line and not line.startswith("#"))
        self.assertEqual(self.codes(HEALTHY, "--query", f"{name}"), {})
        self.assertEqual(self.codes(HEALTHY, "--query", f"sum({name}"), {"LC0901": "error"})
        self.assertEqual(self.codes(HEALTHY, "--query", f"{name}s"), {"LC0902": "error"})
        self.assertEqual(self.codes(HEALTHY, "--query", 'up{job="carts"}'), {"LC0903": "error"})
        self.assertEqual(self.codes(HEALTHY, "--query", 'sum by (pdo) (up)'), {"LC0904": "warning"})
        rules = self.file("rules.yaml", "groups:\n- name: g\n  rules:\n  - alert: A\n"
                                        f"    expr: {name}s > 1\n")
        self.assertEqual(self.codes(HEALTHY, "--queries", rules), {"LC0902": "error"})


class BadInput(Files):
    def test_each_is_one_clear_line(self) -> None:
        for name, stdin, says in (
                ("broken YAML", "a: 1\nb: [\n", "-:3:1: not YAML"),
                ("not an object", "a: 1\n", "not a Kubernetes object"),
                ("nothing", "", "nothing to check"),
                ("rubbish", b"\x00\xff\xfe\x01" * 100, "-"),
                ("a circle", "a: &a [*a]\n", "inside its own anchor"),
                ("laughter", "a0: &a0 [x]\n" + "".join(
                    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
                 "values"),
                ("depth", "[" * 100_000, "nested deeper"),
                ("other content", HEALTHY + HEALTHY.replace("replicas: 2", "replicas: 3"),
                 "is there already"),
        ):
            with self.subTest(name):
                self.assertIn(says, self.refused("manifests", "-", stdin=stdin))

    def test_100_megabytes_are_refused_in_bounded_memory(self) -> None:
        path = self.file("big.yaml", b"a: b\n" * (20 << 20))
        self.assertIn("bytes that are read", self.refused("manifests", path))

    def test_names_and_words_that_a_terminal_would_obey(self) -> None:
        text = HEALTHY.replace("release: prometheus\nspec:\n  namespaceSelector",
                               'release: "\\e[31mred"\nspec:\n  namespaceSelector')
        done = loopcheck.run("manifests", "-", stdin=text)
        self.assertIn("LC0402", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_wrong_flags(self) -> None:
        for arguments, says in (
                ((), "no command"),
                (("manifest", "x"), 'unknown command "manifest"'),
                (("manifests",), "no input"),
                (("manifests", "-", "-o", "xml"), "text, json, sarif or junit"),
                (("manifests", "-", "--selector", "a in ("), "--selector"),
                (("manifests", "-", "--operator", "new"), "a version like v0.93.0"),
                (("manifests", "-", "--cases"), "no flag of manifests"),
                (("explain", "LC9999"), 'no code "LC9999"'),
                (("manifests", "-", "--nonsense"), "nonsense"),
        ):
            with self.subTest(arguments):
                self.assertIn(says, self.refused(*arguments))

    def test_a_full_disk_is_an_error(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run([loopcheck.PROGRAM, "explain", "--all"], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot write", done.stderr)


if __name__ == "__main__":
    unittest.main()
