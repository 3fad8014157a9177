# SPDX-License-Identifier: Apache-2.0
"""Demands on names, labels, ports and monitors: what scripts, dashboards and people rely on, and
that the chain from Pod to monitor holds together."""

import re

from checker import at, demand, expect, matches

APP = 'demo-cpp'
NAMESPACE = 'demo'
APP_KINDS = ('ServiceAccount', 'Service', 'Deployment', 'PodDisruptionBudget')
VERSION = 'app.kubernetes.io/version'
LABEL_SET = {
    'app.kubernetes.io/name': APP,
    'app.kubernetes.io/instance': APP,
    'app.kubernetes.io/component': 'server',
    'app.kubernetes.io/part-of': 'loopmeter',
    'app.kubernetes.io/managed-by': 'kustomize',
}
REPLICAS = 2
PORT = 8080
INTERVAL_S = 15
# Floors for what a guard rail may refuse: it has to stay far above what the service exposes.
GUARD_RAILS = {
    'sampleLimit': 10_000,
    'labelLimit': 30,
    'labelNameLengthLimit': 64,
    'labelValueLengthLimit': 253,
}


# --- the objects

@demand('objects.once')
def objects_once(rendering):
    for kind in ('Namespace', *APP_KINDS):
        found = rendering.kind(kind)
        if len(found) != 1:
            yield {'kind': kind}, f'there are {len(found)}, must be 1'


@demand('monitor.one')
def monitor_one(rendering):
    found = rendering.monitors
    if len(found) != 1:
        yield {'kind': 'ServiceMonitor or PodMonitor'}, (
            f'there are {len(found)}, must be 1: with both, every series comes twice')


@demand('namespace.name')
def namespace_name(rendering):
    for each in rendering.kind('Namespace'):
        for message in expect(each, 'metadata.name', NAMESPACE):
            yield each, message


@demand('namespace.restricted')
def namespace_restricted(rendering):
    for each in rendering.kind('Namespace'):
        for mode, version in (('enforce', 'v1.34'), ('audit', 'latest'), ('warn', 'latest')):
            label = f'metadata.labels.[pod-security.kubernetes.io/{mode}]'
            for message in (*expect(each, label, 'restricted'),
                            *expect(each, label.replace(']', '-version]'), version)):
                yield each, message


@demand('app.name')
def app_name(rendering):
    for each in rendering.kind(*APP_KINDS):
        for message in expect(each, 'metadata.name', APP):
            yield each, message


@demand('app.namespace')
def app_namespace(rendering):
    for each in rendering.kind(*APP_KINDS):
        for message in expect(each, 'metadata.namespace', NAMESPACE):
            yield each, message


def labelled(rendering):
    """Everything that must carry the application's labels: (object, the thing with metadata)."""
    for each in rendering.kind('Namespace', *APP_KINDS):
        yield each, each
    yield from rendering.templates


@demand('app.label')
def app_label(rendering):
    for each, thing in labelled(rendering):
        for message in expect(thing, 'metadata.labels.app', APP):
            yield each, message


@demand('app.label-set')
def app_label_set(rendering):
    for each, thing in labelled(rendering):
        for label, value in LABEL_SET.items():
            for message in expect(thing, f'metadata.labels.[{label}]', value):
                yield each, message


@demand('selector.no-version')
def selector_no_version(rendering):
    for each, selector in rendering.selectors:
        keys = [*(at(selector, 'matchLabels') or {}),
                *(item.get('key') for item in at(selector, 'matchExpressions') or [])]
        if VERSION in keys:
            yield each, f'a selector contains {VERSION}, which changes with each release'


# --- Deployment and Service

@demand('deployment.replicas')
def deployment_replicas(rendering):
    """With an autoscaler it must not say: each apply would reset what that has chosen."""
    wanted = None if rendering.kind('HorizontalPodAutoscaler') else REPLICAS
    for each in rendering.kind('Deployment'):
        for message in expect(each, 'spec.replicas', wanted):
            yield each, message


@demand('container.name')
def container_name(rendering):
    for each, pod in rendering.pods:
        names = [container.get('name') for container in pod.get('containers') or []]
        if names != [APP]:
            yield each, f'the containers are {names}, must be {[APP]}'


@demand('container.image')
def container_image(rendering):
    for each, container in rendering.containers:
        image = container.get('image') or ''
        if not re.fullmatch(r'([^/]+/)*demo-cpp:(?!latest$)[\w.-]+', image):
            yield each, f'image is {image!r}, must be demo-cpp with a tag that is not latest'


@demand('app.version', rests_on=['container.image'])
def app_version(rendering):
    """The version label says what runs: the image's tag."""
    for _, container in rendering.containers:
        tag = (container.get('image') or '').rpartition(':')[2]
        for each, thing in labelled(rendering):
            for message in expect(thing, f'metadata.labels.[{VERSION}]', tag):
                yield each, message


@demand('container.pull-policy')
def container_pull_policy(rendering):
    for each, container in rendering.containers:
        for message in expect(container, 'imagePullPolicy', 'IfNotPresent'):
            yield each, message


@demand('container.port')
def container_port(rendering):
    admin = rendering.admin_port
    wanted = [('http', PORT), *([('admin', admin)] if admin else [])]
    for each, container in rendering.containers:
        ports = [(port.get('name'), port.get('containerPort'))
                 for port in container.get('ports') or []]
        if ports != wanted:
            yield each, f'the container ports are {ports}, must be {wanted}'


@demand('container.requests')
def container_requests(rendering):
    for each, container in rendering.containers:
        for message in (*expect(container, 'resources.requests.cpu', '50m'),
                        *expect(container, 'resources.requests.memory', '64Mi')):
            yield each, message


@demand('container.limits')
def container_limits(rendering):
    for each, container in rendering.containers:
        for message in (*expect(container, 'resources.limits.cpu', '500m'),
                        *expect(container, 'resources.limits.memory', '256Mi')):
            yield each, message


@demand('service.port')
def service_port(rendering):
    """`metrics` leads to the metrics, whichever port they have."""
    admin, wanted = rendering.admin_port, [('metrics', PORT, 'http')]
    if admin:
        wanted = [('http', PORT, 'http'), ('metrics', admin, 'admin')]
    for each in rendering.kind('Service'):
        ports = [(port.get('name'), port.get('port'), port.get('targetPort'))
                 for port in at(each, 'spec.ports') or []]
        if ports != wanted:
            yield each, f'the ports are {ports}, must be {wanted}'


# --- the monitors

@demand('monitor.name')
def monitor_name(rendering):
    """With the namespace it makes the job's name: serviceMonitor/monitoring/demo-cpp/0."""
    for each in rendering.monitors:
        for message in expect(each, 'metadata.name', APP):
            yield each, message


@demand('monitor.namespace')
def monitor_namespace(rendering):
    for each in rendering.monitors:
        for message in expect(each, 'metadata.namespace', 'monitoring'):
            yield each, message


@demand('monitor.release')
def monitor_release(rendering):
    for each in rendering.monitors:
        for message in expect(each, 'metadata.labels.release', 'prometheus'):
            yield each, message


@demand('monitor.app-label')
def monitor_app_label(rendering):
    for each in rendering.monitors:
        for message in expect(each, 'metadata.labels.app', APP):
            yield each, message


@demand('monitor.namespace-selector')
def monitor_namespace_selector(rendering):
    for each in rendering.monitors:
        for message in expect(each, 'spec.namespaceSelector', {'matchNames': [NAMESPACE]}):
            yield each, message


@demand('monitor.one-endpoint')
def monitor_one_endpoint(rendering):
    for each in rendering.monitors:
        count = sum(monitor is each for monitor, _ in rendering.endpoints)
        if count != 1:
            yield each, f'there are {count} endpoints, must be 1'


@demand('monitor.port')
def monitor_port(rendering):
    names = {'ServiceMonitor': 'metrics', 'PodMonitor': 'admin' if rendering.admin_port else 'http'}
    for each, endpoint in rendering.endpoints:
        for message in expect(endpoint, 'port', names[each['kind']]):
            yield each, message


@demand('monitor.no-other-port')
def monitor_no_other_port(rendering):
    """`port` wins over these, `targetPort` of a PodMonitor is deprecated: they only mislead."""
    for each, endpoint in rendering.endpoints:
        for field in ('targetPort', 'portNumber'):
            if field in endpoint:
                yield each, f'{field} is given beside port'


@demand('monitor.path')
def monitor_path(rendering):
    for each, endpoint in rendering.endpoints:
        for message in expect(endpoint, 'path', '/metrics'):
            yield each, message


@demand('monitor.interval')
def monitor_interval(rendering):
    for each, endpoint in rendering.endpoints:
        for message in expect(endpoint, 'interval', f'{INTERVAL_S}s'):
            yield each, message


@demand('monitor.timeout')
def monitor_timeout(rendering):
    """The operator rejects a monitor whose scrapes may last longer than their interval."""
    for each, endpoint in rendering.endpoints:
        timeout = endpoint.get('scrapeTimeout', '10s')
        seconds = re.fullmatch(r'(\d+)s', timeout)
        if not seconds or not 0 < int(seconds[1]) <= INTERVAL_S:
            yield each, f'scrapeTimeout is {timeout!r}, must be 1s to {INTERVAL_S}s'


@demand('monitor.guard-rails')
def monitor_guard_rails(rendering):
    for each in rendering.monitors:
        for field, least in GUARD_RAILS.items():
            limit = at(each, f'spec.{field}')
            if not isinstance(limit, int) or limit < least:
                yield each, f'spec.{field} is {limit!r}, must be {least} or more'
        size = re.fullmatch(r'(\d+)MB', str(at(each, 'spec.bodySizeLimit')))
        if not size or int(size[1]) < 8:
            yield each, f'spec.bodySizeLimit is {at(each, "spec.bodySizeLimit")!r}, must be >= 8MB'


@demand('monitor.no-target-limit')
def monitor_no_target_limit(rendering):
    for each in rendering.monitors:
        if at(each, 'spec.targetLimit') is not None:
            yield each, 'spec.targetLimit fails every target as soon as there is one too many'


# --- the chain

def selects_pods(rendering, each, selector):
    for _, template in rendering.templates:
        labels = at(template, 'metadata.labels')
        if not matches(selector, labels):
            yield each, f'the selector {selector} does not match the Pod labels {labels}'


@demand('chain.deployment-selects-pods', rests_on=['app.label'])
def chain_deployment(rendering):
    for each in rendering.kind('Deployment'):
        yield from selects_pods(rendering, each, at(each, 'spec.selector'))


@demand('chain.service-selects-pods', rests_on=['app.label', 'app.namespace'])
def chain_service(rendering):
    for each in rendering.kind('Service'):
        yield from selects_pods(rendering, each, {'matchLabels': at(each, 'spec.selector')})


@demand('chain.budget-selects-pods', rests_on=['app.label', 'app.namespace'])
def chain_budget(rendering):
    for each in rendering.kind('PodDisruptionBudget'):
        yield from selects_pods(rendering, each, at(each, 'spec.selector'))


@demand('chain.spread-selects-pods', rests_on=['app.label'])
def chain_spread(rendering):
    for each, pod in rendering.pods:
        for spread in pod.get('topologySpreadConstraints') or []:
            yield from selects_pods(rendering, each, spread.get('labelSelector'))


@demand('chain.monitor-selects', rests_on=['app.label', 'app.namespace', 'namespace.name',
                                           'monitor.namespace-selector'])
def chain_monitor(rendering):
    """A ServiceMonitor selects by the Service's own labels, a PodMonitor by the Pods'."""
    for each in rendering.monitors:
        selector = at(each, 'spec.selector')
        if each['kind'] == 'PodMonitor':
            yield from selects_pods(rendering, each, selector)
            continue
        for service in rendering.kind('Service'):
            labels = at(service, 'metadata.labels')
            if not matches(selector, labels):
                yield each, f'the selector {selector} does not match the Service labels {labels}'


def container_ports(container, name):
    """A port's name stands for a number together with a protocol; scrapes are TCP."""
    return [port.get('containerPort') for port in container.get('ports') or []
            if port.get('name') == name and port.get('protocol', 'TCP') == 'TCP']


@demand('chain.port', rests_on=['objects.once', 'service.port', 'container.port', 'monitor.port'])
def chain_port(rendering):
    """Each port name, followed to its end, means the container port where the metrics are."""
    wanted = rendering.admin_port or PORT
    for each, endpoint in rendering.endpoints:
        names = [endpoint.get('port')]
        if each['kind'] == 'ServiceMonitor':
            names = [port.get('targetPort') for service in rendering.kind('Service')
                     for port in at(service, 'spec.ports') or []
                     if port.get('name') == endpoint.get('port')
                     and port.get('protocol', 'TCP') == 'TCP']
        numbers = [number for _, container in rendering.containers
                   for name in names for number in container_ports(container, name)]
        if numbers != [wanted]:
            yield each, f'port {endpoint.get("port")!r} leads to {numbers}, must lead to {wanted}'
