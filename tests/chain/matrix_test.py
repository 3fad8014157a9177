# SPDX-License-Identifier: Apache-2.0
"""The components in any choice: each alone, every two and all together render silently and meet
every demand."""
from __future__ import annotations

import itertools
import pathlib
import shutil
import tempfile
import unittest
from collections.abc import Iterable, Iterator

import rendering  # first, for it ends the test as skipped where Python lacks a module
import checker
import components  # noqa: F401  registers its demands, and those of contract
import loopcheck_demands  # noqa: F401  registers its demands
import pod  # noqa: F401  registers its demands, and those of pod_security
import strict_yaml

CHOICE = [each for each in rendering.COMPONENTS if each not in rendering.MONITORS]


def choices() -> Iterator[list[str]]:
    for monitor in rendering.MONITORS:
        for count in (1, 2, len(CHOICE)):
            for chosen in itertools.combinations(CHOICE, count):
                yield [monitor, *chosen]


def values(thing: object) -> Iterator[str]:
    """All strings in it, keys left out."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, list):
        for each in thing:
            yield from values(each)
    elif isinstance(thing, str):
        yield thing


def names(objects: list[dict]) -> set[str]:
    return {finding.demand for finding in checker.check(objects)}


class Matrix(unittest.TestCase):
    tool: tuple[str, str]

    def objects(self, chosen: Iterable[str], k8s: pathlib.Path = rendering.K8S) -> list[dict]:
        done = rendering.compose(*self.tool, chosen, k8s)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return strict_yaml.documents(done.stdout)

    def copy(self, *changes: tuple[str, str, str]) -> pathlib.Path:
        """The manifests with these changes: (path, what stands there, what to write)."""
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        k8s = pathlib.Path(own.name) / 'k8s'
        shutil.copytree(rendering.K8S, k8s)
        for path, old, new in changes:
            text = (k8s / path).read_text(encoding='utf-8')
            self.assertIn(old, text)
            (k8s / path).write_text(text.replace(old, new), encoding='utf-8')
        return k8s

    def test_every_choice_meets_every_demand(self) -> None:
        self.assertGreaterEqual(len(CHOICE), 8)
        for chosen in choices():
            with self.subTest(chosen):
                objects = self.objects(chosen)
                self.assertEqual(objects[0]['kind'], 'Namespace')
                self.assertEqual(len({checker.identity(each) for each in objects}), len(objects))
                self.assertEqual(checker.check(objects), [])

    def test_every_component_changes_something(self) -> None:
        for each in CHOICE:
            with self.subTest(each):
                changed = [monitor for monitor in rendering.MONITORS
                           if self.objects([monitor, each]) != self.objects([monitor])]
                # A PodMonitor has nothing to say about EndpointSlices.
                self.assertEqual(changed, ['servicemonitor'] if each == 'endpointslice-role'
                                 else list(rendering.MONITORS))

    def test_their_order_does_not_matter(self) -> None:
        for monitor in rendering.MONITORS:
            one, other = (self.objects([monitor, *order]) for order in (CHOICE, CHOICE[::-1]))
            for objects in (one, other):
                objects.sort(key=checker.identity)
                for _, container in checker.Rendering(objects).containers:
                    container['args'].sort()
            self.assertEqual(one, other)

    def test_but_the_monitor_comes_first(self) -> None:
        self.assertEqual(names(self.objects(['admin-port', 'podmonitor'])), {'monitor.port'})
        self.assertEqual(names(self.objects(['tls', 'servicemonitor'])), {'tls.monitor'})

    def test_the_namespace_is_written_once(self) -> None:
        def renamed(*changes: tuple[str, str, str]) -> list[str]:
            k8s = self.copy(('base/kustomization.yaml', 'namespace: demo\n', 'namespace: shop\n'),
                            ('base/namespace.yaml', 'name: demo\n', 'name: shop\n'), *changes)
            left = set()
            for monitor in rendering.MONITORS:
                for each in self.objects([monitor, *CHOICE], k8s):
                    if {'demo', 'demo-cpp.demo.svc'} & set(values(each)):
                        left.add(each['kind'])
            return sorted(left)
        self.assertEqual(renamed(), [])
        # A second place for it is noticed: a label that says it, too.
        self.assertEqual(renamed(('components/network-policy/network-policy.yaml',
                                  '  name: demo-cpp\n',
                                  '  name: demo-cpp\n  labels: {home: demo}\n')),
                         ['NetworkPolicy'])

    def test_labels_of_the_users_own_do_not_break_the_policy(self) -> None:
        """kustomize writes them into every `matchLabels` of a peer's podSelector."""
        label = 'labels:\n- includeSelectors: true\n  pairs: {team: web}\n'
        narrower = self.copy((
            'components/network-policy/network-policy.yaml', '    - namespaceSelector:\n',
            '    - podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}\n'
            '      namespaceSelector:\n'))
        for k8s, expected in ((rendering.K8S, set()), (narrower, {'policy.scrapes'})):
            text = f'resources:\n- {{k8s}}/overlays/production\n{label}'
            with rendering.kustomization(text, k8s) as directory:
                done = rendering.render(*self.tool, directory)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            objects = strict_yaml.documents(done.stdout)
            for each in checker.Rendering(objects).kind('Deployment'):
                self.assertEqual(each['spec']['template']['metadata']['labels']['team'], 'web')
            self.assertEqual(names(objects), expected)


if __name__ == '__main__':
    Matrix.tool = rendering.require_any()
    unittest.main()
