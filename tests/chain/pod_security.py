# SPDX-License-Identifier: Apache-2.0
"""The Pod Security profile `restricted` as of Kubernetes 1.34, one demand per check and with the
check's name there (k8s.io/pod-security-admission/policy). Stricter in one way: `hostUsers: false`
relaxes nothing, since clusters without user namespaces would refuse such a Pod."""

from checker import at, demand

SAFE_SYSCTLS = {
    'kernel.shm_rmid_forced',
    'net.ipv4.ip_local_port_range',
    'net.ipv4.ip_local_reserved_ports',
    'net.ipv4.ip_unprivileged_port_start',
    'net.ipv4.ping_group_range',
    'net.ipv4.tcp_fin_timeout',
    'net.ipv4.tcp_keepalive_intvl',
    'net.ipv4.tcp_keepalive_probes',
    'net.ipv4.tcp_keepalive_time',
    'net.ipv4.tcp_rmem',
    'net.ipv4.tcp_syncookies',
    'net.ipv4.tcp_wmem',
}
SELINUX_TYPES = {
    None, '', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'}
VOLUME_TYPES = {
    'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image',
    'persistentVolumeClaim', 'projected', 'secret'}
APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'


def everywhere(rendering, field):
    """(deployment, who, value) of a securityContext field, of the Pod and of each container."""
    for each, pod in rendering.pods:
        yield each, 'pod', at(pod, f'securityContext.{field}')
    for each, container in rendering.all_containers:
        yield each, f'container {container.get("name")}', at(container, f'securityContext.{field}')


def per_container(rendering, field):
    """(deployment, who, the Pod's value, the container's value)."""
    for each, pod in rendering.pods:
        ours = at(pod, f'securityContext.{field}')
        for owner, container in rendering.all_containers:
            if owner is each:
                theirs = at(container, f'securityContext.{field}')
                yield each, f'container {container.get("name")}', ours, theirs


# --- baseline

@demand('psa.hostNamespaces')
def host_namespaces(rendering):
    for each, pod in rendering.pods:
        for field in ('hostNetwork', 'hostPID', 'hostIPC'):
            if pod.get(field):
                yield each, f'{field} is true'


@demand('psa.windowsHostProcess')
def windows_host_process(rendering):
    for each, who, value in everywhere(rendering, 'windowsOptions.hostProcess'):
        if value:
            yield each, f'{who} is a host process'


@demand('psa.privileged')
def privileged(rendering):
    for each, who, value in everywhere(rendering, 'privileged'):
        if value:
            yield each, f'{who} is privileged'


@demand('psa.hostPorts')
def host_ports(rendering):
    for each, container in rendering.all_containers:
        for port in container.get('ports') or []:
            if port.get('hostPort'):
                yield each, f'container {container.get("name")} takes a port of the host'


@demand('psa.hostProbesAndHostLifecycle')
def host_probes(rendering):
    """New in 1.34: a handler with a host makes the kubelet talk to anyone."""
    for each, container in rendering.all_containers:
        for field in ('livenessProbe', 'readinessProbe', 'startupProbe',
                      'lifecycle.postStart', 'lifecycle.preStop'):
            for handler in ('httpGet', 'tcpSocket'):
                if at(container, f'{field}.{handler}.host'):
                    yield each, f'{field}.{handler}.host is set'


@demand('psa.appArmorProfile')
def app_armor(rendering):
    for each, who, profile in everywhere(rendering, 'appArmorProfile'):
        if profile and profile.get('type') not in ('RuntimeDefault', 'Localhost'):
            yield each, f'the AppArmor profile of {who} is {profile}'
    for each, template in rendering.templates:
        for name, value in (at(template, 'metadata.annotations') or {}).items():
            if name.startswith(APPARMOR_ANNOTATION) and not (
                    value in ('', 'runtime/default') or value.startswith('localhost/')):
                yield each, f'annotation {name} is {value!r}'


@demand('psa.seLinuxOptions')
def selinux(rendering):
    for each, who, options in everywhere(rendering, 'seLinuxOptions'):
        options = options or {}
        if options.get('type') not in SELINUX_TYPES or options.get('user') or options.get('role'):
            yield each, f'the SELinux options of {who} are {options}'


@demand('psa.procMount')
def proc_mount(rendering):
    for each, who, value in everywhere(rendering, 'procMount'):
        if value not in (None, 'Default'):
            yield each, f'procMount of {who} is {value!r}'


@demand('psa.sysctls')
def sysctls(rendering):
    for each, pod in rendering.pods:
        for sysctl in at(pod, 'securityContext.sysctls') or []:
            if sysctl.get('name') not in SAFE_SYSCTLS:
                yield each, f'sysctl {sysctl.get("name")} is not a safe one'


# --- restricted

@demand('psa.restrictedVolumes')
def restricted_volumes(rendering):
    for each, pod in rendering.pods:
        for volume in pod.get('volumes') or []:
            if not VOLUME_TYPES.intersection(volume):
                yield each, f'volume {volume.get("name")} is of a type that is not allowed'


@demand('psa.allowPrivilegeEscalation')
def allow_privilege_escalation(rendering):
    for each, container in rendering.all_containers:
        if at(container, 'securityContext.allowPrivilegeEscalation') is not False:
            yield each, f'container {container.get("name")} may escalate privileges'


@demand('psa.runAsNonRoot')
def run_as_non_root(rendering):
    for each, pod in rendering.pods:
        if at(pod, 'securityContext.runAsNonRoot') is False:
            yield each, 'runAsNonRoot of the pod is false'
    for each, who, ours, theirs in per_container(rendering, 'runAsNonRoot'):
        if (ours if theirs is None else theirs) is not True:
            yield each, f'runAsNonRoot of {who} is not true'


@demand('psa.runAsUser')
def run_as_user(rendering):
    for each, who, value in everywhere(rendering, 'runAsUser'):
        if value == 0:
            yield each, f'{who} runs as root'


@demand('psa.seccompProfile_restricted')
def seccomp(rendering):
    allowed = ('RuntimeDefault', 'Localhost')
    for each, pod in rendering.pods:
        if at(pod, 'securityContext.seccompProfile.type') not in (None, *allowed):
            yield each, 'the seccomp profile of the pod is none that is allowed'
    for each, who, ours, theirs in per_container(rendering, 'seccompProfile.type'):
        if (theirs or ours) not in allowed:
            yield each, f'the seccomp profile of {who} is {theirs or ours}'


@demand('psa.capabilities_restricted')
def capabilities(rendering):
    for each, container in rendering.all_containers:
        found = at(container, 'securityContext.capabilities') or {}
        if 'ALL' not in (found.get('drop') or []):
            yield each, f'container {container.get("name")} does not drop ALL capabilities'
        if set(found.get('add') or []) - {'NET_BIND_SERVICE'}:
            yield each, f'container {container.get("name")} adds {found["add"]}'
