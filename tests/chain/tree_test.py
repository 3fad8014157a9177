# SPDX-License-Identifier: Apache-2.0
"""The sources under k8s/ parse strictly and write each fact once."""

import copy
import unittest

import rendering
import strict_yaml
import tree
import yaml


def put(path, key, value):
    def mutate(sources):
        sources[path][0][key] = value
    return mutate


def put_spec(path, key, value):
    def mutate(sources):
        sources[path][0]['spec'][key] = value
    return mutate


def append(path, key, value):
    def mutate(sources):
        sources[path][0][key].append(value)
    return mutate


def insert(path, key, value):
    def mutate(sources):
        sources[path][0][key].insert(0, value)
    return mutate


def add(path):
    def mutate(sources):
        sources[path] = [{'apiVersion': 'v1', 'kind': 'ConfigMap'}]
    return mutate


def remove(path):
    def mutate(sources):
        del sources[path]
    return mutate


OVERLAY = 'overlays/servicemonitor/kustomization.yaml'
COMPONENT = 'components/podmonitor/kustomization.yaml'
MUTATIONS = {
    'namespace_in_base_only': [
        put(COMPONENT, 'namespace', 'demo'),
        lambda sources: sources['base/kustomization.yaml'][0].pop('namespace'),
    ],
    'overlays_only_list': [put(OVERLAY, 'patches', []), put(OVERLAY, 'labels', [])],
    'nothing_deprecated': [
        *(put(COMPONENT, each, {}) for each in tree.DEPRECATED),
        put('base/kustomization.yaml', 'vars', []),
    ],
    'everything_is_listed': [
        add('base/forgotten.yaml'),
        add('components/forgotten/kustomization.yaml'),
        remove('overlays/podmonitor/kustomization.yaml'),
        remove('overlays/production/kustomization.yaml'),
        put('components/tls/kustomization.yaml', 'configMapGenerator', []),
        remove('components/native-histograms/kustomization.yaml'),
        append(OVERLAY, 'components', '../../components/tls'),
    ],
    'monitor_first': [
        put(OVERLAY, 'components', []),
        insert(OVERLAY, 'components', '../../components/network-policy'),
    ],
    'monitors_agree': [
        put_spec('components/podmonitor/podmonitor.yaml', 'sampleLimit', 1),
        put_spec('components/servicemonitor/servicemonitor.yaml', 'labelLimit', None),
        put('components/podmonitor/podmonitor.yaml', 'metadata', {'name': 'demo-cpp'}),
    ],
}


class Tree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        paths = sorted([*rendering.K8S.rglob('*.yaml'), *rendering.K8S.rglob('*.yml')])
        cls.sources = {
            path.relative_to(rendering.K8S).as_posix(): strict_yaml.documents(path.read_text())
            for path in paths}  # raises where one does not parse strictly

    def test_sources_meet_every_demand(self):
        self.assertIn('base/kustomization.yaml', self.sources)
        self.assertEqual(tree.check(self.sources), [])

    def test_each_mutation_is_named_exactly(self):
        for demand, mutants in MUTATIONS.items():
            for number, mutate in enumerate(mutants):
                with self.subTest(demand, number=number):
                    mutant = copy.deepcopy(self.sources)
                    mutate(mutant)
                    self.assertEqual({name for name, _ in tree.check(mutant)}, {demand})

    def test_every_demand_is_proven(self):
        self.assertEqual({each.__name__ for each in tree.DEMANDS}, set(MUTATIONS))


class StrictYaml(unittest.TestCase):
    def test_reads_what_means_the_same_everywhere(self):
        text = '# nothing\n---\na: 1\nb: {c: [true, "yes", 8080, 50m]}\n---\na: x\n'
        self.assertEqual(strict_yaml.documents(text), [
            {'a': 1, 'b': {'c': [True, 'yes', 8080, '50m']}}, {'a': 'x'}])

    def test_refuses_the_rest(self):
        cases = {
            'a: 1\nb: 2\na: 3\n': "duplicate key 'a'",
            'x:\n- {a: 1, a: 1}\n': "duplicate key 'a'",
            'a: yes\n': "'yes' is ambiguous",
            'a: [on]\n': "'on' is ambiguous",
            'a: &x {b: 1}\nc: {<<: *x}\n': 'merge keys',
            'a: !!python/object:os.system x\n': 'could not determine a constructor',
            'a: [1\n': 'expected',
            '\ta: 1\n': 'cannot start any token',
        }
        for text, reason in cases.items():
            with self.subTest(text=text):
                with self.assertRaisesRegex(yaml.YAMLError, reason):
                    strict_yaml.documents(text)


if __name__ == '__main__':
    unittest.main()
