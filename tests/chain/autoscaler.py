# SPDX-License-Identifier: Apache-2.0
"""What a HorizontalPodAutoscaler decides: the controller's algorithm (Kubernetes 1.23 and later,
its flags as they are unless set) for measures that are averages over Pods."""
from __future__ import annotations

import dataclasses
import math
from typing import Any

import limits
from checker import at

TOLERANCE = 0.1  # --horizontal-pod-autoscaler-tolerance
WINDOW_S = 300  # --horizontal-pod-autoscaler-downscale-stabilization
SYNC_S = 15  # --horizontal-pod-autoscaler-sync-period: a decision each

# What the API server fills in where there is a `behavior`.
RULES: dict[str, dict[str, Any]] = {
    'scaleUp': {'stabilizationWindowSeconds': 0, 'selectPolicy': 'Max', 'policies': [
        {'type': 'Pods', 'value': 4, 'periodSeconds': 15},
        {'type': 'Percent', 'value': 100, 'periodSeconds': 15}]},
    'scaleDown': {'stabilizationWindowSeconds': WINDOW_S, 'selectPolicy': 'Max', 'policies': [
        {'type': 'Percent', 'value': 100, 'periodSeconds': 15}]},
}


class NotKnown(ValueError):
    """The manifest has something that is not followed here."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """One Pod. `used` is in thousandths, None where the Pod has no figure; one that is not ready
    yet, or so young that its figure is its start's, is not `ready`."""
    used: int | None
    ready: bool = True


def ratio(used: list[int], target: int) -> float:
    return sum(used) // len(used) / target  # the controller's mean is whole, too


def near(value: float) -> bool:
    """At the very edge the controller's versions round differently."""
    return abs(1 - value) <= TOLERANCE


def recommended(current: int, target: int, pods: list[Reading]) -> int | None:
    """ceil(Pods * mean / target), unless that is close to 1; what is not known must not decide.
    None where nothing is known."""
    known = [pod.used for pod in pods if pod.ready and pod.used is not None]
    young = sum(not pod.ready for pod in pods)
    missing = len(pods) - len(known) - young
    if not known:
        return None
    first = ratio(known, target)
    assumed = known + [target if first < 1 else 0] * missing + [0] * (young if first > 1 else 0)
    second = ratio(assumed, target)
    if near(second) or (first - 1) * (second - 1) < 0:
        return current
    wanted = math.ceil(second * len(assumed))
    if len(assumed) > len(known) and (second - 1) * (wanted - current) < 0:
        return current
    return wanted


def targets(spec: dict[str, Any]) -> dict[str, int]:
    """Measure -> wanted mean in thousandths."""
    found = {}
    for metric in spec['metrics']:
        kind = metric['type'].lower()
        name = at(metric, 'resource.name') or at(metric, 'pods.metric.name')
        target = at(metric, f'{kind}.target') or {}
        if kind not in ('resource', 'pods') or target.get('type') != 'AverageValue':
            raise NotKnown(f'the measure {metric}')
        found[name] = round(limits.quantity(str(target['averageValue'])) * 1000)
    return found


class Autoscaler:
    """step() is one sync of the controller; what it must remember between them is here."""

    def __init__(self, manifest: dict[str, Any], now: float, current: int) -> None:
        spec = manifest['spec']
        if more := set(spec) - {'scaleTargetRef', 'minReplicas', 'maxReplicas', 'metrics',
                                'behavior'}:
            raise NotKnown(f'the fields {sorted(more)}')
        self._least, self._most = spec.get('minReplicas', 1), spec['maxReplicas']
        self._targets = targets(spec)
        self._behaves = 'behavior' in spec
        self._rules = {way: {**rules, **at(spec, f'behavior.{way}')} if at(
            spec, f'behavior.{way}') else rules for way, rules in RULES.items()}
        for way, rules in self._rules.items():
            if more := set(rules) - set(RULES[way]):
                raise NotKnown(f'the fields {sorted(more)} of {way}')
        self._recommendations = [(now, current)]
        self._changes: dict[str, list[tuple[float, int]]] = {way: [] for way in RULES}

    def step(self, now: float, current: int, readings: dict[str, list[Reading]]) -> int:
        """How many Pods there are to be. `readings` lacks a measure that nobody serves."""
        if current == 0 and self._least > 0:
            return 0  # switched off by hand
        if not self._least <= current <= self._most:
            wanted = min(max(current, self._least), self._most)
        elif (proposed := self._proposed(current, readings)) is None:
            return current
        else:
            wanted = self._limited(now, current, self._stable(now, current, proposed))
        way = 'scaleUp' if wanted > current else 'scaleDown'
        if wanted != current:
            self._changes[way].append((now, abs(wanted - current)))
        return wanted

    def _proposed(self, current: int, readings: dict[str, list[Reading]]) -> int | None:
        """The largest of all measures'; one that is not known keeps Pods from being removed."""
        found = [recommended(current, target, readings.get(name, []))
                 for name, target in self._targets.items()]
        known = [each for each in found if each is not None]
        if not known or (len(known) < len(found) and max(known) < current):
            return None
        return max(known)

    def _stable(self, now: float, current: int, proposed: int) -> int:
        """Within each way's window: up by the least, down by the most that was recommended."""
        def of(way: str) -> list[int]:
            begin = now - self._rules[way]['stabilizationWindowSeconds']
            return [proposed, *(each for when, each in self._recommendations if when > begin)]
        up, down = min(of('scaleUp')), max(of('scaleDown'))
        self._recommendations.append((now, proposed))
        return min(max(current, up), down)

    def _limited(self, now: float, current: int, wanted: int) -> int:
        wanted = min(max(wanted, self._least), self._most)
        if wanted > current:
            # A limit below what is there means that the period's changes are used up.
            most = self._bound(now, current, 'scaleUp') if self._behaves else max(2 * current, 4)
            return min(wanted, max(most, current))
        if self._behaves:
            return max(wanted, min(self._bound(now, current, 'scaleDown'), current))
        return wanted

    def _bound(self, now: float, current: int, way: str) -> int:
        rules, sign = self._rules[way], 1 if way == 'scaleUp' else -1
        if rules['selectPolicy'] == 'Disabled':
            return current
        bounds = []
        for policy in rules['policies']:
            changed = sum(self._change(way, now - policy['periodSeconds']) * of for way, of in
                          (('scaleUp', 1), ('scaleDown', -1)))
            begin = current - changed
            if policy['type'] == 'Pods':
                bounds.append(begin + sign * policy['value'])
            else:
                share = begin * (100 + sign * policy['value']) / 100
                bounds.append(math.ceil(share) if sign > 0 else int(share))
        furthest = (rules['selectPolicy'] == 'Max') == (sign > 0)
        return max(bounds) if furthest else min(bounds)

    def _change(self, way: str, since: float) -> int:
        return sum(count for when, count in self._changes[way] if when > since)
