# SPDX-License-Identifier: Apache-2.0
"""The autoscaler that is rendered decides as docs/scale.md says: cases by the controller's own
algorithm. Each mutation of the manifest fails the cases that it should."""
from __future__ import annotations

import copy
import unittest
from typing import Any

import rendering  # first, for it ends the test as skipped where Python lacks a module
import strict_yaml
from autoscaler import SYNC_S, Autoscaler, NotKnown, Reading, recommended

Manifest = dict[str, Any]
POD_CPU = 500  # the Deployment's limit: no Pod is seen to use more
WINDOW_S = 300
IDLE = 2  # thousandths, which a Pod uses with nobody there


def used(*pods: int | None) -> list[Reading]:
    return [Reading(each) for each in pods]


def load(total: int, pods: int) -> dict[str, list[Reading]]:
    """What the metrics server would say if the Service dealt evenly."""
    return {'cpu': used(*[min(max(total // max(pods, 1), IDLE), POD_CPU)] * pods)}


def course(manifest: Manifest, current: int, *phases: tuple[int | None, int]) -> list[int]:
    """The Pods after each phase of (total load, seconds); None is a cluster without a metrics
    server."""
    now, found = 0.0, []
    scaler = Autoscaler(manifest, now, current)
    for total, seconds in phases:
        for _ in range(seconds // SYNC_S):
            now += SYNC_S
            current = scaler.step(now, current, {} if total is None else load(total, current))
        found.append(current)
    return found


# What it says -> (Pods at first, phases, Pods after each).
COURSES: dict[str, tuple[int, list[tuple[int | None, int]], list[int]]] = {
    'half a limit each is what is wanted': (2, [(500, 60)], [2]),
    'eight per cent more are tolerated': (2, [(540, 60)], [2]),
    'twelve are not': (2, [(560, 60)], [3]),
    'nor does it remove a Pod for them': (10, [(2300, 2 * WINDOW_S)], [10]),
    'saturated Pods at most double': (2, [(1_000_000, SYNC_S), (1_000_000, SYNC_S)], [4, 8]),
    'there is a most': (2, [(1_000_000, 600)], [10]),
    'there is a least': (10, [(0, 2 * WINDOW_S)], [2]),
    'fewer only after five minutes': (10, [(0, WINDOW_S - SYNC_S), (0, SYNC_S)], [10, 2]),
    'a peak within them keeps the Pods': (
        8, [(0, 150), (2000, SYNC_S), (0, WINDOW_S - SYNC_S), (0, 2 * SYNC_S)], [8, 8, 8, 2]),
    'it settles where the load is half a limit each': (2, [(1500, 600)], [6]),
    'no metrics server, no decision': (5, [(None, 600)], [5]),
    'kubectl scale to 0 switches it off': (0, [(1000, 600)], [0]),
    'below the least is corrected without a measure': (1, [(None, SYNC_S)], [2]),
    'above the most as well': (12, [(None, SYNC_S)], [10]),
}


def wrong(manifest: Manifest) -> set[str]:
    return {what for what, (current, phases, expected) in COURSES.items()
            if course(manifest, current, *phases) != expected}


def but(manifest: Manifest, **fields: Any) -> Manifest:
    return {**manifest, 'spec': {**manifest['spec'], **fields}}


def target(manifest: Manifest, **fields: str) -> Manifest:
    changed = copy.deepcopy(manifest)
    changed['spec']['metrics'][0]['resource']['target'] = {'type': 'AverageValue', **fields}
    return changed


class Rendered(unittest.TestCase):
    manifest: Manifest

    def test_it_decides_as_said(self) -> None:
        self.assertEqual(wrong(self.manifest), set())

    def test_each_mutation_fails_its_cases(self) -> None:
        m = self.manifest
        for mutant, expected in (
                (but(m, minReplicas=1), {'there is a least', 'fewer only after five minutes',
                                         'below the least is corrected without a measure'}),
                (but(m, maxReplicas=9), {'there is a most', 'above the most as well'}),
                (but(m, maxReplicas=11), {'there is a most', 'above the most as well'}),
                (target(m, averageValue='225m'), {'eight per cent more are tolerated'}),
                (target(m, averageValue='280m'), {'twelve are not'}),
                (but(m, behavior={'scaleDown': {'stabilizationWindowSeconds': 60}}),
                 {'fewer only after five minutes', 'a peak within them keeps the Pods'}),
                (but(m, behavior={'scaleUp': {'selectPolicy': 'Disabled'}}),
                 {'there is a most', 'saturated Pods at most double'}),
                (but(m, behavior={'scaleDown': {'selectPolicy': 'Disabled'}}),
                 {'there is a least'})):
            with self.subTest(mutant['spec']):
                self.assertLessEqual(expected, wrong(mutant))

    def test_what_is_not_followed_is_refused(self) -> None:
        m = self.manifest
        for mutant in (
                target(m, type='Utilization', averageUtilization='50'),
                but(m, metrics=[{'type': 'External', 'external': {}}]),
                but(m, behaviour={}),
                but(m, behavior={'scaleUp': {'tolerance': '0.05'}})):
            with self.subTest(mutant['spec']), self.assertRaises(NotKnown):
                Autoscaler(mutant, 0, 2)

    def test_two_measures(self) -> None:
        """The larger proposal counts; while one is not served, no Pod is removed."""
        two = copy.deepcopy(self.manifest)
        two['spec']['metrics'].append({'type': 'Pods', 'pods': {
            'metric': {'name': 'loopmeter_connections'},
            'target': {'type': 'AverageValue', 'averageValue': '100'}}})
        waiting, idle = used(*[300_000] * 3), used(*[IDLE] * 3)
        self.assertEqual(Autoscaler(two, 0, 3).step(
            15, 3, {'cpu': idle, 'loopmeter_connections': waiting}), 6)  # 9, but at most doubled
        self.assertEqual(Autoscaler(two, 0, 3).step(15, 3, {'cpu': used(500, 500, 500)}), 6)
        self.assertEqual(Autoscaler(two, 0, 3).step(2 * WINDOW_S, 3, {'cpu': idle}), 3)
        self.assertEqual(Autoscaler(self.manifest, 0, 3).step(2 * WINDOW_S, 3, {'cpu': idle}), 2)


class Formula(unittest.TestCase):
    def test_recommended(self) -> None:
        young = [Reading(900, ready=False)]
        for what, current, pods, expected in (
                ('twice the target', 2, used(200, 200), 4),
                ('half the target', 4, used(50, 50, 50, 50), 2),
                ('rounded up', 3, used(120, 120, 120), 4),
                ('within the tolerance', 3, used(109, 109, 109), 3),
                ('and beyond', 3, used(111, 111, 111), 4),
                ('the mean counts', 2, used(0, 400), 4),
                ('one unknown is idle where more are wanted', 2, used(200, None), 2),
                ('and on target where fewer are', 4, used(20, 20, 20, None), 2),
                ('it may not turn the way', 3, used(150, None, None), 3),
                ('nor add up to more', 2, used(10, None, None, None), 2),
                ('the mean is whole', 2, used(200, 201), 4),
                ('a young Pod is idle where more are wanted', 3, [*used(150), *young, *young], 3),
                ('and does not count where fewer are', 3, [*used(95, 95), *young], 3),
                ('nothing is known', 2, used(None, None), None),
                ('nobody is ready', 1, young, None)):
            with self.subTest(what):
                self.assertEqual(recommended(current, 100, pods), expected)


class Behavior(unittest.TestCase):
    manifest: Manifest

    def course(self, behavior: Manifest, current: int, *phases: tuple[int, int]) -> list[int]:
        return course(but(self.manifest, behavior=behavior), current, *phases)

    def test_one_pod_a_minute_down(self) -> None:
        slowly = {'scaleDown': {'stabilizationWindowSeconds': 0, 'policies': [
            {'type': 'Pods', 'value': 1, 'periodSeconds': 60}]}}
        self.assertEqual(self.course(slowly, 10, *[(0, SYNC_S)] * 6), [9, 9, 9, 9, 8, 8])

    def test_the_policy_that_is_selected(self) -> None:
        policies = [{'type': 'Pods', 'value': 1, 'periodSeconds': 60},
                    {'type': 'Percent', 'value': 50, 'periodSeconds': 60}]
        for select, up, down in (('Max', 8, 4), ('Min', 6, 7), ('Disabled', 5, 8)):
            rules = {'policies': policies, 'selectPolicy': select, 'stabilizationWindowSeconds': 0}
            both = {'scaleUp': rules, 'scaleDown': rules}
            with self.subTest(select):
                self.assertEqual(self.course(both, 5, (1_000_000, SYNC_S)), [up])
                self.assertEqual(self.course(both, 8, (0, SYNC_S)), [down])

    def test_a_window_for_more(self) -> None:
        patient = {'scaleUp': {'stabilizationWindowSeconds': 60}}
        self.assertEqual(self.course(patient, 2, (1000, 45), (1000, 30)), [2, 4])

    def test_the_limit_that_is_not_said(self) -> None:
        """Without `behavior` to four or double, with an empty one by four or to double."""
        wide = but(self.manifest, minReplicas=1, maxReplicas=100)
        for manifest, bounds in ((wide, (4, 4, 40)), (but(wide, behavior={}), (5, 6, 40))):
            for current, bound in zip((1, 2, 20), bounds, strict=True):
                self.assertEqual(Autoscaler(manifest, 0, current).step(
                    SYNC_S, current, {'cpu': used(*[5000] * current)}), bound)


if __name__ == '__main__':
    done = rendering.render(*rendering.require_any(), rendering.K8S / 'overlays' / 'production')
    Rendered.manifest, = (each for each in strict_yaml.documents(done.stdout)
                          if each['kind'] == 'HorizontalPodAutoscaler')
    Behavior.manifest = Rendered.manifest
    unittest.main()
