# SPDX-License-Identifier: Apache-2.0
"""scripts/tools against an apt that is a stub: what it makes, keeps and leaves behind."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import rendering

TABLE = re.compile(r"(?<=cat <<'END'\n)# tool .*?(?=\nEND\n)", re.DOTALL)
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

# Notes its arguments in calls; a file `hold` in the state makes a download wait at two fifos.
APT = '''#!/bin/sh
state=@STATE@
echo "$@" >>"$state/calls"
for last; do :; done
case " $* " in
*" indextargets "*) cat "$state/mirrors" ;;
*" update "*)
    [ ! -e "$state/fail-update" ] || { echo "noise"; echo "E: no such suite" >&2; exit 100; } ;;
*" download "*)
    if [ -e "$state/hold" ]; then echo here >"$state/at"; read -r _ <"$state/go"; fi
    cp "$state/$last"_*.deb . || { echo "E: Unable to locate package $last" >&2; exit 100; } ;;
esac
'''


class Tools(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='tools test ')  # blanks in paths included
        self.addCleanup(directory.cleanup)
        top = pathlib.Path(directory.name)
        self.state, self.bin, self.root = top / 'state', top / 'stubs', top / 'checkout'
        for each in (self.state, self.bin, self.root / 'scripts'):
            each.mkdir(parents=True)
        self.out = self.root / 'build' / 'tools'
        self.script = self.root / 'scripts' / 'tools'
        text = (rendering.SOURCE_ROOT / 'scripts' / 'tools').read_text()
        self.assertEqual(len(TABLE.findall(text)), 1)
        self.template = text
        self.table('alpha next alpha usr/bin/alpha 1.5', 'beta next beta-client usr/bin/beta 1')
        self.stub('apt-get', APT.replace('@STATE@', f"'{self.state}'"))
        (self.state / 'mirrors').write_text(
            'http://stub.invalid/security next-security main Debian\n'
            'http://stub.invalid/other old main Other\n'
            'http://stub.invalid/debian old main Debian\n')
        self.package('alpha', '1.5-1', 'alpha')
        self.package('beta-client', '2:1.0', 'beta')

    def table(self, *rows):
        self.script.write_text(TABLE.sub('\n'.join(rows), self.template))
        self.script.chmod(0o755)

    def stub(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def package(self, name, version, program):
        for old in self.state.glob(f'{name}_*.deb'):
            old.unlink()
        with tempfile.TemporaryDirectory() as tree:
            os.chmod(tree, 0o755)
            control = pathlib.Path(tree, 'DEBIAN', 'control')
            control.parent.mkdir()
            control.write_text(f'Package: {name}\nVersion: {version}\nArchitecture: all\n'
                               'Maintainer: nobody <nobody@example.org>\nDescription: stub\n')
            binary = pathlib.Path(tree, 'usr', 'bin', program)
            binary.parent.mkdir(parents=True)
            binary.write_text(f'#!/bin/sh\necho {program} {version}\n')
            binary.chmod(0o755)
            file = self.state / f'{name}_{version.replace(":", "%3a")}_all.deb'
            command = ['dpkg-deb', '--root-owner-group', '-Znone', '-b', tree, file]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def environment(self, **extra):
        path = f'{self.bin}:{os.environ["PATH"]}'
        without = {key: value for key, value in os.environ.items()
                   if key != 'LOOPMETER_DEBIAN_MIRROR'}
        return {**without, 'PATH': path, **extra}

    def run_script(self, *arguments, **environment):
        return subprocess.run([self.script, *arguments], capture_output=True, text=True,
                              check=False, timeout=60, env=self.environment(**environment))

    def calls(self):
        file = self.state / 'calls'
        return file.read_text().splitlines() if file.exists() else []

    def says(self, name):
        return subprocess.run([self.out / 'bin' / name], capture_output=True, text=True,
                              check=True).stdout.strip()

    def assert_ready(self, done):
        self.assertEqual((done.returncode, done.stdout), (0, f'{self.out}/bin\n'), done.stderr)
        self.assert_nothing_half_done()

    def assert_fails(self, done, *words):
        self.assertEqual((done.returncode, done.stdout), (1, ''), done.stderr)
        errors = [line for line in done.stderr.splitlines() if 'error' in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertEqual(errors[0], done.stderr.splitlines()[-1])
        self.assertTrue(errors[0].startswith('tools: error: '), errors)
        for word in words:
            self.assertIn(word, errors[0])
        self.assert_nothing_half_done()

    def assert_nothing_half_done(self):
        self.assertEqual(list(self.out.glob('.new*')), [])
        for link in self.out.glob('bin/*'):
            self.assertTrue(link.is_symlink() and os.access(link, os.X_OK), link)

    def test_makes_all_tools(self):
        done = self.run_script()
        self.assert_ready(done)
        self.assertEqual(self.says('alpha'), 'alpha 1.5-1')
        self.assertEqual(self.says('beta'), 'beta 2:1.0')
        self.assertIn('beta-client', done.stderr)
        # The mirror is the one of this very system, and only the question for it sees its state.
        self.assertIn('http://stub.invalid/debian', done.stderr)
        for call in self.calls():
            self.assertTrue(call.startswith('indextargets') or ' -c ' in f' {call}', call)

    def test_makes_only_what_is_named(self):
        self.assert_ready(self.run_script('beta'))
        self.assertEqual(os.listdir(self.out / 'bin'), ['beta'])

    def test_second_run_asks_nobody(self):
        self.run_script()
        self.stub('apt-get', '#!/bin/sh\nexit 1\n')
        done = self.run_script()
        self.assert_ready(done)
        self.assertEqual(done.stderr, '')

    def test_a_raised_version_is_fetched_anew(self):
        self.run_script()
        self.table('alpha next alpha usr/bin/alpha 1.6')
        self.package('alpha', '1.6-2', 'alpha')
        self.assert_ready(self.run_script())
        self.assertEqual(self.says('alpha'), 'alpha 1.6-2')

    def test_two_tools_of_one_package(self):
        self.table('alpha next alpha usr/bin/alpha 1', 'twin next alpha usr/bin/alpha 1')
        self.assert_ready(self.run_script())
        self.assertEqual(self.says('twin'), self.says('alpha'))
        self.assertEqual(len([call for call in self.calls() if ' download ' in call]), 1)
        (self.out / 'bin' / 'twin').unlink()
        self.assert_ready(self.run_script())
        self.assertEqual(self.says('twin'), 'alpha 1.5-1')

    def test_unknown_mirror_list_is_enough(self):
        """Before the first apt-get update the origin is not known."""
        (self.state / 'mirrors').write_text('http://stub.invalid/fresh old main $(ORIGIN)\n')
        done = self.run_script('alpha')
        self.assert_ready(done)
        self.assertIn('http://stub.invalid/fresh', done.stderr)

    def test_no_mirror(self):
        (self.state / 'mirrors').write_text('')
        self.assert_fails(self.run_script(), 'LOOPMETER_DEBIAN_MIRROR')
        done = self.run_script(LOOPMETER_DEBIAN_MIRROR='http://stub.invalid/mine')
        self.assert_ready(done)
        self.assertIn('http://stub.invalid/mine', done.stderr)

    def test_package_list_out_of_reach(self):
        (self.state / 'fail-update').touch()
        self.assert_fails(self.run_script(), 'package list of next', 'E: no such suite')

    def test_a_suite_out_of_reach_keeps_the_others(self):
        self.table('alpha next alpha usr/bin/alpha 1', 'gone last gone usr/bin/gone 1',
                   'beta zero beta-client usr/bin/beta 1')
        self.assertEqual(self.run_script().returncode, 1)
        self.assertEqual(self.says('alpha'), 'alpha 1.5-1')
        self.assertEqual(self.says('beta'), 'beta 2:1.0')

    def test_packages_that_share_a_tree(self):
        self.package('alpha-data', '3', 'data')
        self.table('alpha next alpha,alpha-data usr/bin/alpha 1.5')
        self.assert_ready(self.run_script())
        program = (self.out / 'bin' / 'alpha').resolve()
        self.assertEqual(sorted(os.listdir(program.parent)), ['alpha', 'data'])
        self.stub('apt-get', '#!/bin/sh\nexit 1\n')
        self.assert_ready(self.run_script())

    def test_a_part_missing(self):
        self.table('alpha next alpha,alpha-data usr/bin/alpha 1.5')
        self.assert_fails(self.run_script(), 'Unable to locate package alpha-data')
        self.assertEqual(os.listdir(self.out / 'bin'), [])

    def test_package_missing_keeps_the_others(self):
        self.table('alpha next alpha usr/bin/alpha 1', 'gone next gone usr/bin/gone 1')
        self.assert_fails(self.run_script(), 'Unable to locate package gone')
        self.assertEqual(self.says('alpha'), 'alpha 1.5-1')

    def test_too_old(self):
        self.table('alpha next alpha usr/bin/alpha 1.6')
        self.assert_fails(self.run_script(), 'alpha', '1.5-1', 'at least 1.6')
        self.assertEqual(os.listdir(self.out / 'bin'), [])

    def test_program_not_in_package(self):
        self.table('alpha next alpha usr/bin/other 1')
        self.assert_fails(self.run_script(), 'holds no program usr/bin/other')

    def test_broken_package(self):
        next(self.state.glob('alpha_*.deb')).write_text('not a package')
        self.assert_fails(self.run_script('alpha'), 'alpha was fetched broken')

    def test_library_missing(self):
        self.stub('ldd', '#!/bin/sh\nprintf "\\tlibc.so.6 => /lib/libc.so.6\\n'
                         '\\tlibnew.so.9 => not found\\n"\n')
        self.assert_fails(self.run_script('alpha'), 'does not run', 'libnew.so.9')

    def test_cannot_write(self):
        (self.root / 'build').write_text('a file')
        done = self.run_script()
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertRegex(done.stderr, '^tools: error: cannot write below .*: Not a directory\n$')

    def test_interrupted(self):
        """Ctrl-C in the middle leaves nothing behind, and the next run succeeds."""
        for fifo in ('at', 'go'):
            os.mkfifo(self.state / fifo)
        (self.state / 'hold').touch()
        process = subprocess.Popen(
            [self.script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment(), start_new_session=True)
        with open(self.state / 'at', encoding='utf-8') as at:  # waits until the download runs
            at.read()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (130, ''), err)
        self.assert_nothing_half_done()
        self.assertEqual(os.listdir(self.out / 'bin'), [])
        (self.state / 'hold').unlink()
        self.assert_ready(self.run_script())

    def test_what_a_killed_run_left_is_removed(self):
        (self.out / '.new.killed').mkdir(parents=True)
        self.assert_ready(self.run_script())

    def test_help(self):
        done = self.run_script('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertTrue(done.stdout.startswith('usage: scripts/tools'))
        self.assertFalse(self.out.exists())

    def test_unknown_tool(self):
        done = self.run_script('alpha', 'gamma')
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertEqual(done.stderr, "tools: error: no tool 'gamma'; known are: alpha beta\n")
        self.assertFalse(self.out.exists())


if __name__ == '__main__':
    for needed in ('dpkg-deb', 'flock', 'ldd'):
        if shutil.which(needed) is None:
            rendering.skip(f'no {needed}: this is not Debian')
    if not os.path.exists(KEYRING):
        rendering.skip(f'no {KEYRING}; install debian-archive-keyring')
    unittest.main()
