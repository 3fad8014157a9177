# SPDX-License-Identifier: Apache-2.0
"""loopmeter as others use it: installed, by pkg-config, and as a subproject; outside the tree."""
from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ["LOOPMETER_SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["LOOPMETER_BUILD_ROOT"])
COMPILER = shlex.split(os.environ["LOOPMETER_COMPILER"])
CHECK_EXPOSITION = os.environ["CHECK_EXPOSITION"]
# What is compiled in the consumers' way: object → source, further flags.
OBJECTS = {
    "service": ("service/main.cpp", []),
    "bridge": ("bridge/main.cpp", []),
    "clock": ("own_asio/main.cpp", []),
    "ticking": ("own_asio/ticking.cpp", []),
    "ticking_header_only": ("own_asio/ticking.cpp", ["-UBOOST_ASIO_SEPARATE_COMPILATION"]),
    "asio": ("own_asio/asio.cpp", []),
    "beast": ("own_asio/beast.cpp", []),
}
IMPLEMENTATIONS = ("asio_impl", "beast_impl")


class Failed(AssertionError):
    """A command that should have succeeded; says what it said."""


def run(command: list[str], **options: object) -> str:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{shlex.join(command)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


class Stage:
    """The folder of this run: what is installed, and what consumers make of it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loopmeter-consumer-")
        self.root = pathlib.Path(self._folder.name)
        self.env = dict(os.environ, CCACHE_BASEDIR=str(self.root), CCACHE_NOHASHDIR="1",
                        CXX=shlex.join(COMPILER))
        run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet",
             "--destdir", str(self.root / "stage")])
        [description] = (self.root / "stage").rglob("loopmeter.pc")
        # Staged: the files do not lie where they will be.
        text, count = re.subn(r"(?m)^prefix=(.*)$", rf"prefix={self.root}/stage\1",
                              description.read_text())
        assert count == 1, text
        description.write_text(text)
        self.env["PKG_CONFIG_PATH"] = str(description.parent)
        self.include = pathlib.Path(self.pkg_config("--variable=includedir")[0])
        self.archive = pathlib.Path(self.pkg_config("--variable=libdir")[0]) / "libloopmeter.a"

    def pkg_config(self, *what: str) -> list[str]:
        return shlex.split(run(["pkg-config", *what, "loopmeter"], env=self.env))

    def compile(self, name: str) -> None:
        source, flags = OBJECTS[name]
        run([*COMPILER, "-std=c++20", "-O0", *self.pkg_config("--cflags"), *flags, "-c",
             str(HERE / source), "-o", f"{name}.o"], cwd=self.root, env=self.env)

    def compile_all(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.compile, OBJECTS))

    def link(self, program: str, objects: list[str], *flags: str) -> str:
        """Of what is installed; machine code, not what an LTO build left beside it."""
        run([*COMPILER, "-fno-lto", *(f"{name}.o" for name in objects), "-o", program, *flags,
             *self.pkg_config("--libs")], cwd=self.root, env=self.env)
        return str(self.root / program)

    def close(self) -> None:
        self._folder.cleanup()


class Running:
    """A consumer's program, which says where it listens."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen([program, "0"], stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Running:
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (\S+)\n", line)
        assert found, f"said {line!r}, exit code {self.process.poll()}"
        self.address = found[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()  # the drain has its own tests
        self.process.wait()
        self.process.stdout.close()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
            return answer.read().decode()

    def scrape(self) -> dict[str, float]:
        text = self.get("/metrics")
        checked = subprocess.run([CHECK_EXPOSITION], input=text, text=True, capture_output=True,
                                 check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {series: float(value) for series, _, value in lines}


stage: Stage


def setUpModule() -> None:
    global stage
    stage = Stage()
    stage.compile_all()


def tearDownModule() -> None:
    stage.close()


class Consumer(unittest.TestCase):
    def assert_is_a_cafe(self, program: str) -> dict[str, float]:
        with Running(program) as cafe:
            before = cafe.scrape()
            self.assertEqual(before['cafe_drinks_total{drink="coffee"}'], 0)
            self.assertGreater(before["process_resident_memory_bytes"], 0)
            self.assertEqual(cafe.get("/coffee"), "here you are\n")
            after = cafe.scrape()
            self.assertEqual(after['cafe_drinks_total{drink="coffee"}'], 1)
            self.assertEqual(after['cafe_drinks_total{drink="tea"}'], 0)
            return after

    def assert_is_a_clock(self, program: str) -> None:
        with Running(program) as clock:
            first = clock.scrape()["clock_ticks_total"]
            for _ in range(1000):  # until both the timer and the server have gone on
                if clock.scrape()["clock_ticks_total"] > first:
                    return
            self.fail(f"still {first} ticks")

    def test_every_installed_header_finds_what_it_includes(self) -> None:
        headers = list((stage.include / "loopmeter").rglob("*.hpp"))
        self.assertGreater(len(headers), 40)
        for header in headers:
            for included in re.findall(r"#include <(loopmeter/[^>]+)>", header.read_text()):
                self.assertTrue((stage.include / included).is_file(), f"{header}: {included}")

    def test_plain_compiler(self) -> None:
        series = self.assert_is_a_cafe(stage.link("cafe", ["service"]))
        self.assertNotIn("jemalloc_allocated_bytes", series)

    def test_the_allocator_is_the_programs_choice(self) -> None:
        series = self.assert_is_a_cafe(stage.link("cafe-jemalloc", ["service"], "-ljemalloc"))
        for what in ("allocated", "active", "metadata", "resident", "mapped", "retained"):
            self.assertIn(f"jemalloc_{what}_bytes", series)
        self.assertGreater(series["jemalloc_allocated_bytes"], 10_000)
        self.assertGreaterEqual(series["jemalloc_resident_bytes"], series["jemalloc_active_bytes"])

    def test_meson_and_pkg_config(self) -> None:
        self.assert_is_a_cafe(self.built_by_meson("installed", "-Dwrap_mode=nofallback"))

    def test_meson_subproject(self) -> None:
        project = stage.root / "subproject"
        program = self.built_by_meson("subproject", "--force-fallback-for=loopmeter")
        self.assert_is_a_cafe(program)
        commands = (project / "build" / "compile_commands.json").read_text()
        self.assertIn("subprojects/loopmeter/src/loopmeter", commands)
        for unwanted in ("/demo/", "/tests/", "-Werror", "-flto"):
            self.assertNotIn(unwanted, commands)
        self.assertNotIn("jemalloc", (project / "build" / "build.ninja").read_text())
        installed = run(["meson", "introspect", "--installed", str(project / "build")])
        self.assertNotIn("loopmeter", installed.replace(str(stage.root), ""))

    def built_by_meson(self, name: str, *options: str) -> str:
        project = stage.root / name
        shutil.copytree(HERE / "service", project)
        (project / "subprojects").mkdir()
        (project / "subprojects" / "loopmeter").symlink_to(SOURCE)
        run(["meson", "setup", str(project / "build"), str(project), "--buildtype=plain",
             "-Dcpp_args=-O0", *options], env=stage.env)
        run(["ninja", "-C", str(project / "build")], env=stage.env)
        return str(project / "build" / "cafe")

    def test_metrics_of_prometheus_cpp(self) -> None:
        with Running(stage.link("post", ["bridge"])) as post:
            self.assertEqual(post.scrape()['post_letters_total{office="\\"Old\\" Town"}'], 42)

    def test_a_program_with_its_own_compiled_asio_keeps_it(self) -> None:
        # Else 605 symbols would be there twice, and the linker would say so.
        program = stage.link("clock", ["clock", "ticking", "asio"], "-Wl,-Map=clock.map")
        pulled = (stage.root / "clock.map").read_text()
        self.assertNotIn("asio_impl", pulled)
        self.assertIn("beast_impl", pulled)
        self.assert_is_a_clock(program)

    def test_a_program_without_one_gets_the_librarys(self) -> None:
        program = stage.link("clock-ours", ["clock", "ticking"], "-Wl,-Map=ours.map")
        self.assertIn("asio_impl", (stage.root / "ours.map").read_text())
        self.assert_is_a_clock(program)

    def test_a_program_with_asio_in_headers(self) -> None:
        self.assert_is_a_clock(stage.link("clock-headers", ["clock", "ticking_header_only"]))

    def test_external_asio(self) -> None:
        # What the option leaves out is two members of the archive, so one build tests both.
        self.assertEqual(self.library_sources("bundled") - self.library_sources("external"),
                         {f"{name}.cpp" for name in IMPLEMENTATIONS})
        external = stage.root / "external"
        external.mkdir()
        shutil.copy(stage.archive, external)
        members = [member for member in run(["ar", "t", str(stage.archive)]).split()
                   if any(name in member for name in IMPLEMENTATIONS)]
        self.assertEqual(len(members), len(IMPLEMENTATIONS), members)
        run(["ar", "d", str(external / "libloopmeter.a"), *members])
        first = f"-L{external}"
        with self.assertRaises(Failed):
            stage.link("clock-none", ["clock", "ticking"], first)
        self.assert_is_a_clock(
            stage.link("clock-external", ["clock", "ticking", "asio", "beast"], first))

    def library_sources(self, asio: str) -> set[str]:
        build = stage.root / f"asio-{asio}"
        run(["meson", "setup", str(build), str(SOURCE), f"-Dasio={asio}", "-Dtests=false"],
            env=stage.env)
        library = run(["ninja", "-C", str(build), "-t", "inputs",
                       "src/loopmeter/libloopmeter.a"], env=stage.env)
        return {pathlib.Path(line).name for line in library.split() if line.endswith(".cpp")}


if __name__ == "__main__":
    unittest.main()
