# SPDX-License-Identifier: Apache-2.0
"""Demands on what the optional components add. Each keeps silent where its component is not taken;
which overlay takes which is said by overlays_test.py."""
from __future__ import annotations

import math
import re
from collections.abc import Iterator

import contract
import limits
from checker import Rendering, at, demand, expect, matches
from network_policy import Network, Outside, Party, Pod

OWN_KINDS = ('HorizontalPodAutoscaler', 'NetworkPolicy', 'Role', 'RoleBinding')
READ = {'get', 'list', 'watch'}
# What service discovery reads, by its role: (API group, resource).
RIGHTS = {
    'Endpoints': {('', 'services'), ('', 'endpoints'), ('', 'pods')},
    'EndpointSlice': {('', 'services'), ('discovery.k8s.io', 'endpointslices'), ('', 'pods')},
    'Pod': {('', 'pods')},
}
NATIVE_BUCKETS = 160  # docs/metrics.md: a series with more lowers its resolution itself

Findings = Iterator[tuple[dict, str]]


@demand('component.namespace')
def component_namespace(rendering: Rendering) -> Findings:
    for each in rendering.kind(*OWN_KINDS):
        for message in expect(each, 'metadata.namespace', contract.NAMESPACE):
            yield each, message


@demand('component.label')
def component_label(rendering: Rendering) -> Findings:
    """`kubectl -l app=demo-cpp` shows all that belongs to it."""
    for each in rendering.kind(*OWN_KINDS):
        for message in expect(each, 'metadata.labels.app', contract.APP):
            yield each, message


# --- hpa

@demand('hpa.target', rests_on=['app.name'])
def hpa_target(rendering: Rendering) -> Findings:
    wanted = {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': contract.APP}
    for each in rendering.kind('HorizontalPodAutoscaler'):
        for message in expect(each, 'spec.scaleTargetRef', wanted):
            yield each, message


@demand('hpa.bounds')
def hpa_bounds(rendering: Rendering) -> Findings:
    for each in rendering.kind('HorizontalPodAutoscaler'):
        for message in expect(each, 'spec.minReplicas', contract.REPLICAS):
            yield each, message
        most = at(each, 'spec.maxReplicas')
        if not isinstance(most, int) or most <= contract.REPLICAS:
            yield each, f'spec.maxReplicas is {most!r}, must be more than {contract.REPLICAS}'


@demand('hpa.cpu', rests_on=['container.requests', 'container.limits'])
def hpa_cpu(rendering: Rendering) -> Findings:
    """Below the request it would add Pods that idle, near the limit it would come too late."""
    for each in rendering.kind('HorizontalPodAutoscaler'):
        targets = [at(metric, 'resource.target') for metric in at(each, 'spec.metrics') or []
                   if at(metric, 'resource.name') == 'cpu']
        averages = [target.get('averageValue') for target in targets]
        for _, container in rendering.containers:
            low = limits.quantity(at(container, 'resources.requests.cpu'))
            high = limits.quantity(at(container, 'resources.limits.cpu')) * 0.8
            if len(averages) != 1 or not averages[0] or not (
                    low < limits.quantity(averages[0]) <= high):
                yield each, f'the targets for cpu are {targets}, must be one of {low} to {high}'


# --- network-policy

PROMETHEUS_LABELS = {'app.kubernetes.io/name': 'prometheus'}
RESOLVER = Pod('kube-system', {'k8s-app': 'kube-dns'})
WORLD = Outside('203.0.113.9')


class Scene:
    """The rendered Pods, those who may want something of them, and the policies between."""

    def __init__(self, rendering: Rendering) -> None:
        self.policies = rendering.kind('NetworkPolicy')
        self.network = Network(self.policies, {
            at(each, 'metadata.name'): at(each, 'metadata.labels') or {}
            for each in rendering.kind('Namespace')})
        self.pods = [
            Pod(at(deployment, 'metadata.namespace'), at(template, 'metadata.labels'), tuple(
                port for container in at(template, 'spec.containers')
                for port in container.get('ports') or []), '10.244.0.5')
            for deployment, template in rendering.templates]
        self.scrapers: list[Party] = [
            Pod(at(monitor, 'metadata.namespace'), PROMETHEUS_LABELS, address='10.244.0.9')
            for monitor in rendering.monitors]
        # A neighbour, someone who dresses up as Prometheus, a whole other application, the world.
        self.others: list[Party] = [
            Pod(contract.NAMESPACE, {'app': 'neighbour'}, address='10.244.0.6'),
            Pod('shop', PROMETHEUS_LABELS, address='10.244.0.7'),
            Pod('default', {'app': contract.APP}, address='10.244.0.8'),
            WORLD]

    def judge(self, sources: list[Party], ports: list[int], allowed: bool) -> Findings:
        for policy in self.policies:
            for source in sources:
                for pod in self.pods:
                    for port in ports:
                        if self.network.allows(source, pod, port) != allowed:
                            yield policy, f'{source} {"cannot" if allowed else "can"} reach {port}'


@demand('policy.selects', rests_on=['component.namespace', 'app.label', 'app.namespace'])
def policy_selects(rendering: Rendering) -> Findings:
    for each in rendering.kind('NetworkPolicy'):
        for _, template in rendering.templates:
            selector, labels = at(each, 'spec.podSelector'), at(template, 'metadata.labels')
            if not matches(selector, labels):
                yield each, f'the selector {selector} does not match the Pod labels {labels}'


@demand('policy.application', rests_on=['policy.selects', 'container.port'])
def policy_application(rendering: Rendering) -> Findings:
    scene = Scene(rendering)
    yield from scene.judge(scene.scrapers + scene.others, [contract.PORT], True)


@demand('policy.scrapes', rests_on=['policy.application', 'monitor.namespace'])
def policy_scrapes(rendering: Rendering) -> Findings:
    scene = Scene(rendering)
    yield from scene.judge(scene.scrapers, [rendering.admin_port or contract.PORT], True)


@demand('policy.admin', rests_on=['policy.selects', 'container.port'])
def policy_admin(rendering: Rendering) -> Findings:
    scene = Scene(rendering)
    if rendering.admin_port:
        yield from scene.judge(scene.others, [rendering.admin_port], False)


@demand('policy.closed', rests_on=['policy.application', 'policy.admin'])
def policy_closed(rendering: Rendering) -> Findings:
    """No other port: some usual ones, and the edges of what the policies name."""
    scene = Scene(rendering)
    named = {port for policy in scene.policies for rule in at(policy, 'spec.ingress') or []
             for each in rule.get('ports') or []
             for end in (each.get('port'), each.get('endPort')) if isinstance(end, int)
             for port in (end - 1, end, end + 1)}
    meant = {contract.PORT, rendering.admin_port}
    ports = sorted({22, 80, 443, 8079, 8081, 8082, 9090, *named} - meant)
    yield from scene.judge(scene.scrapers + scene.others, ports, False)


@demand('policy.egress', rests_on=['policy.selects'])
def policy_egress(rendering: Rendering) -> Findings:
    scene = Scene(rendering)
    for policy in scene.policies:
        for pod in scene.pods:
            for target, port, protocol in ((RESOLVER, 53, 'UDP'), (RESOLVER, 53, 'TCP'),
                                           (WORLD, 443, 'TCP'), (WORLD, 53, 'UDP'),
                                           *((each, 80, 'TCP') for each in scene.others)):
                if scene.network.allows(pod, target, port, protocol):
                    yield policy, f'the Pods can reach {target} at {port}/{protocol}'


# --- prometheus-rbac and endpointslice-role

@demand('monitor.discovery-role')
def monitor_discovery_role(rendering: Rendering) -> Findings:
    for each in rendering.monitors:
        if 'serviceDiscoveryRole' not in each['spec']:
            continue
        if each['kind'] == 'PodMonitor':
            yield each, 'a PodMonitor has no serviceDiscoveryRole'
        for message in expect(each, 'spec.serviceDiscoveryRole', 'EndpointSlice'):
            yield each, message


@demand('rbac.rights', rests_on=['monitor.discovery-role'])
def rbac_rights(rendering: Rendering) -> Findings:
    """No less than discovery needs, and nothing but reading."""
    for each in rendering.kind('Role'):
        rules = at(each, 'rules') or []
        readable = {(group, resource) for rule in rules if READ <= set(rule.get('verbs') or [])
                    for group in rule.get('apiGroups') or []
                    for resource in rule.get('resources') or []}
        for monitor in rendering.monitors:
            role = 'Pod' if monitor['kind'] == 'PodMonitor' else at(
                monitor, 'spec.serviceDiscoveryRole') or 'Endpoints'
            if missing := RIGHTS[role] - readable:
                yield each, f'discovery by {role} cannot read {sorted(missing)}'
        if readable - set().union(*RIGHTS.values()) or any(
                set(rule.get('verbs') or []) - READ for rule in rules):
            yield each, f'the rules give more than discovery needs: {rules}'


@demand('rbac.binding', rests_on=['component.namespace', 'monitor.namespace'])
def rbac_binding(rendering: Rendering) -> Findings:
    roles = [at(each, 'metadata.name') for each in rendering.kind('Role')]
    for each in rendering.kind('RoleBinding'):
        reference = at(each, 'roleRef') or {}
        if reference.get('kind') != 'Role' or reference.get('name') not in roles:
            yield each, f'roleRef is {reference}, must be one of the Roles {roles}'
        for monitor in rendering.monitors:
            subject = {'kind': 'ServiceAccount', 'name': 'prometheus-k8s',
                       'namespace': at(monitor, 'metadata.namespace')}
            for message in expect(each, 'subjects', [subject]):
                yield each, message


# --- limits

@demand('limits.flags')
def limits_flags(rendering: Rendering) -> Findings:
    """No flag that the service does not have, and no limit that it would refuse."""
    for each, _ in rendering.pods:
        for flag, value in rendering.flags.items():
            if complaint := limits.refused(flag, value):
                yield each, complaint


@demand('limits.memory', rests_on=['container.limits', 'limits.flags'])
def limits_memory(rendering: Rendering) -> Findings:
    """With the most expensive clients that there can be, the kernel does not kill the Pod."""
    if '--web.max-connections' not in rendering.flags:
        return
    for each, container in rendering.containers:
        most = limits.quantity(at(container, 'resources.limits.memory'))
        workers = math.ceil(limits.quantity(at(container, 'resources.limits.cpu')))
        workers += 1 if rendering.admin_port else 0
        needed = limits.memory(rendering.flags, workers, rendering.tls)
        if needed > most:
            yield each, (f'connections can take {needed / limits.MB:.0f} MB, the limit is '
                         f'{most / limits.MB:.0f} MB')


# --- native-histograms

@demand('histograms.protocols')
def histograms_protocols(rendering: Rendering) -> Findings:
    for each in rendering.monitors:
        if at(each, 'spec.scrapeNativeHistograms') is not None:
            for message in (*expect(each, 'spec.scrapeNativeHistograms', True),
                            *expect(each, 'spec.scrapeProtocols.0', 'PrometheusProto')):
                yield each, message


@demand('histograms.classic')
def histograms_classic(rendering: Rendering) -> Findings:
    """Without it every query over `_bucket` falls silent."""
    for each in rendering.monitors:
        if at(each, 'spec.scrapeNativeHistograms') is not None:
            for message in expect(each, 'spec.scrapeClassicHistograms', True):
                yield each, message


@demand('histograms.guard-rail')
def histograms_guard_rail(rendering: Rendering) -> Findings:
    for each in rendering.monitors:
        limit = at(each, 'spec.nativeHistogramBucketLimit')
        if at(each, 'spec.scrapeNativeHistograms') is not None and (
                not isinstance(limit, int) or limit < NATIVE_BUCKETS):
            yield each, f'nativeHistogramBucketLimit is {limit!r}, must be >= {NATIVE_BUCKETS}'


# --- tls

@demand('tls.monitor', rests_on=['app.name', 'app.namespace', 'monitor.one-endpoint'])
def tls_monitor(rendering: Rendering) -> Findings:
    """Without a CA the certificate would be checked against the authorities of the web."""
    server = f'{contract.APP}.{contract.NAMESPACE}.svc'
    for each, endpoint in rendering.endpoints:
        if rendering.tls:
            yield from ((each, message) for message in (
                *expect(endpoint, 'scheme', 'https'),
                *expect(endpoint, 'tlsConfig.serverName', server)))
            if not at(endpoint, 'tlsConfig.ca.configMap.key') or at(
                    endpoint, 'tlsConfig.insecureSkipVerify'):
                yield each, f'tlsConfig is {at(endpoint, "tlsConfig")}: it must check the server'
        elif 'scheme' in endpoint or 'tlsConfig' in endpoint:
            yield each, 'asks for TLS, which the service does not speak'


@demand('tls.app-protocol', rests_on=['service.port'])
def tls_app_protocol(rendering: Rendering) -> Findings:
    wanted = 'https' if rendering.tls else 'http'
    for each in rendering.kind('Service'):
        for message in expect(each, 'spec.ports.0.appProtocol', wanted):
            yield each, message


def mounted(pod: dict, container: dict) -> dict[str, tuple[str, dict]]:
    """The files' directories: mount path -> (volume's name, its sources by kind)."""
    volumes = {each['name']: each for each in pod.get('volumes') or []}
    return {mount['mountPath']: (mount['name'], {
        kind: source for each in at(volumes.get(mount['name']), 'projected.sources') or []
        for kind, source in each.items()}) for mount in container.get('volumeMounts') or []}


@demand('tls.files', rests_on=['limits.flags'])
def tls_files(rendering: Rendering) -> Findings:
    """The configuration and what it names lie in one directory: a ConfigMap that is rendered, and
    a Secret."""
    path, _, file = rendering.flags.get('--web.config.file', '').rpartition('/')
    for (each, pod), (_, container) in zip(rendering.pods, rendering.containers):
        if not rendering.tls:
            continue
        _, sources = mounted(pod, container).get(path, ('', {}))
        maps = [thing for thing in rendering.kind('ConfigMap')
                if at(thing, 'metadata.name') == at(sources, 'configMap.name')
                and at(thing, 'metadata.namespace') == at(each, 'metadata.namespace')
                and file in (thing.get('data') or {})]
        if len(maps) != 1 or not at(sources, 'secret.name'):
            yield each, f'{path} holds {sources}, must be a ConfigMap with {file} and a Secret'
        elif not re.search(r'-[a-z0-9]{10}$', at(maps[0], 'metadata.name')):
            yield each, 'the ConfigMap has no hash in its name: a change would not roll the Pods'


