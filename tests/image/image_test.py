# SPDX-License-Identifier: Apache-2.0
"""Builds the image by scripts/image, judges what it holds, and runs it."""

import http.client
import os
import pathlib
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
            container = Container(bundle, self.image.config['config'],
                                  ['--web.listen-address=127.0.0.1:0', '--shutdown.delay=0s'])
            try:
                self.serve(container)
            finally:
                container.remove()

    def serve(self, container):
        port = int(container.wait_for(r'msg=listening address=127\.0\.0\.1:(\d+)')[1])

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


class Usage(unittest.TestCase):
    def test_help(self):
        ran = script('--help')
        self.assertEqual((ran.returncode, ran.stderr), (0, ''))
        self.assertTrue(ran.stdout.startswith('usage: scripts/image'))

    def test_bad(self):
        for arguments in (['--nonsense'], ['word'], ['--tag'], ['--tag='], ['--base', 'other'],
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
