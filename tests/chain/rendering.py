# SPDX-License-Identifier: Apache-2.0
"""Finds kustomize and kubectl and renders what is under k8s/ with them."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE_ROOT = pathlib.Path(
    os.environ.get('LOOPMETER_SOURCE_ROOT', pathlib.Path(__file__).resolve().parents[2]))
K8S = SOURCE_ROOT / 'k8s'
OVERLAYS = sorted(path.parent for path in K8S.glob('overlays/*/kustomization.yaml'))
MONITORS = ('servicemonitor', 'podmonitor')
COMPONENTS = sorted(path.parent.name for path in K8S.glob('components/*/kustomization.yaml'))
SKIPPED = 77  # meson's exit code for it

# The oldest that knows what the manifests use: name -> (version, how it renders a directory).
TOOLS = {
    'kustomize': ((5, 0), ['build']),
    'kubectl': ((1, 27), ['kustomize']),
}


def skip(reason):
    print(f'skipped: {reason}', file=sys.stderr)
    sys.exit(SKIPPED)


# Before any test imports it, for an ImportError would count as a failure.
if importlib.util.find_spec('yaml') is None:
    skip(f'{sys.executable} has no module yaml; install python3-yaml')


def version(name, path):
    """(major, minor), or None where the program does not tell."""
    arguments = {'kustomize': ['version'], 'kubectl': ['version', '--client', '-o', 'json']}[name]
    told = subprocess.run([path, *arguments], capture_output=True, text=True, check=False).stdout
    if name == 'kubectl' and told:
        told = json.loads(told)['clientVersion']['gitVersion']
    found = re.search(r'v?(\d+)\.(\d+)', told)
    return (int(found[1]), int(found[2])) if found else None


def find(name):
    """The program's path, or None. What scripts/tools fetched is new enough by its own check."""
    own = SOURCE_ROOT / 'build' / 'tools' / 'bin' / name
    if os.access(own, os.X_OK):
        return str(own)
    path = shutil.which(name)
    return path if path and (version(name, path) or (0, 0)) >= TOOLS[name][0] else None


def require(*names):
    """The paths of all these programs; ends the test as skipped where one is missing."""
    paths = {name: find(name) for name in names}
    for name, path in paths.items():
        if path is None:
            least = '.'.join(map(str, TOOLS[name][0]))
            skip(f'no {name} {least} or later in build/tools or PATH; run scripts/tools')
    return paths


def require_any():
    """One program that renders: name and path."""
    for name in TOOLS:
        path = find(name)
        if path:
            return name, path
    skip('neither kustomize nor kubectl is new enough; run scripts/tools')


def render(name, path, directory):
    """The finished process: the rendering on stdout, complaints on stderr."""
    command = [path, *TOOLS[name][1], str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def kustomization(text, k8s=K8S):
    """A directory of the user's own with this kustomization, in which {k8s} is the way to ours."""
    own = tempfile.TemporaryDirectory()
    path = os.path.realpath(own.name)  # kustomize compares real paths
    with open(os.path.join(path, 'kustomization.yaml'), 'w', encoding='utf-8') as file:
        file.write(text.replace('{k8s}', os.path.relpath(k8s.resolve(), path)))
    return own


def compose(name, path, components, k8s=K8S):
    """The base with these components, in this order, as any user may put them together."""
    listed = ''.join(f'- {{k8s}}/components/{each}\n' for each in components)
    text = f'resources:\n- {{k8s}}/base\ncomponents:\n{listed}'
    with kustomization(text, k8s) as directory:
        return render(name, path, directory)
