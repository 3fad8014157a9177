# SPDX-License-Identifier: Apache-2.0
"""Demands on what the component loopcheck adds, and for each a change that breaks it."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pod  # noqa: F401  registers the demands that are taken over
from checker import DEMANDS, Rendering, at, demand, expect, is_loopcheck, matches
from mutations import NotHere
from rendering import SOURCE_ROOT

NAME, NAMESPACE, PORT = 'loopcheck', 'monitoring', 9808
KINDS = {'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Service', 'Deployment',
         'ServiceMonitor'}
TABLE = SOURCE_ROOT / 'src' / 'loopcheck' / 'sources' / 'resources.cpp'
ROW = re.compile(r'resource_row\{\s*"\w+",\s*("[^"]+"|\w+),\s*"(\w+)"')
GROUP = re.compile(r'constexpr std::string_view (\w+) = "(/apis?/[^"]+)";')
OF_EVERY_POD = ('psa.', 'pod.user', 'pod.seccomp', 'pod.capabilities', 'pod.read-only-root',
                'pod.no-service-links', 'pod.termination-message', 'pod.ephemeral-storage')

Findings = Iterator[tuple[dict, str]]


def of(rendering: Rendering, kind: str) -> list[dict]:
    return [each for each in rendering.loopcheck if each['kind'] == kind]


def read_by_a_check() -> set[tuple[str, str]]:
    """(API group, resource) of each row of the program's own table."""
    text = TABLE.read_text(encoding='utf-8')
    paths = dict(GROUP.findall(text))
    made = set()
    for group, resource in ROW.findall(text):
        path = paths[group] if group in paths else group.strip('"')
        made.add(('' if path == '/api/v1' else path.split('/')[2], resource))
    return made


@demand('loopcheck.whole')
def whole(rendering: Rendering) -> Findings:
    found = sorted(each['kind'] for each in rendering.loopcheck)
    if found and found != sorted(KINDS):
        yield {'kind': NAME}, f'there are {found}, must be {sorted(KINDS)}'


@demand('loopcheck.name')
def name(rendering: Rendering) -> Findings:
    for each in rendering.loopcheck:
        space = None if each['kind'].startswith('Cluster') else NAMESPACE
        for message in (*expect(each, 'metadata.name', NAME),
                        *expect(each, 'metadata.namespace', space)):
            yield each, message


@demand('loopcheck.restricted')
def restricted(rendering: Rendering) -> Findings:
    """What is asked of the application's Pods."""
    its = Rendering([])
    its.objects = rendering.loopcheck
    for identity, each in DEMANDS.items():
        if identity.startswith(OF_EVERY_POD):
            yield from each.judge(its)


@demand('loopcheck.resources')
def resources(rendering: Rendering) -> Findings:
    for each in of(rendering, 'Deployment'):
        for path in ('requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'):
            if not at(each, f'spec.template.spec.containers.0.resources.{path}'):
                yield each, f'has no {path}'


@demand('loopcheck.command')
def command(rendering: Rendering) -> Findings:
    for each in of(rendering, 'Deployment'):
        container = at(each, 'spec.template.spec.containers.0')
        for message in (*expect(each, 'spec.replicas', 1), *expect(container, 'args', ['serve']),
                        *expect(container, 'readinessProbe.httpGet.path', '/readyz'),
                        *expect(container, 'readinessProbe.httpGet.port', 'metrics'),
                        *expect(container, 'livenessProbe.httpGet.path', '/livez'),
                        *expect(container, 'livenessProbe.httpGet.port', 'metrics')):
            yield each, message
        if not re.fullmatch(r'([^/]+/)*loopcheck:(?!latest$)[\w.-]+', container.get('image', '')):
            yield each, f'image is {container.get("image")!r}, must be loopcheck with a tag'


@demand('loopcheck.token')
def token(rendering: Rendering) -> Findings:
    for each in of(rendering, 'Deployment'):
        for message in (*expect(each, 'spec.template.spec.automountServiceAccountToken', True),
                        *expect(each, 'spec.template.spec.serviceAccountName', NAME)):
            yield each, message


@demand('loopcheck.rights')
def rights(rendering: Rendering) -> Findings:
    """Reading what the table says, asking Prometheus, and nothing else."""
    wanted = {(*each, verb) for each in read_by_a_check() for verb in ('get', 'list')}
    wanted.add(('', 'pods/proxy', 'get'))
    for each in of(rendering, 'ClusterRole'):
        given = {(group, resource, verb) for rule in each['rules'] for group in rule['apiGroups']
                 for resource in rule['resources'] for verb in rule['verbs']}
        if given != wanted:
            yield each, f'missing: {sorted(wanted - given)}, too much: {sorted(given - wanted)}'


@demand('loopcheck.binding')
def binding(rendering: Rendering) -> Findings:
    for each in of(rendering, 'ClusterRoleBinding'):
        for message in (
                *expect(each, 'roleRef.kind', 'ClusterRole'), *expect(each, 'roleRef.name', NAME),
                *expect(each, 'subjects', [
                    {'kind': 'ServiceAccount', 'name': NAME, 'namespace': NAMESPACE}])):
            yield each, message


@demand('loopcheck.scraped')
def scraped(rendering: Rendering) -> Findings:
    """Its own chain: monitor, Service, Pod."""
    for monitor in of(rendering, 'ServiceMonitor'):
        for message in (*expect(monitor, 'metadata.labels.release', 'prometheus'),
                        *expect(monitor, 'spec.namespaceSelector', {'matchNames': [NAMESPACE]}),
                        *expect(monitor, 'spec.endpoints.0.port', 'metrics'),
                        *expect(monitor, 'spec.endpoints.0.honorLabels', True)):
            yield monitor, message
        for service in of(rendering, 'Service'):
            if not matches(monitor['spec']['selector'], service['metadata']['labels']):
                yield monitor, 'does not select the Service'
    for service in of(rendering, 'Service'):
        for message in (*expect(service, 'spec.ports.0.name', 'metrics'),
                        *expect(service, 'spec.ports.0.targetPort', 'metrics')):
            yield service, message
        for deployment in of(rendering, 'Deployment'):
            template = deployment['spec']['template']
            labels = template['metadata']['labels']
            for selector in ({'matchLabels': service['spec']['selector']},
                             deployment['spec']['selector']):
                if not matches(selector, labels):
                    yield service, f'{selector} does not select the Pods {labels}'
            for message in (*expect(template, 'spec.containers.0.ports.0.name', 'metrics'),
                            *expect(template, 'spec.containers.0.ports.0.containerPort', PORT)):
                yield deployment, message


def put(kind: str, path: str, held: object) -> Callable[[list], None]:
    def mutate(objects: list) -> None:
        for each in objects:
            if is_loopcheck(each) and each['kind'] == kind:
                *way, last = [int(key) if key.isdigit() else key for key in path.split('.')]
                for key in way:
                    each = each[key]
                each[last] = held
                return
        raise NotHere(kind)
    return mutate


def without(kind: str) -> Callable[[list], None]:
    def mutate(objects: list) -> None:
        left = [each for each in objects if not (is_loopcheck(each) and each['kind'] == kind)]
        if left == objects:
            raise NotHere(kind)
        objects[:] = left
    return mutate


POD, CONTAINER = 'spec.template.spec', 'spec.template.spec.containers.0'
MUTATIONS = {
    'loopcheck.whole': [without(each) for each in sorted(KINDS)],
    'loopcheck.name': [put('Deployment', 'metadata.name', 'lc'),
                       put('ServiceMonitor', 'metadata.namespace', 'demo')],
    'loopcheck.restricted': [
        put('Deployment', f'{CONTAINER}.securityContext.readOnlyRootFilesystem', False),
        put('Deployment', f'{CONTAINER}.securityContext.privileged', True),
        put('Deployment', f'{CONTAINER}.securityContext.capabilities', {}),
        put('Deployment', f'{POD}.hostNetwork', True),
        put('Deployment', f'{POD}.securityContext.runAsNonRoot', False)],
    'loopcheck.resources': [
        put('Deployment', f'{CONTAINER}.resources.limits', {'ephemeral-storage': '128Mi'})],
    'loopcheck.command': [
        put('Deployment', 'spec.replicas', 2), put('Deployment', f'{CONTAINER}.args', []),
        put('Deployment', f'{CONTAINER}.image', 'loopcheck:latest'),
        put('Deployment', f'{CONTAINER}.readinessProbe.httpGet.path', '/livez'),
        put('Deployment', f'{CONTAINER}.livenessProbe.httpGet.path', '/readyz')],
    'loopcheck.token': [put('Deployment', f'{POD}.automountServiceAccountToken', False),
                        put('Deployment', f'{POD}.serviceAccountName', 'default')],
    'loopcheck.rights': [put('ClusterRole', 'rules.0.verbs', ['get', 'list', 'watch']),
                         put('ClusterRole', 'rules.0.resources', ['pods', 'secrets']),
                         put('ClusterRole', 'rules.6.resources', ['servicemonitors']),
                         put('ClusterRole', 'rules.8.verbs', ['get', 'create'])],
    'loopcheck.binding': [put('ClusterRoleBinding', 'roleRef.name', 'cluster-admin'),
                          put('ClusterRoleBinding', 'subjects.0.namespace', 'demo')],
    'loopcheck.scraped': [
        put('ServiceMonitor', 'metadata.labels.release', 'other'),
        put('ServiceMonitor', 'spec.endpoints.0.port', 'http'),
        put('ServiceMonitor', 'spec.endpoints.0.honorLabels', False),
        put('ServiceMonitor', 'spec.selector.matchLabels.app', 'demo-cpp'),
        put('Service', 'spec.selector.app', 'demo-cpp'),
        put('Service', 'spec.ports.0.targetPort', 'http'),
        put('Deployment', f'{CONTAINER}.ports.0.name', 'http')],
}
