# SPDX-License-Identifier: Apache-2.0
"""Who may connect to whom under NetworkPolicies, by the rules of the API
(kubernetes.io/docs/concepts/services-networking/network-policies). Connections go to Pods and to
the world outside: what stands behind a Service's address is for the caller to say."""
from __future__ import annotations

import dataclasses
import ipaddress

import checker
from checker import at

NAME_LABEL = 'kubernetes.io/metadata.name'  # the API server sets it on every namespace
KEYS = {'Ingress': ('ingress', 'from'), 'Egress': ('egress', 'to')}


@dataclasses.dataclass(frozen=True)
class Pod:
    namespace: str
    labels: dict = dataclasses.field(default_factory=dict)
    ports: tuple[dict, ...] = ()  # as containers declare them
    address: str = ''


@dataclasses.dataclass(frozen=True)
class Outside:
    """An address that is no Pod's."""
    address: str


@dataclasses.dataclass(frozen=True)
class Node:
    """Where the other side's Pod runs: the kubelet, and whoever is forwarded by it."""


Party = Pod | Outside | Node


def selects(selector: dict, labels: dict) -> bool:
    """Here an empty selector, unlike an absent one, means everything."""
    empty = not at(selector, 'matchLabels') and not at(selector, 'matchExpressions')
    return empty or checker.matches(selector, labels)


class Network:
    def __init__(self, policies: list[dict], namespaces: dict[str, dict]) -> None:
        """`namespaces` maps names to labels; one that is not there has its name alone."""
        self.policies = policies
        self.namespaces = namespaces

    def allows(self, source: Party, target: Party, port: int, protocol: str = 'TCP') -> bool:
        """Both sides must agree. A Pod reaches itself, its node reaches it, whatever is said."""
        if source == target or Node() in (source, target):
            return True
        return (self._permits('Egress', source, target, target, port, protocol)
                and self._permits('Ingress', target, source, target, port, protocol))

    def _permits(self, direction: str, owner: Party, other: Party, target: Party, port: int,
                 protocol: str) -> bool:
        """What the policies of one side say; they add up, and without any all is allowed."""
        rules_key, peers_key = KEYS[direction]
        mine = [each for each in self.policies
                if isinstance(owner, Pod) and namespace_of(each) == owner.namespace
                and direction in policy_types(each)
                and selects(at(each, 'spec.podSelector') or {}, owner.labels)]
        return not mine or any(
            self._peer(rule.get(peers_key), each, other)
            and includes(rule.get('ports'), target, port, protocol)
            for each in mine for rule in at(each, f'spec.{rules_key}') or [])

    def _peer(self, peers: list[dict] | None, policy: dict, other: Party) -> bool:
        return not peers or any(self._is(each, policy, other) for each in peers)

    def _is(self, peer: dict, policy: dict, other: Party) -> bool:
        """Within a peer everything must hold; a podSelector alone means the policy's namespace."""
        if 'ipBlock' in peer:
            return within(peer['ipBlock'], other)
        if not isinstance(other, Pod):
            return False
        namespaces, pods = peer.get('namespaceSelector'), peer.get('podSelector')
        if namespaces is None and other.namespace != namespace_of(policy):
            return False
        labels = {**self.namespaces.get(other.namespace, {}), NAME_LABEL: other.namespace}
        return ((namespaces is None or selects(namespaces, labels))
                and (pods is None or selects(pods, other.labels)))


def namespace_of(policy: dict) -> str:
    return at(policy, 'metadata.namespace') or 'default'


def policy_types(policy: dict) -> list[str]:
    """Without being said: Ingress always, Egress where there is a rule for it."""
    said = at(policy, 'spec.policyTypes')
    return said or ['Ingress', *(['Egress'] if at(policy, 'spec.egress') else [])]


def includes(ports: list[dict] | None, target: Party, port: int, protocol: str) -> bool:
    """Whether one entry means the port; a name is looked up in the Pod that is connected to."""
    if not ports:
        return True
    declared = target.ports if isinstance(target, Pod) else ()
    for each in ports:
        if each.get('protocol', 'TCP') != protocol:
            continue
        said = each.get('port')
        if said is None:
            return True
        if isinstance(said, int):
            if said <= port <= each.get('endPort', said):
                return True
        elif any(own.get('name') == said and own.get('containerPort') == port
                 and own.get('protocol', 'TCP') == protocol for own in declared):
            return True
    return False


def within(block: dict, other: Party) -> bool:
    """Also of Pods: plugins differ on that, and who is to be kept out must be in neither."""
    if isinstance(other, Node) or not other.address:
        return False
    address = ipaddress.ip_address(other.address)
    return address in ipaddress.ip_network(block['cidr']) and not any(
        address in ipaddress.ip_network(each) for each in block.get('except') or [])
