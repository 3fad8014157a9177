# SPDX-License-Identifier: Apache-2.0
"""The negative fixtures: for each demand the smallest changes of a good rendering that break it,
and nothing else. Each is written by hand and not derived from the checker, to keep it honest."""

import copy

from checker import is_loopcheck, keys

ROOTS = {  # names for places that mutations reach into, beside the kinds themselves
    'template': ('Deployment', 'spec.template'),
    'pod': ('Deployment', 'spec.template.spec'),
    'container': ('Deployment', 'spec.template.spec.containers.0'),
}
ENDPOINTS = {'ServiceMonitor': 'spec.endpoints', 'PodMonitor': 'spec.podMetricsEndpoints'}


class NotHere(Exception):
    """The mutation is for another rendering."""


def child(thing, key):
    return thing[int(key)] if isinstance(thing, list) else thing[key]


def place(objects, root, path):
    """The container (map or list) and the key in it that root and path name, made where absent."""
    kind, prefix = ROOTS.get(root, (root, ''))
    if root in ('monitor', 'endpoint'):
        kind = next(each['kind'] for each in objects if each['kind'] in ENDPOINTS)
        prefix = ENDPOINTS[kind] + '.0' if root == 'endpoint' else ''
    thing = next((each for each in objects if each['kind'] == kind), None)
    if thing is None:
        raise NotHere(kind)
    *way, last = [*keys(prefix), *keys(path)]
    for key in way:
        if isinstance(thing, dict):
            thing.setdefault(key, {})
        thing = child(thing, key)
    return thing, int(last) if isinstance(thing, list) else last


def put(root, path, value):
    def mutate(objects):
        thing, key = place(objects, root, path)
        thing[key] = copy.deepcopy(value)
    return mutate


def drop(root, path):
    def mutate(objects):
        thing, key = place(objects, root, path)
        del thing[key]
    return mutate


def append(root, path, value):
    def mutate(objects):
        thing, key = place(objects, root, path)
        found = thing.setdefault(key, []) if isinstance(thing, dict) else thing[key]
        found.append(copy.deepcopy(value))
    return mutate


def duplicate(root, path):
    """One more of the first element of the list."""
    def mutate(objects):
        thing, key = place(objects, root, path)
        thing[key].append(copy.deepcopy(thing[key][0]))
    return mutate


def remove(*kinds):
    def mutate(objects):
        objects[:] = [each for each in objects if each['kind'] not in kinds]
    return mutate


def again(kind, name):
    """One more object of the kind, under another name."""
    def mutate(objects):
        try:
            extra = copy.deepcopy(next(each for each in objects if each['kind'] == kind))
        except StopIteration:
            raise NotHere(kind) from None
        extra['metadata']['name'] = name
        objects.append(extra)
    return mutate


def all_of(*mutations):
    def mutate(objects):
        for each in mutations:
            each(objects)
    return mutate


def only(kind, mutation):
    """Applies to the renderings with an object of this kind."""
    def mutate(objects):
        if not any(each['kind'] == kind and not is_loopcheck(each) for each in objects):
            raise NotHere(kind)
        mutation(objects)
    return mutate


def both_monitors(objects):
    monitor = copy.deepcopy(next(each for each in objects if each['kind'] in ENDPOINTS))
    if monitor['kind'] == 'ServiceMonitor':
        monitor['kind'] = 'PodMonitor'
        endpoint = monitor['spec'].pop('endpoints')[0]
        monitor['spec']['podMetricsEndpoints'] = [{**endpoint, 'port': 'http'}]
    else:
        monitor['kind'] = 'ServiceMonitor'
        endpoint = monitor['spec'].pop('podMetricsEndpoints')[0]
        monitor['spec']['endpoints'] = [{**endpoint, 'port': 'metrics'}]
    objects.append(monitor)


def init_container(**fields):
    """An init container that is good but for these fields of its securityContext."""
    good = {
        'allowPrivilegeEscalation': False,
        'capabilities': {'drop': ['ALL']},
        'readOnlyRootFilesystem': True,
    }
    return append('pod', 'initContainers', {
        'name': 'init', 'image': 'init:1', 'securityContext': {**good, **fields}})


APP_KINDS = ('ServiceAccount', 'Service', 'Deployment', 'PodDisruptionBudget')
LABEL_SET = ('name', 'instance', 'component', 'part-of', 'managed-by')
VERSION = '[app.kubernetes.io/version]'
PSS = 'metadata.labels.[pod-security.kubernetes.io/'

MUTATIONS = {
    'objects.once': [
        *(remove(kind) for kind in ('Namespace', *APP_KINDS)),
        again('ServiceAccount', 'demo-cpp'),
    ],
    'monitor.one': [remove('ServiceMonitor', 'PodMonitor'), both_monitors],
    'namespace.name': [put('Namespace', 'metadata.name', 'demos')],
    'namespace.restricted': [
        put('Namespace', PSS + 'enforce]', 'baseline'),
        drop('Namespace', PSS + 'enforce]'),
        put('Namespace', PSS + 'enforce-version]', 'v1.24'),
        drop('Namespace', PSS + 'warn]'),
        drop('Namespace', PSS + 'audit]'),
    ],
    'app.name': [
        *(put(kind, 'metadata.name', 'demo') for kind in APP_KINDS if kind != 'ServiceAccount'),
        all_of(put('ServiceAccount', 'metadata.name', 'demo'),
               put('pod', 'serviceAccountName', 'demo')),
    ],
    'app.namespace': [
        *(put(kind, 'metadata.namespace', 'default') for kind in APP_KINDS),
        drop('Service', 'metadata.namespace'),
    ],
    'app.label': [
        *(drop(root, 'metadata.labels.app') for root in (*APP_KINDS, 'Namespace', 'template')),
        put('Service', 'metadata.labels.app', 'demo'),
    ],
    'app.label-set': [
        *(drop('Service', f'metadata.labels.[app.kubernetes.io/{each}]') for each in LABEL_SET),
        drop('Deployment', 'metadata.labels.[app.kubernetes.io/name]'),
        put('template', 'metadata.labels.[app.kubernetes.io/instance]', 'other'),
    ],
    'app.version': [
        drop('Deployment', 'metadata.labels.' + VERSION),
        drop('template', 'metadata.labels.' + VERSION),
        put('Service', 'metadata.labels.' + VERSION, '0.9'),
        put('container', 'image', 'demo-cpp:0.9'),
    ],
    'selector.no-version': [
        put('Service', 'spec.selector.' + VERSION, 'dev'),
        put('Deployment', 'spec.selector.matchLabels.' + VERSION, 'dev'),
        put('PodDisruptionBudget', 'spec.selector.matchLabels.' + VERSION, 'dev'),
        put('pod', 'topologySpreadConstraints.0.labelSelector.matchLabels.' + VERSION, 'dev'),
        put('monitor', 'spec.selector.matchLabels.' + VERSION, 'dev'),
        append('monitor', 'spec.selector.matchExpressions',
               {'key': 'app.kubernetes.io/version', 'operator': 'Exists'}),
    ],
    'deployment.replicas': [
        put('Deployment', 'spec.replicas', 1),
        drop('Deployment', 'spec.replicas'),
        put('Deployment', 'spec.replicas', '2'),
    ],
    'container.name': [put('container', 'name', 'app')],
    'container.image': [
        put('container', 'image', 'demo-cpp'),
        put('container', 'image', 'demo-cpp:latest'),
        put('container', 'image', 'demo-go:dev'),
    ],
    'container.pull-policy': [
        put('container', 'imagePullPolicy', 'Always'), drop('container', 'imagePullPolicy')],
    'container.port': [
        put('container', 'ports.0.name', 'web'),
        drop('container', 'ports.0.name'),
        put('container', 'ports.0.containerPort', 8081),
        drop('container', 'ports'),
        append('container', 'ports', {'name': 'admin', 'containerPort': 8081}),
    ],
    'container.requests': [
        put('container', 'resources.requests.cpu', '100m'),
        put('container', 'resources.requests.memory', '32Mi'),
        drop('container', 'resources.requests.cpu'),
    ],
    'container.limits': [
        put('container', 'resources.limits.cpu', '1'),
        put('container', 'resources.limits.memory', '128Mi'),
        drop('container', 'resources.limits.memory'),
    ],
    'service.port': [
        put('Service', 'spec.ports.0.name', 'http'),
        drop('Service', 'spec.ports.0.name'),
        put('Service', 'spec.ports.0.port', 80),
        put('Service', 'spec.ports.0.targetPort', 8080),
        drop('Service', 'spec.ports.0.targetPort'),
        append('Service', 'spec.ports', {'name': 'web', 'port': 80, 'targetPort': 'http'}),
    ],

    'monitor.name': [put('monitor', 'metadata.name', 'demo')],
    'monitor.namespace': [
        put('monitor', 'metadata.namespace', 'demo'), drop('monitor', 'metadata.namespace')],
    'monitor.release': [
        put('monitor', 'metadata.labels.release', 'kube-prometheus-stack'),
        drop('monitor', 'metadata.labels.release'),
    ],
    'monitor.app-label': [drop('monitor', 'metadata.labels.app')],
    'monitor.namespace-selector': [
        put('monitor', 'spec.namespaceSelector.matchNames', ['default']),
        put('monitor', 'spec.namespaceSelector', {'any': True}),
        drop('monitor', 'spec.namespaceSelector'),
    ],
    'monitor.one-endpoint': [
        duplicate('ServiceMonitor', 'spec.endpoints'),
        duplicate('PodMonitor', 'spec.podMetricsEndpoints'),
        put('ServiceMonitor', 'spec.endpoints', []),
        drop('PodMonitor', 'spec.podMetricsEndpoints'),
    ],
    'monitor.port': [
        put('ServiceMonitor', 'spec.endpoints.0.port', 'http'),
        put('PodMonitor', 'spec.podMetricsEndpoints.0.port', 'metrics'),
        put('endpoint', 'port', 8080),
        drop('endpoint', 'port'),
    ],
    'monitor.no-other-port': [
        put('endpoint', 'targetPort', 'http'), put('endpoint', 'portNumber', 8080)],
    'monitor.path': [put('endpoint', 'path', '/'), drop('endpoint', 'path')],
    'monitor.interval': [put('endpoint', 'interval', '30s'), drop('endpoint', 'interval')],
    'monitor.timeout': [
        put('endpoint', 'scrapeTimeout', '20s'), put('endpoint', 'scrapeTimeout', '1m')],
    'monitor.guard-rails': [
        *(drop('monitor', f'spec.{each}') for each in (
            'sampleLimit', 'labelLimit', 'labelNameLengthLimit', 'labelValueLengthLimit',
            'bodySizeLimit')),
        put('monitor', 'spec.sampleLimit', 500),
        put('monitor', 'spec.bodySizeLimit', '1MB'),
    ],
    'monitor.no-target-limit': [put('monitor', 'spec.targetLimit', 2)],

    'chain.deployment-selects-pods': [
        put('Deployment', 'spec.selector.matchLabels.app', 'demo'),
        drop('Deployment', 'spec.selector'),
    ],
    'chain.service-selects-pods': [
        put('Service', 'spec.selector.app', 'demo'),
        put('Service', 'spec.selector.tier', 'web'),
        drop('Service', 'spec.selector'),
    ],
    'chain.budget-selects-pods': [
        put('PodDisruptionBudget', 'spec.selector.matchLabels.app', 'demo'),
        put('PodDisruptionBudget', 'spec.selector', {}),
    ],
    'chain.spread-selects-pods': [
        put('pod', 'topologySpreadConstraints.0.labelSelector.matchLabels.app', 'demo'),
        put('pod', 'topologySpreadConstraints.1.labelSelector', {}),
    ],
    'chain.monitor-selects': [
        put('monitor', 'spec.selector.matchLabels.app', 'demo'),
        put('monitor', 'spec.selector', {}),
        append('monitor', 'spec.selector.matchExpressions',
               {'key': 'app', 'operator': 'NotIn', 'values': ['demo-cpp']}),
        # A label that only the Pods have, or only the Service, is the wrong one for the other.
        all_of(put('template', 'metadata.labels.tier', 'web'),
               put('ServiceMonitor', 'spec.selector.matchLabels.tier', 'web')),
        all_of(put('Service', 'metadata.labels.tier', 'web'),
               put('PodMonitor', 'spec.selector.matchLabels.tier', 'web')),
    ],
    'chain.port': [
        only('ServiceMonitor', put('Service', 'spec.ports.0.protocol', 'UDP')),
        put('container', 'ports.0.protocol', 'UDP'),
    ],

    'psa.hostNamespaces': [
        put('pod', each, True) for each in ('hostNetwork', 'hostPID', 'hostIPC')],
    'psa.windowsHostProcess': [
        put('pod', 'securityContext.windowsOptions.hostProcess', True),
        put('container', 'securityContext.windowsOptions.hostProcess', True),
        init_container(windowsOptions={'hostProcess': True}),
    ],
    'psa.privileged': [
        put('container', 'securityContext.privileged', True), init_container(privileged=True)],
    'psa.hostPorts': [put('container', 'ports.0.hostPort', 8080)],
    'psa.hostProbesAndHostLifecycle': [
        put('container', 'livenessProbe.httpGet.host', '10.0.0.1'),
        put('container', 'readinessProbe.httpGet.host', '10.0.0.1'),
        put('container', 'startupProbe.httpGet.host', '10.0.0.1'),
        put('container', 'lifecycle.preStop.httpGet', {'host': '10.0.0.1', 'port': 80}),
        put('container', 'lifecycle.postStart.tcpSocket', {'host': '10.0.0.1', 'port': 80}),
    ],
    'psa.appArmorProfile': [
        put('pod', 'securityContext.appArmorProfile.type', 'Unconfined'),
        put('container', 'securityContext.appArmorProfile.type', 'Unconfined'),
        put('template', 'metadata.annotations.'
            '[container.apparmor.security.beta.kubernetes.io/demo-cpp]', 'unconfined'),
    ],
    'psa.seLinuxOptions': [
        put('pod', 'securityContext.seLinuxOptions.type', 'spc_t'),
        put('container', 'securityContext.seLinuxOptions.user', 'root'),
        put('container', 'securityContext.seLinuxOptions.role', 'sysadm_r'),
    ],
    'psa.procMount': [
        put('container', 'securityContext.procMount', 'Unmasked'),
        init_container(procMount='Unmasked'),
    ],
    'psa.sysctls': [append('pod', 'securityContext.sysctls',
                           {'name': 'net.core.somaxconn', 'value': '4096'})],
    'psa.restrictedVolumes': [
        append('pod', 'volumes', {'name': 'host', 'hostPath': {'path': '/'}}),
        append('pod', 'volumes', {'name': 'nfs', 'nfs': {'server': 's', 'path': '/'}}),
    ],
    'psa.allowPrivilegeEscalation': [
        put('container', 'securityContext.allowPrivilegeEscalation', True),
        drop('container', 'securityContext.allowPrivilegeEscalation'),
        init_container(allowPrivilegeEscalation=True),
    ],
    'psa.runAsNonRoot': [
        put('pod', 'securityContext.runAsNonRoot', False),
        drop('pod', 'securityContext.runAsNonRoot'),
        put('container', 'securityContext.runAsNonRoot', False),
        init_container(runAsNonRoot=False),
    ],
    'psa.runAsUser': [
        put('pod', 'securityContext.runAsUser', 0),
        put('container', 'securityContext.runAsUser', 0),
        init_container(runAsUser=0),
    ],
    'psa.seccompProfile_restricted': [
        put('pod', 'securityContext.seccompProfile.type', 'Unconfined'),
        drop('pod', 'securityContext.seccompProfile'),
        put('container', 'securityContext.seccompProfile.type', 'Unconfined'),
        init_container(seccompProfile={'type': 'Unconfined'}),
    ],
    'psa.capabilities_restricted': [
        drop('container', 'securityContext.capabilities'),
        put('container', 'securityContext.capabilities.drop', ['NET_RAW']),
        put('container', 'securityContext.capabilities.add', ['SYS_PTRACE']),
        init_container(capabilities={}),
    ],

    'pod.user': [
        put('pod', 'securityContext.runAsUser', 1000),
        drop('pod', 'securityContext.runAsUser'),
        drop('pod', 'securityContext.runAsGroup'),
        put('container', 'securityContext.runAsGroup', 0),
        init_container(runAsUser=1000),
    ],
    'pod.seccomp': [put('pod', 'securityContext.seccompProfile',
                        {'type': 'Localhost', 'localhostProfile': 'demo.json'})],
    'pod.capabilities': [
        put('container', 'securityContext.capabilities.add', ['NET_BIND_SERVICE'])],
    'pod.read-only-root': [
        drop('container', 'securityContext.readOnlyRootFilesystem'),
        init_container(readOnlyRootFilesystem=False),
    ],
    'pod.service-account': [
        drop('pod', 'serviceAccountName'),
        put('pod', 'serviceAccountName', 'default'),
    ],
    'pod.no-token': [
        drop('pod', 'automountServiceAccountToken'),
        put('pod', 'automountServiceAccountToken', True),
        drop('ServiceAccount', 'automountServiceAccountToken'),
    ],
    'pod.no-service-links': [drop('pod', 'enableServiceLinks')],
    'pod.ephemeral-storage': [
        drop('container', 'resources.requests.ephemeral-storage'),
        put('container', 'resources.limits.ephemeral-storage', '16Mi'),
    ],
    'pod.termination-message': [
        drop('container', 'terminationMessagePolicy'),
        put('container', 'terminationMessagePolicy', 'File'),
    ],
    'pod.grace': [
        put('pod', 'terminationGracePeriodSeconds', 30),
        drop('pod', 'terminationGracePeriodSeconds'),
    ],
    'probe.startup': [
        drop('container', 'startupProbe'),
        put('container', 'startupProbe.httpGet.path', '/hello'),
    ],
    'probe.readiness': [
        drop('container', 'readinessProbe'),
        put('container', 'readinessProbe.httpGet.path', '/livez'),
        put('container', 'readinessProbe.httpGet.port', 8080),
    ],
    'probe.liveness': [
        drop('container', 'livenessProbe'),
        put('container', 'livenessProbe.httpGet.path', '/readyz'),
        put('container', 'livenessProbe.httpGet.port', 'metrics'),
    ],
    'rollout.strategy': [
        put('Deployment', 'spec.strategy.rollingUpdate.maxUnavailable', 1),
        put('Deployment', 'spec.strategy.rollingUpdate.maxSurge', '25%'),
        put('Deployment', 'spec.strategy', {'type': 'Recreate'}),
        drop('Deployment', 'spec.strategy'),
    ],
    'rollout.min-ready': [drop('Deployment', 'spec.minReadySeconds')],
    'budget.max-unavailable': [
        put('PodDisruptionBudget', 'spec.maxUnavailable', 0),
        put('PodDisruptionBudget', 'spec.minAvailable', 1),
    ],
    'budget.unhealthy': [drop('PodDisruptionBudget', 'spec.unhealthyPodEvictionPolicy')],
    'spread.hostname': [
        put('pod', 'topologySpreadConstraints.0.whenUnsatisfiable', 'DoNotSchedule'),
        drop('pod', 'topologySpreadConstraints.0'),
    ],
    'spread.zone': [
        put('pod', 'topologySpreadConstraints.1.whenUnsatisfiable', 'DoNotSchedule'),
        put('pod', 'topologySpreadConstraints.1.topologyKey', 'topology.kubernetes.io/region'),
    ],
}
