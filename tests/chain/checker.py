# SPDX-License-Identifier: Apache-2.0
"""What every demand on the rendered manifests is made of: a pure function over the objects, with
an id. The demands themselves stand in contract.py, pod.py and pod_security.py."""

import dataclasses
import re

MONITOR_ENDPOINTS = {'ServiceMonitor': 'endpoints', 'PodMonitor': 'podMetricsEndpoints'}


@dataclasses.dataclass(frozen=True)
class Finding:
    demand: str
    where: str  # Kind/namespace/name
    message: str


@dataclasses.dataclass(frozen=True)
class Demand:
    identity: str
    judge: object  # Rendering -> iterable of (object, message)
    rests_on: tuple  # demands without which this one cannot be judged


DEMANDS = {}


def demand(identity, rests_on=()):
    """Registers a judge. One that rests on broken demands keeps silent: one fault, one name."""
    def register(judge):
        assert identity not in DEMANDS, identity
        assert all(each in DEMANDS for each in rests_on), (identity, rests_on)
        DEMANDS[identity] = Demand(identity, judge, tuple(rests_on))
        return judge
    return register


def keys(path):
    """'spec.ports.0.name' or 'metadata.labels.[app.kubernetes.io/name]' as a list of keys."""
    return [bracketed or plain for bracketed, plain in re.findall(r'\[([^]]+)\]|([^.[\]]+)', path)]


def at(thing, path):
    """The value at the path, None where there is none."""
    for key in keys(path):
        if isinstance(thing, list) and key.isdigit() and int(key) < len(thing):
            thing = thing[int(key)]
        elif isinstance(thing, dict):
            thing = thing.get(key)
        else:
            return None
    return thing


def expect(thing, path, value):
    """A message where the path holds anything but the value, in type too (1 is not true)."""
    found = at(thing, path)
    if type(found) is not type(value) or found != value:
        yield f'{path} is {found!r}, must be {value!r}'


def identity(thing):
    metadata = thing.get('metadata') or {}
    return '/'.join(filter(None, (
        thing.get('kind'), metadata.get('namespace'), metadata.get('name'))))


def matches(selector, labels):
    """Whether a Kubernetes label selector ({matchLabels, matchExpressions}) selects the labels.
    A nil or empty one, which selects everything or nothing, counts as a mistake: False."""
    pairs = at(selector, 'matchLabels') or {}
    expressions = at(selector, 'matchExpressions') or []
    if not pairs and not expressions:
        return False
    labels = labels or {}
    holds = {
        'In': lambda key, values: labels.get(key) in values,
        'NotIn': lambda key, values: labels.get(key) not in values,
        'Exists': lambda key, _: key in labels,
        'DoesNotExist': lambda key, _: key not in labels,
    }
    return all(labels.get(key) == value for key, value in pairs.items()) and all(
        holds[each['operator']](each['key'], each.get('values') or []) for each in expressions)


def is_loopcheck(thing):
    return at(thing, 'metadata.labels.app') == 'loopcheck'


class Rendering:
    """The objects, and the ways in which demands look at them: at those of the application. What
    the component loopcheck adds is another program, and has demands of its own."""

    def __init__(self, objects):
        self.objects = [each for each in objects if not is_loopcheck(each)]
        self.loopcheck = [each for each in objects if is_loopcheck(each)]

    def kind(self, *kinds):
        return [each for each in self.objects if each.get('kind') in kinds]

    @property
    def monitors(self):
        return self.kind(*MONITOR_ENDPOINTS)

    @property
    def endpoints(self):
        """(monitor, endpoint) pairs."""
        for monitor in self.monitors:
            for each in at(monitor, 'spec.' + MONITOR_ENDPOINTS[monitor['kind']]) or []:
                yield monitor, each

    @property
    def templates(self):
        """(deployment, Pod template) pairs."""
        for deployment in self.kind('Deployment'):
            yield deployment, at(deployment, 'spec.template') or {}

    @property
    def pods(self):
        """(deployment, Pod spec) pairs."""
        for deployment, template in self.templates:
            yield deployment, template.get('spec') or {}

    @property
    def containers(self):
        """(deployment, container) pairs of those that serve."""
        for deployment, pod in self.pods:
            for container in pod.get('containers') or []:
                yield deployment, container

    @property
    def all_containers(self):
        """(deployment, container) pairs, the ones that Pod Security looks at."""
        for deployment, pod in self.pods:
            for group in ('initContainers', 'containers', 'ephemeralContainers'):
                for container in pod.get(group) or []:
                    yield deployment, container

    @property
    def flags(self):
        """What the containers that serve are started with: flag -> value."""
        return dict(argument.split('=', 1) if '=' in argument else (argument, '')
                    for _, container in self.containers for argument in container.get('args') or [])

    @property
    def admin_port(self):
        """The port of metrics and probes where they have one of their own, else None."""
        port = self.flags.get('--web.admin-listen-address', '').rpartition(':')[2]
        return int(port) if port.isdigit() else None

    @property
    def tls(self):
        return '--web.config.file' in self.flags

    @property
    def selectors(self):
        """(object, selector) pairs: everything that selects Pods or Services by label."""
        for service in self.kind('Service'):
            yield service, {'matchLabels': at(service, 'spec.selector')}
        for each in self.kind('Deployment', 'PodDisruptionBudget', *MONITOR_ENDPOINTS):
            yield each, at(each, 'spec.selector')
        for policy in self.kind('NetworkPolicy'):
            yield policy, at(policy, 'spec.podSelector')
        for deployment, pod in self.pods:
            for spread in pod.get('topologySpreadConstraints') or []:
                yield deployment, spread.get('labelSelector')


def check(objects):
    """All findings, in the order of the demands."""
    rendering, findings, broken = Rendering(objects), [], set()
    for each in DEMANDS.values():
        if broken.intersection(each.rests_on):
            broken.add(each.identity)
            continue
        for thing, message in each.judge(rendering):
            findings.append(Finding(each.identity, identity(thing), message))
            broken.add(each.identity)
    return findings
