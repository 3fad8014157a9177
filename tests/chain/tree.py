# SPDX-License-Identifier: Apache-2.0
"""Demands on the sources under k8s/ that no rendering shows: where each fact is written."""

import posixpath

FILE = 'kustomization.yaml'
# What kustomize still takes, with a warning or about to go.
DEPRECATED = {'bases', 'commonLabels', 'helmChartInflationGenerator', 'imageTags',
              'patchesJson6902', 'patchesStrategicMerge', 'vars'}
OVERLAY_KEYS = {'apiVersion', 'kind', 'resources', 'components'}
MONITOR_KINDS = {'ServiceMonitor', 'PodMonitor'}
MONITORS = ('components/servicemonitor', 'components/podmonitor')
# What needs something of the cluster that not every one has: for people's own kustomizations, see
# docs/kubernetes.md.
BY_CHOICE = {'components/loopcheck', 'components/native-histograms', 'components/tls'}


def kustomizations(tree):
    """(directory, content) pairs."""
    for path, documents in sorted(tree.items()):
        directory, name = posixpath.split(path)
        if name == FILE:
            yield directory, documents[0]


def listed(directory, content):
    """The paths that a kustomization takes in."""
    generated = [file for each in content.get('configMapGenerator') or []
                 for file in each.get('files') or []]
    for each in (*(content.get('resources') or []), *(content.get('components') or []), *generated):
        yield posixpath.normpath(posixpath.join(directory, each))


def namespace_in_base_only(tree):
    """Anywhere above, it would overwrite the monitors' own namespace."""
    found = [directory for directory, content in kustomizations(tree) if 'namespace' in content]
    if found != ['base']:
        yield f'namespace: is set in {found}, must be set in base alone'


def overlays_only_list(tree):
    for directory, content in kustomizations(tree):
        extra = set(content) - OVERLAY_KEYS
        if directory.startswith('overlays/') and extra:
            yield f'{directory} holds {sorted(extra)}, but overlays only list'


def nothing_deprecated(tree):
    for directory, content in kustomizations(tree):
        for key in sorted(DEPRECATED.intersection(content)):
            yield f'{directory} uses {key}, which is deprecated'


def everything_is_listed(tree):
    """A file that no kustomization takes in, or a component that no overlay does, is dead."""
    reached = {path for directory, content in kustomizations(tree)
               for path in listed(directory, content)}
    for path in tree:
        directory, name = posixpath.split(path)
        if name == FILE:
            if not directory.startswith('overlays/') and directory not in reached | BY_CHOICE:
                yield f'{directory} is used by no overlay'
        elif path not in reached:
            yield f'{path} is listed by no kustomization'
    for each in sorted(BY_CHOICE):
        if each in reached or f'{each}/{FILE}' not in tree:
            yield f'{each} is by choice, so it must be there and in no overlay'


def monitor_first(tree):
    """A component changes only what is there when its turn comes."""
    for directory, content in kustomizations(tree):
        components = [posixpath.normpath(posixpath.join(directory, each))
                      for each in content.get('components') or []]
        if directory.startswith('overlays/') and (
                not components or components[0] not in MONITORS):
            yield f'{directory} begins with {components[:1]}, must begin with a monitor'


def monitors_agree(tree):
    """The two kinds say the same but for how they find Pods: whoever switches loses nothing."""
    monitors = [document for path, documents in tree.items() for document in documents
                if document.get('kind') in MONITOR_KINDS
                and posixpath.dirname(path) in MONITORS]
    common = [(each['metadata'], {key: value for key, value in each['spec'].items()
                                  if key not in ('endpoints', 'podMetricsEndpoints')})
              for each in monitors]
    if any(each != common[0] for each in common):
        yield 'the monitors differ in more than their endpoints'


DEMANDS = (namespace_in_base_only, overlays_only_list, nothing_deprecated, everything_is_listed,
           monitor_first, monitors_agree)


def check(tree):
    """(name of the demand, message) pairs. `tree` maps paths below k8s/ to parsed documents."""
    return [(each.__name__, message) for each in DEMANDS for message in each(tree)]
