# SPDX-License-Identifier: Apache-2.0
"""Runs an image with crun as a strict Pod would: read-only root, no capabilities, no new rights,
its own user. Only the network is the host's, so that a test reaches the loopback."""

import json
import os
import pathlib
import re
import selectors
import signal
import subprocess
import time

START_DEADLINE_S = 60
STOP_DEADLINE_S = 60


def bundle_config(config, arguments):
    """What an OCI runtime is told, out of the image's configuration."""
    user, group = (int(each) for each in config['User'].split(':'))
    none = {each: [] for each in ('bounding', 'effective', 'inheritable', 'permitted', 'ambient')}
    return {
        'ociVersion': '1.0.0',
        'process': {
            'args': config['Entrypoint'] + arguments,
            'env': config.get('Env', []),
            'cwd': config.get('WorkingDir') or '/',
            'user': {'uid': user, 'gid': group},
            'capabilities': none,
            'noNewPrivileges': True,
        },
        'root': {'path': 'rootfs', 'readonly': True},
        'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc',
                    'options': ['nosuid', 'noexec', 'nodev']},
                   {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs',
                    'options': ['nosuid', 'strictatime', 'mode=755', 'size=64k']}],
        'linux': {'namespaces': [{'type': each} for each in ('ipc', 'mount', 'pid', 'uts')]},
    }


# crun refuses a host with both kinds of cgroups, even where it is to use none; so in a mount
# namespace of its own it gets to see only one kind.
HIDE_SECOND_CGROUPS = """
if [ -d /sys/fs/cgroup/unified ]; then mount -t tmpfs tmpfs /sys/fs/cgroup/unified; fi
exec "$@"
"""


class Container:
    """A started container; its stderr is read only as far as a wait asks for it."""

    def __init__(self, bundle, config, arguments):
        self.bundle = pathlib.Path(bundle)
        self.pid_file = self.bundle / 'pid'
        (self.bundle / 'config.json').write_text(json.dumps(bundle_config(config, arguments)))
        self.output = b''
        self.process = subprocess.Popen(
            ['unshare', '--mount', 'sh', '-ec', HIDE_SECOND_CGROUPS, 'sh',
             'crun', '--cgroup-manager=disabled', '--root', str(self.bundle / 'state'),
             'run', '--bundle', str(self.bundle), '--pid-file', str(self.pid_file),
             f'loopmeter-image-test-{os.getpid()}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait_for(self, pattern):
        """The match in the output, which must come before the deadline and the end."""
        deadline = time.monotonic() + START_DEADLINE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not (found := re.search(pattern, self.output.decode(errors='replace'))):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise AssertionError(f'no {pattern} in {START_DEADLINE_S} s: {self.output}')
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    raise AssertionError(f'ended without {pattern}: {self.output}')
                self.output += data
        return found

    def pid(self):
        """Of the program, as the host sees it."""
        return int(self.pid_file.read_text())

    def terminate(self):
        """Sends SIGTERM, as the kubelet does, and gives the exit code."""
        os.kill(self.pid(), signal.SIGTERM)
        output, _ = self.process.communicate(timeout=STOP_DEADLINE_S)
        self.output += output
        return self.process.returncode

    def remove(self):
        """Whatever state it is in. The program is the init of its namespace: all ends with it."""
        if self.process.poll() is None and self.pid_file.exists():
            os.kill(self.pid(), signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
