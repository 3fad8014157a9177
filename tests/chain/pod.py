# SPDX-License-Identifier: Apache-2.0
"""Demands on the Pods and their life beyond what Pod Security asks: identity, probes, drain,
rollout, disruption, spread."""

from checker import at, demand, expect
import pod_security  # its demands come first: some of these rest on them


@demand('pod.user', rests_on=['psa.runAsUser'])
def pod_user(rendering):
    for each, pod in rendering.pods:
        for message in (*expect(pod, 'securityContext.runAsUser', 65532),
                        *expect(pod, 'securityContext.runAsGroup', 65532)):
            yield each, message
    for each, container in rendering.all_containers:
        for field in ('runAsUser', 'runAsGroup'):
            if at(container, f'securityContext.{field}') not in (None, 65532):
                yield each, f'container {container.get("name")} sets {field} for itself'


@demand('pod.seccomp', rests_on=['psa.seccompProfile_restricted'])
def pod_seccomp(rendering):
    """A profile of the node's disk, which Pod Security permits, would have to be brought there."""
    for each, pod in rendering.pods:
        for message in expect(pod, 'securityContext.seccompProfile.type', 'RuntimeDefault'):
            yield each, message


@demand('pod.capabilities', rests_on=['psa.capabilities_restricted'])
def pod_capabilities(rendering):
    for each, container in rendering.all_containers:
        for message in expect(container, 'securityContext.capabilities', {'drop': ['ALL']}):
            yield each, message


@demand('pod.read-only-root')
def pod_read_only_root(rendering):
    for each, container in rendering.all_containers:
        for message in expect(container, 'securityContext.readOnlyRootFilesystem', True):
            yield each, message


@demand('pod.service-account')
def pod_service_account(rendering):
    for each, pod in rendering.pods:
        for account in rendering.kind('ServiceAccount'):
            name = at(account, 'metadata.name')
            for message in expect(pod, 'serviceAccountName', name):
                yield each, message


@demand('pod.no-token')
def pod_no_token(rendering):
    for each, thing in (*rendering.pods, *((s, s) for s in rendering.kind('ServiceAccount'))):
        for message in expect(thing, 'automountServiceAccountToken', False):
            yield each, message


@demand('pod.no-service-links')
def pod_no_service_links(rendering):
    for each, pod in rendering.pods:
        for message in expect(pod, 'enableServiceLinks', False):
            yield each, message


@demand('pod.ephemeral-storage')
def pod_ephemeral_storage(rendering):
    """The kubelet keeps 50 Mi of logs; a limit below it evicts whoever logs much."""
    for each, container in rendering.containers:
        for message in (*expect(container, 'resources.requests.ephemeral-storage', '64Mi'),
                        *expect(container, 'resources.limits.ephemeral-storage', '128Mi')):
            yield each, message


@demand('pod.termination-message')
def pod_termination_message(rendering):
    for each, container in rendering.containers:
        for message in expect(container, 'terminationMessagePolicy', 'FallbackToLogsOnError'):
            yield each, message


@demand('pod.grace')
def pod_grace(rendering):
    """shutdown.delay 10 s, a last scrape 15 s, shutdown.timeout 15 s, and slack."""
    for each, pod in rendering.pods:
        for message in expect(pod, 'terminationGracePeriodSeconds', 45):
            yield each, message


def probes(identity, field, path):
    @demand(identity, rests_on=['psa.hostProbesAndHostLifecycle'])
    def judge(rendering):
        wanted = {'path': path, 'port': 'admin' if rendering.admin_port else 'http'}
        if rendering.tls:
            wanted['scheme'] = 'HTTPS'
        for each, container in rendering.containers:
            for message in expect(container, f'{field}.httpGet', wanted):
                yield each, message


probes('probe.startup', 'startupProbe', '/livez')
probes('probe.readiness', 'readinessProbe', '/readyz')
probes('probe.liveness', 'livenessProbe', '/livez')


@demand('rollout.strategy')
def rollout_strategy(rendering):
    for each in rendering.kind('Deployment'):
        for message in (*expect(each, 'spec.strategy.type', 'RollingUpdate'),
                        *expect(each, 'spec.strategy.rollingUpdate.maxUnavailable', 0),
                        *expect(each, 'spec.strategy.rollingUpdate.maxSurge', 1)):
            yield each, message


@demand('rollout.min-ready')
def rollout_min_ready(rendering):
    for each in rendering.kind('Deployment'):
        for message in expect(each, 'spec.minReadySeconds', 3):
            yield each, message


@demand('budget.max-unavailable')
def budget_max_unavailable(rendering):
    for each in rendering.kind('PodDisruptionBudget'):
        for message in expect(each, 'spec.maxUnavailable', 1):
            yield each, message
        if at(each, 'spec.minAvailable') is not None:
            yield each, 'spec.minAvailable excludes maxUnavailable'


@demand('budget.unhealthy')
def budget_unhealthy(rendering):
    for each in rendering.kind('PodDisruptionBudget'):
        for message in expect(each, 'spec.unhealthyPodEvictionPolicy', 'AlwaysAllow'):
            yield each, message


def spreads(identity, key):
    @demand(identity)
    def judge(rendering):
        for each, pod in rendering.pods:
            found = [(spread.get('maxSkew'), spread.get('whenUnsatisfiable'))
                     for spread in pod.get('topologySpreadConstraints') or []
                     if spread.get('topologyKey') == key]
            if found != [(1, 'ScheduleAnyway')]:
                yield each, f'the spread over {key} is {found}, must be one, 1 ScheduleAnyway'


spreads('spread.hostname', 'kubernetes.io/hostname')
spreads('spread.zone', 'topology.kubernetes.io/zone')
