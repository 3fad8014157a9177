# SPDX-License-Identifier: Apache-2.0
"""The manifests meet every demand, and every demand notices when they do not."""

import copy
import unittest

import rendering  # first, for it ends the test as skipped where Python lacks a module
import checker
import component_mutations
import components  # noqa: F401  registers its demands, and those of contract
import loopcheck_demands
import mutations
import pod  # noqa: F401  registers its demands, and those of pod_security
import strict_yaml

BASIC = (*rendering.MONITORS, 'kube-prometheus')  # in which the base is as it was
PROOFS = {**mutations.MUTATIONS, **{
    name: [*mutations.MUTATIONS.get(name, []), *mutants]
    for name, mutants in component_mutations.MUTATIONS.items()}, **loopcheck_demands.MUTATIONS}


def rendered():
    """The overlays, and each monitor with all that there is."""
    tool = rendering.require_any()
    done = {each.name: rendering.render(*tool, each) for each in rendering.OVERLAYS}
    rest = [each for each in rendering.COMPONENTS if each not in rendering.MONITORS]
    for monitor in rendering.MONITORS:
        done[f'{monitor} and all'] = rendering.compose(*tool, [monitor, *rest])
    return {name: strict_yaml.documents(each.stdout) for name, each in done.items()}


def names(objects):
    return sorted({finding.demand for finding in checker.check(objects)})


def unproven(demands, mutants):
    """Demands that nothing shows to fail, and mutations of demands that are gone."""
    return sorted(set(demands) ^ {name for name, each in mutants.items() if each})


class Demands(unittest.TestCase):
    good = {}

    def test_renderings_meet_every_demand(self):
        for overlay, objects in self.good.items():
            with self.subTest(overlay):
                self.assertEqual(checker.check(objects), [])

    def test_each_mutation_is_named_exactly(self):
        basic = {overlay: self.good[overlay] for overlay in BASIC}
        for page, good in ((mutations, basic), (component_mutations, self.good),
                           (loopcheck_demands, self.good)):
            for demand, mutants in page.MUTATIONS.items():
                for number, mutate in enumerate(mutants):
                    self.prove(demand, number, mutate, good)

    def prove(self, demand, number, mutate, good):
        applied = 0
        for overlay, objects in good.items():
            mutant = copy.deepcopy(objects)
            try:
                mutate(mutant)
            except mutations.NotHere:
                continue
            applied += 1
            with self.subTest(demand, number=number, overlay=overlay):
                self.assertNotEqual(mutant, objects, 'the mutation changes nothing')
                self.assertEqual(names(mutant), [demand])
        with self.subTest(demand, number=number):
            self.assertTrue(applied, 'the mutation fits no rendering')

    def test_every_demand_is_proven(self):
        self.assertEqual(unproven(checker.DEMANDS, PROOFS), [])

    def test_an_unproven_demand_is_noticed(self):
        for missing in ({}, {'service.port': []}):
            mutants = {key: value for key, value in PROOFS.items() if key != 'service.port'}
            self.assertEqual(
                unproven(checker.DEMANDS, {**mutants, **missing}), ['service.port'])

    def test_both_monitors_together_are_refused(self):
        servicemonitor, podmonitor = (self.good[each] for each in rendering.MONITORS)
        applied = servicemonitor + [each for each in podmonitor if each not in servicemonitor]
        done = rendering.compose(*rendering.require_any(), rendering.MONITORS)
        self.assertEqual(done.stderr, '')
        for together in (applied, strict_yaml.documents(done.stdout)):
            self.assertEqual(names(together), ['monitor.one'])

    def test_a_finding_says_where_and_what(self):
        objects = copy.deepcopy(self.good['servicemonitor'])
        mutations.put('Deployment', 'spec.replicas', 1)(objects)
        self.assertEqual(checker.check(objects), [checker.Finding(
            'deployment.replicas', 'Deployment/demo/demo-cpp', 'spec.replicas is 1, must be 2')])

    def test_nothing_at_all_is_not_good(self):
        self.assertEqual(names([]), ['monitor.one', 'objects.once'])


class Selectors(unittest.TestCase):
    """The one piece of the checker with a logic of its own."""

    def test_matches(self):
        labels = {'app': 'demo', 'tier': 'web'}
        cases = [
            (None, False), ({}, False), ({'matchLabels': {}}, False),
            ({'matchLabels': {'app': 'demo'}}, True),
            ({'matchLabels': {'app': 'demo', 'x': 'y'}}, False),
            ({'matchExpressions': [{'key': 'app', 'operator': 'In', 'values': ['demo']}]}, True),
            ({'matchExpressions': [{'key': 'app', 'operator': 'In', 'values': ['x']}]}, False),
            ({'matchExpressions': [{'key': 'x', 'operator': 'NotIn', 'values': ['y']}]}, True),
            ({'matchExpressions': [
                {'key': 'app', 'operator': 'NotIn', 'values': ['demo']}]}, False),
            ({'matchExpressions': [{'key': 'tier', 'operator': 'Exists'}]}, True),
            ({'matchExpressions': [{'key': 'x', 'operator': 'Exists'}]}, False),
            ({'matchExpressions': [{'key': 'x', 'operator': 'DoesNotExist'}]}, True),
            ({'matchExpressions': [{'key': 'app', 'operator': 'DoesNotExist'}]}, False),
            ({'matchLabels': {'app': 'demo'},
              'matchExpressions': [{'key': 'x', 'operator': 'Exists'}]}, False),
        ]
        for selector, expected in cases:
            with self.subTest(selector=selector):
                self.assertIs(checker.matches(selector, labels), expected)


if __name__ == '__main__':
    Demands.good = rendered()
    unittest.main()
