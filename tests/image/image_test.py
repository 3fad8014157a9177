# SPDX-License-Identifier: Apache-2.0
"""Builds the image by scripts/image, judges what it holds, and runs it."""

import http.client
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import archive
import demands
from container import Container

SOURCE_ROOT = pathlib.Path(
    os.environ.get('LOOPMETER_SOURCE_ROOT', pathlib.Path(__file__).resolve().parents[2]))
SCRIPT = SOURCE_ROOT / 'scripts' / 'image'
NAME = 'registry.example/team/demo-cpp:test'
LISTENING = r'msg=listening address=127\.0\.0\.1:(\d+)'
READY_DEADLINE_S = 30
SKIPPED = 77  # meson's exit code for it


def missing():
    if os.getuid() != 0:
        yield 'root'
    for command in ('buildah', 'crun', 'jq', 'mmdebstrap'):
        if not shutil.which(command):
            yield command
    mounts = pathlib.Path('/proc/self/mountinfo').read_text(encoding='utf-8').splitlines()
    if not any(line.split()[4] == '/' for line in mounts):
        yield 'a root directory that is a mount point'  # a plain chroot holds no containers


def script(*arguments):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)


def machine():
    """Of this host, in Debian's words."""
    return {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), 'unknown')


def get(port, path):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    try:
        connection.request('GET', path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait_until(condition, deadline_s):
    """Calls it until it raises nothing any more; the last error is what a failure shows."""
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            return condition()
        except (AssertionError, OSError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f'not in {deadline_s} s: {error}') from error
        time.sleep(0.01)  # pace of the polling


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        top = tempfile.TemporaryDirectory(prefix='image test ')  # blanks in paths included
        cls.addClassCleanup(top.cleanup)
        cls.top = pathlib.Path(top.name)
        cls.tar = cls.top / 'demo-cpp.tar'
        cls.run_ = script('--tag', NAME, '--output', str(cls.tar))
        if cls.run_.returncode != 0:
            raise AssertionError(f'scripts/image failed: {cls.run_.stderr}')
        cls.image = archive.read(cls.tar)

    def assert_met(self, complaints):
        self.assertEqual(list(complaints), [])

    def test_archive(self):
        self.assertEqual(self.run_.stdout, f'{self.image.digest}  {self.tar}\n')
        self.assertEqual(self.image.name, NAME)
        self.assertEqual([each.name for each in self.top.iterdir()], [self.tar.name])
        self.assert_met(demands.is_small(self.image.layers))

    def test_config(self):
        for demand in demands.CONFIG:
            with self.subTest(demand.__name__):
                self.assert_met(demand(self.image.config['config']))

    def test_files(self):
        for demand in demands.FILES:
            with self.subTest(demand.__name__):
                self.assert_met(demand(self.image.files))
        self.assert_met(demands.is_for(machine(), self.image.config, self.image.files))

    def test_same_again(self):
        """From scratch, without the compiler's cache: the same bytes."""
        again = self.top / 'again'
        again.mkdir()
        self.addCleanup(shutil.rmtree, again)
        ran = script('--tag', NAME, '--output', str(again / 'image.tar'), '--rebuild')
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual((again / 'image.tar').read_bytes(), self.tar.read_bytes(),
                         'two builds differ (or a source was edited between them)')

    def test_runs(self):
        with tempfile.TemporaryDirectory() as bundle:
            rootfs = pathlib.Path(bundle) / 'rootfs'
            rootfs.mkdir(mode=0o755)
            pathlib.Path(bundle).chmod(0o755)  # the program's user must get through
            archive.unpack(self.image.files, rootfs)
            # As a kubelet mounts it; that a static program looks up names is no matter of course.
            (rootfs / 'etc' / 'hosts').write_text('127.0.0.1 pod.example\n')
            container = Container(bundle, self.image.config['config'],
                                  ['--web.listen-address=pod.example:0', '--shutdown.delay=0s'])
            try:
                self.serve(container)
            finally:
                container.remove()

    def serve(self, container):
        port = int(container.wait_for(LISTENING)[1])

        def ready():
            status, body = get(port, '/readyz')
            self.assertEqual(status, 200, body)
        wait_until(ready, READY_DEADLINE_S)
        status, body = get(port, '/hello')
        self.assertEqual((status, body), (200, 'hello\n'))
        status, body = get(port, '/metrics')
        self.assertEqual(status, 200)
        self.assertIn('# TYPE demo_http_requests_total counter', body)
        version = self.image.config['config']['Labels']['org.opencontainers.image.version']
        self.assertRegex(body, rf'demo_build_info\{{[^}}]*version="{version}"')

        process = pathlib.Path('/proc') / str(container.pid())
        self.assert_met(demands.is_confined((process / 'status').read_text(),
                                            (process / 'mountinfo').read_text()))
        self.assertEqual(container.terminate(), 0, container.output)


class Loopcheck(unittest.TestCase):
    """The other program, by the same recipe."""

    def test_it(self):
        with tempfile.TemporaryDirectory() as top:
            tar = pathlib.Path(top) / 'loopcheck.tar'
            ran = script('loopcheck', '--output', str(tar))
            self.assertEqual(ran.returncode, 0, ran.stderr)
            image = archive.read(tar)
            self.assertEqual(image.name, 'docker.io/library/loopcheck:dev')
            for demand in demands.CONFIG:
                with self.subTest(demand.__name__):
                    self.assertEqual(list(demand(image.config['config'])), [])
            for demand in demands.FILES:
                with self.subTest(demand.__name__):
                    self.assertEqual(list(demand(image.files)), [])
            self.assertEqual(list(demands.is_for(machine(), image.config, image.files)), [])
            self.assertEqual(list(demands.is_small(image.layers, 'loopcheck')), [])
            program = pathlib.Path(top) / 'loopcheck'
            program.write_bytes(image.files['usr/bin/loopcheck'].content)
            program.chmod(0o755)
            said = subprocess.run([program, 'explain', 'LC0402'], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((said.returncode, said.stderr), (0, ''))
            self.assertIn('LC0402', said.stdout)


@unittest.skipUnless(os.environ.get('LOOPMETER_LONG') == '1',
                     'compiles everything twice more: LOOPMETER_LONG=1')
class OtherMachine(unittest.TestCase):
    """The image for the machine that this one is not, by the cross compiler."""

    def test_it(self):
        other = {'amd64': 'arm64', 'arm64': 'amd64'}[machine()]
        with tempfile.TemporaryDirectory() as top:
            first, again = (pathlib.Path(top) / name for name in ('first.tar', 'again.tar'))
            ran = script('--arch', other, '--output', str(first))
            self.assertEqual(ran.returncode, 0, ran.stderr)
            image = archive.read(first)
            for demand in demands.FILES:
                with self.subTest(demand.__name__):
                    self.assertEqual(list(demand(image.files)), [])
            self.assertEqual(list(demands.is_for(other, image.config, image.files)), [])
            self.assertEqual(list(demands.is_small(image.layers)), [])
            self.answers(other, image.files['usr/bin/demo-cpp'].content)
            ran = script('--arch', other, '--output', str(again), '--rebuild')
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertEqual(first.read_bytes(), again.read_bytes(), 'two builds differ')

    def answers(self, architecture, content):
        """Emulated, without the container: it is a program of one file."""
        emulator = {'amd64': 'qemu-x86_64-static', 'arm64': 'qemu-aarch64-static'}[architecture]
        self.assertTrue(shutil.which(emulator), f'{emulator} is missing (qemu-user-static)')
        with tempfile.NamedTemporaryFile() as program:
            program.write(content)
            program.flush()
            os.fchmod(program.fileno(), 0o755)
            with subprocess.Popen([emulator, program.name, '--web.listen-address=127.0.0.1:0',
                                   '--shutdown.delay=0s'], stderr=subprocess.PIPE) as process:
                try:
                    output = ''
                    while not (found := re.search(LISTENING, output)):
                        line = process.stderr.readline().decode()
                        self.assertTrue(line, f'ended without listening: {output}')
                        output += line
                    port = int(found[1])
                    status, body = wait_until(lambda: get(port, '/metrics'), READY_DEADLINE_S)
                    self.assertEqual(status, 200)
                    self.assertIn('# TYPE demo_http_requests_total counter', body)
                finally:
                    process.kill()


class Usage(unittest.TestCase):
    def test_help(self):
        ran = script('--help')
        self.assertEqual((ran.returncode, ran.stderr), (0, ''))
        self.assertTrue(ran.stdout.startswith('usage: scripts/image'))

    def test_bad(self):
        for arguments in (['--nonsense'], ['word'], ['--tag'], ['--tag='], ['--base', 'other'],
                          ['--arch', 's390x'],
                          ['--tag', 'Upper Case'], ['--output', '/no such directory/x.tar']):
            with self.subTest(arguments):
                ran = script(*arguments)
                self.assertEqual((ran.returncode, ran.stdout), (2, ''))
                self.assertRegex(ran.stderr, r'\Aimage: error: [^\n]+\n\Z')


if __name__ == '__main__':
    if lacking := list(missing()):
        print(f'skipped: needs {", ".join(lacking)}', file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
