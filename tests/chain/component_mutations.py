# SPDX-License-Identifier: Apache-2.0
"""The negative fixtures of the optional components, like those of mutations.py. Each is tried on
every rendering that has what it changes."""
from __future__ import annotations

from collections.abc import Callable

from checker import Rendering
from mutations import VERSION, NotHere, all_of, append, drop, only, place, put, remove

Mutation = Callable[[list], None]


def flag(name: str, value: str) -> Mutation:
    """Another value for a flag that is given."""
    def mutate(objects: list) -> None:
        arguments, key = place(objects, 'container', 'args')
        given = arguments.get(key) or []
        if name not in Rendering(objects).flags:
            raise NotHere(name)
        arguments[key] = [f'{name}={value}' if each.split('=')[0] == name else each
                          for each in given]
    return mutate


def extra_flag(text: str) -> Mutation:
    return append('container', 'args', text)


def where(has: Callable[[Rendering], object], mutation: Mutation) -> Mutation:
    """Applies to the renderings of which this holds."""
    def mutate(objects: list) -> None:
        if not has(Rendering(objects)):
            raise NotHere
        mutation(objects)
    return mutate


def web_config(change: Callable[[dict], object]) -> Mutation:
    """Changes the ConfigMap of the component tls."""
    def mutate(objects: list) -> None:
        found = [each for each in objects if each['kind'] == 'ConfigMap'
                 and each['metadata']['name'].startswith('demo-cpp-web')]
        if not found:
            raise NotHere('web.yml')
        change(found[0])
    return mutate


def admin(mutation: Mutation) -> Mutation:
    return where(lambda rendering: rendering.admin_port, mutation)


def tls(mutation: Mutation) -> Mutation:
    return where(lambda rendering: rendering.tls, mutation)


def plain(mutation: Mutation) -> Mutation:
    return where(lambda rendering: not rendering.tls, mutation)


def native(mutation: Mutation) -> Mutation:
    return where(lambda rendering: any('scrapeNativeHistograms' in each['spec']
                                       for each in rendering.monitors), mutation)


def discovers(mutation: Mutation) -> Mutation:
    return where(lambda rendering: any('serviceDiscoveryRole' in each['spec']
                                       for each in rendering.monitors), mutation)


HPA, POLICY = 'HorizontalPodAutoscaler', 'NetworkPolicy'
OWN_KINDS = (HPA, POLICY, 'Role', 'RoleBinding')
INGRESS = 'spec.ingress.'

MUTATIONS = {
    # The demands on what a component changes of the base.
    'deployment.replicas': [only(HPA, put('Deployment', 'spec.replicas', 2))],
    'container.port': [
        admin(drop('container', 'ports.1')),
        admin(put('container', 'ports.1.containerPort', 9090)),
        admin(put('container', 'ports.1.name', 'metrics')),
        all_of(flag('--web.admin-listen-address', ':8082'),
               put('Service', 'spec.ports.1.port', 8082)),
    ],
    'service.port': [
        admin(drop('Service', 'spec.ports.1')),
        admin(put('Service', 'spec.ports.1.targetPort', 'http')),
        admin(put('Service', 'spec.ports.0.name', 'metrics')),
    ],
    'monitor.port': [admin(put('PodMonitor', 'spec.podMetricsEndpoints.0.port', 'http'))],
    'chain.port': [only('ServiceMonitor', admin(put('Service', 'spec.ports.1.protocol', 'UDP')))],
    'probe.startup': [
        admin(put('container', 'startupProbe.httpGet.port', 'http')),
        tls(drop('container', 'startupProbe.httpGet.scheme')),
        plain(put('container', 'startupProbe.httpGet.scheme', 'HTTPS')),
    ],
    'probe.readiness': [
        admin(put('container', 'readinessProbe.httpGet.port', 'http')),
        tls(drop('container', 'readinessProbe.httpGet.scheme')),
    ],
    'probe.liveness': [
        admin(put('container', 'livenessProbe.httpGet.port', 'http')),
        tls(put('container', 'livenessProbe.httpGet.scheme', 'HTTP')),
    ],
    'selector.no-version': [
        only(POLICY, put(POLICY, 'spec.podSelector.matchLabels.' + VERSION, 'dev')),
    ],

    'component.namespace': [
        *(only(kind, put(kind, 'metadata.namespace', 'default')) for kind in OWN_KINDS),
        only(POLICY, drop(POLICY, 'metadata.namespace')),
    ],
    'component.label': [only(kind, drop(kind, 'metadata.labels.app')) for kind in OWN_KINDS],

    'hpa.target': [
        only(HPA, put(HPA, 'spec.scaleTargetRef.name', 'demo')),
        only(HPA, put(HPA, 'spec.scaleTargetRef.kind', 'StatefulSet')),
    ],
    'hpa.bounds': [
        only(HPA, put(HPA, 'spec.minReplicas', 1)),
        only(HPA, drop(HPA, 'spec.minReplicas')),
        only(HPA, put(HPA, 'spec.maxReplicas', 2)),
    ],
    'hpa.cpu': [
        only(HPA, put(HPA, 'spec.metrics', [])),
        only(HPA, put(HPA, 'spec.metrics.0.resource.target.averageValue', '50m')),
        only(HPA, put(HPA, 'spec.metrics.0.resource.target.averageValue', '500m')),
        only(HPA, put(HPA, 'spec.metrics.0.resource.target',
                      {'type': 'Utilization', 'averageUtilization': 70})),
    ],

    'policy.selects': [
        only(POLICY, put(POLICY, 'spec.podSelector.matchLabels.app', 'demo')),
        only(POLICY, put(POLICY, 'spec.podSelector', {})),
    ],
    'policy.application': [
        only(POLICY, drop(POLICY, INGRESS + '0')),
        only(POLICY, put(POLICY, INGRESS + '0.ports.0.port', 'web')),
        only(POLICY, put(POLICY, INGRESS + '0.ports.0.protocol', 'UDP')),
        only(POLICY, put(POLICY, INGRESS + '0.from', [{'podSelector': {}}])),
        only(POLICY, put(POLICY, INGRESS + '0.from', [{'namespaceSelector': {}}])),
    ],
    'policy.scrapes': [
        only(POLICY, drop(POLICY, INGRESS + '1')),
        only(POLICY, put(POLICY, INGRESS + '1.ports.0.port', 'metrics')),
        only(POLICY, put(POLICY, INGRESS + '1.from.0.namespaceSelector.matchLabels',
                         {'kubernetes.io/metadata.name': 'prometheus'})),
        # What kustomize's `includeSelectors` would write into a peer with a podSelector.
        only(POLICY, put(POLICY, INGRESS + '1.from.0.podSelector.matchLabels', {
            'app.kubernetes.io/name': 'prometheus', 'team': 'demo'})),
    ],
    'policy.admin': [
        only(POLICY, drop(POLICY, INGRESS + '1.from')),
        only(POLICY, append(POLICY, INGRESS + '1.from', {'podSelector': {}})),
        only(POLICY, append(POLICY, INGRESS + '1.from', {'namespaceSelector': {}})),
        only(POLICY, append(POLICY, INGRESS + '1.from', {
            'namespaceSelector': {}, 'podSelector': {
                'matchLabels': {'app.kubernetes.io/name': 'prometheus'}}})),
        only(POLICY, append(POLICY, INGRESS + '1.from', {'ipBlock': {'cidr': '0.0.0.0/0'}})),
        only(POLICY, append(POLICY, INGRESS + '0.ports', {'port': 'admin'})),
        only(POLICY, put(POLICY, INGRESS + '0.ports.0', {'port': 8080, 'endPort': 8090})),
        only(POLICY, append(POLICY, 'spec.ingress', {})),
        only(POLICY, put(POLICY, 'spec.policyTypes', ['Egress'])),
    ],
    'policy.closed': [
        only(POLICY, append(POLICY, 'spec.ingress', {'ports': [{'port': 9999}]})),
        only(POLICY, append(POLICY, 'spec.ingress', {'ports': [{'port': 5000, 'endPort': 6000}]})),
        only(POLICY, drop(POLICY, INGRESS + '1.ports')),
        only(POLICY, append(POLICY, INGRESS + '1.ports', {'port': 22})),
    ],
    'policy.egress': [
        only(POLICY, append(POLICY, 'spec.egress', {})),
        only(POLICY, append(POLICY, 'spec.egress', {
            'to': [{'namespaceSelector': {}}], 'ports': [{'port': 53, 'protocol': 'UDP'}]})),
        only(POLICY, append(POLICY, 'spec.egress', {'to': [{'ipBlock': {'cidr': '0.0.0.0/0'}}]})),
        only(POLICY, put(POLICY, 'spec.policyTypes', ['Ingress'])),
    ],

    'monitor.discovery-role': [
        discovers(put('ServiceMonitor', 'spec.serviceDiscoveryRole', 'Endpoints')),
        put('PodMonitor', 'spec.serviceDiscoveryRole', 'EndpointSlice'),
    ],
    'rbac.rights': [
        only('Role', put('Role', 'rules.0.resources', ['services', 'endpoints'])),
        only('Role', put('Role', 'rules.0.verbs', ['get', 'list'])),
        only('Role', put('Role', 'rules', [])),
        only('Role', append('Role', 'rules.0.verbs', 'delete')),
        only('Role', append('Role', 'rules.0.resources', 'secrets')),
        only('Role', discovers(drop('Role', 'rules.1'))),
    ],
    'rbac.binding': [
        only('RoleBinding', put('RoleBinding', 'roleRef.name', 'prometheus')),
        only('RoleBinding', put('RoleBinding', 'roleRef.kind', 'ClusterRole')),
        only('RoleBinding', put('RoleBinding', 'subjects.0.namespace', 'demo')),
        only('RoleBinding', put('RoleBinding', 'subjects.0.name', 'default')),
        only('RoleBinding', remove('Role')),
    ],

    'limits.flags': [
        extra_flag('--web.max-conections=640'),
        flag('--web.max-connections', '0'),
        flag('--limit.unsent-bytes', '16Mi'),
        flag('--limit.held-body-bytes', '2048GB'),
    ],
    'limits.memory': [
        flag('--web.max-connections', '2000'),
        flag('--limit.held-body-bytes', '64MB'),
        flag('--limit.unsent-bytes', '64MB'),
        where(lambda rendering: '--web.max-connections' in rendering.flags,
              extra_flag('--limit.head-bytes=256KB')),
    ],

    'histograms.protocols': [
        native(put('monitor', 'spec.scrapeProtocols', ['PrometheusText0.0.4'])),
        native(drop('monitor', 'spec.scrapeProtocols')),
        native(put('monitor', 'spec.scrapeNativeHistograms', False)),
    ],
    'histograms.classic': [native(drop('monitor', 'spec.scrapeClassicHistograms'))],
    'histograms.guard-rail': [
        native(put('monitor', 'spec.nativeHistogramBucketLimit', 50)),
        native(drop('monitor', 'spec.nativeHistogramBucketLimit')),
    ],

    'tls.monitor': [
        tls(put('endpoint', 'scheme', 'http')),
        tls(put('endpoint', 'tlsConfig.serverName', 'demo-cpp.default.svc')),
        tls(put('endpoint', 'tlsConfig.insecureSkipVerify', True)),
        tls(drop('endpoint', 'tlsConfig.ca')),
        plain(put('endpoint', 'scheme', 'https')),
    ],
    'tls.app-protocol': [
        tls(put('Service', 'spec.ports.0.appProtocol', 'http')),
        plain(drop('Service', 'spec.ports.0.appProtocol')),
    ],
    'tls.files': [
        flag('--web.config.file', '/etc/demo/web.yml'),
        flag('--web.config.file', '/etc/demo-cpp/config.yml'),
        tls(put('pod', 'volumes.0.projected.sources.0.configMap.name', 'demo-cpp-web')),
        tls(drop('pod', 'volumes.0.projected.sources.1')),
        web_config(lambda each: each['metadata'].update(namespace='default')),
        web_config(lambda each: each['data'].pop('web.yml')),
        all_of(web_config(lambda each: each['metadata'].update(name='web')),
               put('pod', 'volumes.0.projected.sources.0.configMap.name', 'web')),
    ],
}
