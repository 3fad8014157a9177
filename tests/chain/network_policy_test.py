# SPDX-License-Identifier: Apache-2.0
"""The evaluator of NetworkPolicies: each rule of the API, with connections on either side."""
from __future__ import annotations

import unittest

import rendering  # noqa: F401  ends the test as skipped where Python lacks a module
from network_policy import Network, Node, Outside, Party, Pod

WEB = Pod('shop', {'app': 'web'}, (
    {'name': 'http', 'containerPort': 8080},
    {'name': 'dns', 'containerPort': 53, 'protocol': 'UDP'}), '10.244.0.5')
CART = Pod('shop', {'app': 'cart'}, address='10.244.0.6')
STRANGER = Pod('other', {'app': 'web'}, address='10.244.1.7')
PROMETHEUS = Pod('monitoring', {'app': 'prometheus'})
GRAFANA = Pod('monitoring', {'app': 'grafana'})
INTERNET = Outside('203.0.113.9')
NAMESPACES = {'monitoring': {'team': 'ops'}, 'other': {'team': 'shop'}}

WEB_ONLY = {'matchLabels': {'app': 'web'}}
OPS = {'matchLabels': {'team': 'ops'}}
BY_NAME = {'matchLabels': {'kubernetes.io/metadata.name': 'monitoring'}}


def policy(namespace: str = 'shop', **spec: object) -> dict:
    return {'kind': 'NetworkPolicy', 'metadata': {'name': 'x', 'namespace': namespace},
            'spec': {'podSelector': {}, **spec}}


def entry(*peers: dict, ports: tuple[dict, ...] = ()) -> dict:
    """A policy for `web` with one rule for who may come."""
    rule = {**({'from': list(peers)} if peers else {}), **({'ports': list(ports)} if ports else {})}
    return policy(podSelector=WEB_ONLY, policyTypes=['Ingress'], ingress=[rule])


class Semantics(unittest.TestCase):
    def check(self, policies: list[dict], *, yes: tuple = (), no: tuple = ()) -> None:
        """Connections are (source, target[, port[, protocol]])."""
        network = Network(policies, NAMESPACES)
        for expected, connections in ((True, yes), (False, no)):
            for source, target, *how in connections:
                with self.subTest(source=source, target=target, how=how):
                    self.assertIs(network.allows(source, target, *(how or [8080])), expected)

    def test_without_a_policy_all_is_allowed(self) -> None:
        self.check([], yes=((STRANGER, WEB), (INTERNET, WEB), (WEB, INTERNET, 443)))

    def test_a_policy_counts_for_the_pods_that_it_selects(self) -> None:
        deny = policy(podSelector=WEB_ONLY)
        self.check([deny], yes=((STRANGER, CART), (CART, STRANGER)),
                   no=((CART, WEB), (INTERNET, WEB)))

    def test_and_in_its_own_namespace(self) -> None:
        self.check([policy()], yes=((CART, STRANGER),), no=((STRANGER, CART), (CART, WEB)))
        self.check([policy('other')], yes=((STRANGER, CART),), no=((CART, STRANGER),))
        nameless = policy()
        del nameless['metadata']['namespace']
        self.check([nameless], yes=((CART, WEB),), no=((CART, Pod('default')),))

    def test_no_rule_denies_and_an_empty_rule_allows(self) -> None:
        for rules in ({}, {'ingress': []}, {'ingress': None}):
            self.check([policy(**rules)], no=((CART, WEB), (INTERNET, WEB)))
        self.check([policy(ingress=[{}])],
                   yes=((CART, WEB), (INTERNET, WEB), (CART, WEB, 1, 'UDP')))
        self.check([policy(ingress=[{'from': [], 'ports': []}])], yes=((INTERNET, WEB),))

    def test_policies_and_rules_add_up(self) -> None:
        self.check([policy(), entry({'podSelector': {'matchLabels': {'app': 'cart'}}}),
                    entry({'namespaceSelector': OPS})],
                   yes=((CART, WEB), (PROMETHEUS, WEB)), no=((STRANGER, WEB), (CART, CART_TWIN)))
        self.check([policy(ingress=[{'ports': [{'port': 1}]}, {'ports': [{'port': 2}]}])],
                   yes=((CART, WEB, 1), (CART, WEB, 2)), no=((CART, WEB, 3),))

    def test_pod_selector_means_the_policys_namespace(self) -> None:
        self.check([entry({'podSelector': {}})], yes=((CART, WEB),),
                   no=((STRANGER, WEB), (INTERNET, WEB)))
        self.check([entry({'podSelector': WEB_ONLY})], no=((CART, WEB), (STRANGER, WEB)))

    def test_namespace_selector_means_all_pods_there(self) -> None:
        self.check([entry({'namespaceSelector': OPS})], yes=((PROMETHEUS, WEB), (GRAFANA, WEB)),
                   no=((STRANGER, WEB), (CART, WEB), (INTERNET, WEB)))
        self.check([entry({'namespaceSelector': BY_NAME})], yes=((PROMETHEUS, WEB),),
                   no=((STRANGER, WEB),))
        self.check([entry({'namespaceSelector': {}})], yes=((STRANGER, WEB), (CART, WEB)),
                   no=((INTERNET, WEB),))
        expression = {'matchExpressions': [
            {'key': 'team', 'operator': 'NotIn', 'values': ['shop']}]}
        self.check([entry({'namespaceSelector': expression})],
                   yes=((PROMETHEUS, WEB), (CART, WEB)), no=((STRANGER, WEB),))

    def test_both_in_one_peer_must_hold_and_two_peers_are_a_choice(self) -> None:
        pods = {'podSelector': {'matchLabels': {'app': 'prometheus'}}}
        self.check([entry({'namespaceSelector': OPS, **pods})], yes=((PROMETHEUS, WEB),),
                   no=((GRAFANA, WEB), (CART, WEB)))
        self.check([entry({'namespaceSelector': OPS}, pods)],
                   yes=((PROMETHEUS, WEB), (GRAFANA, WEB)), no=((CART, WEB),))

    def test_ip_block(self) -> None:
        block = {'cidr': '203.0.113.0/24', 'except': ['203.0.113.128/25']}
        self.check([entry({'ipBlock': block})], yes=((INTERNET, WEB),),
                   no=((Outside('203.0.113.200'), WEB), (Outside('198.51.100.1'), WEB),
                       (Outside('2001:db8::1'), WEB), (CART, WEB), (PROMETHEUS, WEB)))
        self.check([entry({'ipBlock': {'cidr': '10.244.0.0/24'}})], yes=((CART, WEB),),
                   no=((STRANGER, WEB),))

    def test_ports(self) -> None:
        self.check([entry(ports=({'port': 8080},))], yes=((CART, WEB),),
                   no=((CART, WEB, 8081), (CART, WEB, 8080, 'UDP')))
        self.check([entry(ports=({'port': 8080, 'endPort': 8090},))],
                   yes=((CART, WEB), (CART, WEB, 8090)), no=((CART, WEB, 8091), (CART, WEB, 8079)))
        self.check([entry(ports=({'protocol': 'UDP'},))], yes=((CART, WEB, 53, 'UDP'),),
                   no=((CART, WEB, 53),))

    def test_a_ports_name_is_that_of_the_pod_connected_to(self) -> None:
        self.check([entry(ports=({'port': 'http'},))], yes=((CART, WEB),), no=((CART, WEB, 53),))
        self.check([entry(ports=({'port': 'admin'},))], no=((CART, WEB), (CART, WEB, 8081)))
        # The same name with another protocol is another port.
        self.check([entry(ports=({'port': 'dns'},))], no=((CART, WEB, 53), (CART, WEB, 53, 'UDP')))
        self.check([entry(ports=({'port': 'dns', 'protocol': 'UDP'},))],
                   yes=((CART, WEB, 53, 'UDP'),))
        out = policy(policyTypes=['Egress'], egress=[{'ports': [{'port': 'http'}]}])
        self.check([out], yes=((CART, WEB),), no=((CART, INTERNET), (CART, STRANGER)))

    def test_peers_and_ports_of_a_rule_must_both_hold(self) -> None:
        self.check([entry({'namespaceSelector': OPS}, ports=({'port': 8080},))],
                   yes=((PROMETHEUS, WEB),), no=((PROMETHEUS, WEB, 8081), (CART, WEB)))

    def test_policy_types(self) -> None:
        self.check([policy(policyTypes=['Ingress'], egress=[])], yes=((WEB, INTERNET),),
                   no=((INTERNET, WEB),))
        self.check([policy(policyTypes=['Egress'])], yes=((INTERNET, WEB),),
                   no=((WEB, INTERNET), (WEB, CART)))
        self.check([policy(policyTypes=['Ingress', 'Egress'])],
                   no=((INTERNET, WEB), (WEB, INTERNET)))
        # Left out: Ingress, and Egress only where there is a rule.
        self.check([policy(egress=[])], yes=((WEB, INTERNET),), no=((INTERNET, WEB),))
        self.check([policy(egress=[{'ports': [{'port': 443}]}])], yes=((WEB, INTERNET, 443),),
                   no=((WEB, INTERNET, 80), (INTERNET, WEB)))

    def test_egress_to_dns(self) -> None:
        resolver = Pod('kube-system', {'k8s-app': 'kube-dns'})
        dns = policy(policyTypes=['Egress'], egress=[{
            'to': [{'namespaceSelector': {'matchLabels': {
                'kubernetes.io/metadata.name': 'kube-system'}},
                    'podSelector': {'matchLabels': {'k8s-app': 'kube-dns'}}}],
            'ports': [{'port': 53, 'protocol': 'UDP'}, {'port': 53}]}])
        self.check([dns], yes=((WEB, resolver, 53), (WEB, resolver, 53, 'UDP')),
                   no=((WEB, resolver, 443), (WEB, Outside('8.8.8.8'), 53, 'UDP'),
                       (WEB, Pod('kube-system'), 53, 'UDP')))

    def test_both_sides_must_allow(self) -> None:
        out = policy('monitoring', policyTypes=['Egress'], egress=[
            {'to': [{'namespaceSelector': {'matchLabels': {
                'kubernetes.io/metadata.name': 'shop'}}}]}])
        self.check([out], yes=((PROMETHEUS, WEB),), no=((PROMETHEUS, STRANGER),))
        self.check([out, policy()], no=((PROMETHEUS, WEB),))
        self.check([out, entry({'namespaceSelector': OPS})], yes=((PROMETHEUS, WEB),),
                   no=((STRANGER, WEB),))

    def test_a_pod_reaches_itself_and_its_node_reaches_it(self) -> None:
        self.check([policy(policyTypes=['Ingress', 'Egress'])], yes=((WEB, WEB), (Node(), WEB)),
                   no=((CART, WEB),))


CART_TWIN: Party = Pod('shop', {'app': 'cart'}, address='10.244.0.8')

if __name__ == '__main__':
    unittest.main()
