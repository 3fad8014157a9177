// SPDX-License-Identifier: Apache-2.0
// The same connections as tests/chain/network_policy_test.py asks its evaluator.
#include <loopcheck/access/network_policy.hpp>

#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/yaml.hpp>

using namespace loopcheck;

namespace {

using answer = network_verdict::answer;

network_pod pod(std::string space, std::string name, labels own, std::string address = {}) {
  network_pod made;
  made.id = {"Pod", std::move(space), std::move(name)};
  made.own = std::move(own);
  if (!address.empty()) {
    made.addresses.push_back(std::move(address));
  }
  return made;
}

network_pod web_pod() {
  auto made = pod("shop", "web", {{"app", "web"}}, "10.244.0.5");
  made.ports = {{"http", 8080, "TCP"}, {"dns", 53, "UDP"}};
  return made;
}

network_pod const web = web_pod();
network_pod const cart = pod("shop", "cart", {{"app", "cart"}}, "10.244.0.6");
network_pod const twin = pod("shop", "twin", {{"app", "cart"}}, "10.244.0.8");
network_pod const stranger = pod("other", "web", {{"app", "web"}}, "10.244.1.7");
network_pod const prometheus =
    pod("monitoring", "prometheus", {{"app", "prometheus"}}, "10.244.2.1");
network_pod const grafana = pod("monitoring", "grafana", {{"app", "grafana"}}, "10.244.2.2");

/// Of specs, one policy each, in the namespace shop where none is said: `{space: x, …}`.
inventory cluster(std::vector<std::string> const &specs) {
  inventory all;
  auto const add = [&](std::string kind, std::string space, std::string name,
                       std::string const &yaml) {
    object made;
    made.id = {std::move(kind), std::move(space), std::move(name)};
    made.root = parse_yaml(yaml, "policies.yaml").at(0);
    all.add(std::move(made));
  };
  add("Namespace", "", "monitoring", "metadata: {labels: {team: ops}}");
  add("Namespace", "", "shop", "metadata: {labels: {}}");
  add("Namespace", "", "other", "metadata: {labels: {team: shop}}");
  for (std::size_t i = 0; i < specs.size(); ++i) {
    auto const spec = parse_yaml(specs[i], "spec").at(0);
    add("NetworkPolicy", spec["space"].text_or("shop"), "policy-" + std::to_string(i),
        "spec: " + specs[i]);
  }
  return all;
}

struct asked {
  network_pod const &from, &to;
  std::int64_t port = 8080;
  std::string protocol = "TCP";
};

void check(std::vector<std::string> const &specs, std::vector<asked> const &yes,
           std::vector<asked> const &no) {
  auto const all = cluster(specs);
  for (auto const &[from, to, port, protocol] : yes) {
    BOOST_TEST_CONTEXT(from.id.text() << " to " << to.id.text() << ":" << port) {
      BOOST_TEST((admits(all, from, to, port, protocol).what == answer::admitted));
    }
  }
  for (auto const &[from, to, port, protocol] : no) {
    BOOST_TEST_CONTEXT("not " << from.id.text() << " to " << to.id.text() << ":" << port) {
      auto const verdict = admits(all, from, to, port, protocol);
      BOOST_TEST_REQUIRE((verdict.what == answer::denied));
      BOOST_TEST(!verdict.why.empty());
      // What is printed to mend it does.
      BOOST_TEST_REQUIRE(verdict.change.has_value());
      inventory mended;
      for (auto const &each : all.kinds()) {
        for (object one : all.of_kind(each)) {
          if (one.id == verdict.change->of) {
            for (auto const &[key, held, where] : verdict.change->content["spec"].entries()) {
              one.root.find_mutable("spec")->set(key, held);
            }
          }
          mended.add(one);
        }
      }
      auto const after = admits(mended, from, to, port, protocol);
      bool const other_side = after.field.substr(0, 9) != verdict.field.substr(0, 9);
      BOOST_TEST((after.what == answer::admitted || other_side));
    }
  }
}

std::string entry(std::string const &rule) {
  return "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [" + rule +
         "]}";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_network_policy)

BOOST_AUTO_TEST_CASE(without_a_policy_all_is_admitted) {
  check({}, {{stranger, web}, {web, stranger, 443}}, {});
}

BOOST_AUTO_TEST_CASE(a_policy_counts_for_the_pods_that_it_selects) {
  check({"{podSelector: {matchLabels: {app: web}}}"}, {{stranger, cart}, {cart, stranger}},
        {{cart, web}, {stranger, web}});
  check({"{podSelector: {}}"}, {{cart, stranger}}, {{stranger, cart}, {cart, web}});
  check({"{space: other, podSelector: {}}"}, {{stranger, cart}}, {{cart, stranger}});
}

BOOST_AUTO_TEST_CASE(no_rule_denies_and_an_empty_rule_admits) {
  for (auto const *const each :
       {"{podSelector: {}}", "{podSelector: {}, ingress: []}", "{ingress: null}"}) {
    check({each}, {}, {{cart, web}});
  }
  check({"{podSelector: {}, ingress: [{}]}"}, {{cart, web}, {stranger, web, 1, "UDP"}}, {});
  check({"{ingress: [{from: [], ports: []}]}"}, {{stranger, web}}, {});
}

BOOST_AUTO_TEST_CASE(policies_and_rules_add_up) {
  check({"{podSelector: {}}", entry("{from: [{podSelector: {matchLabels: {app: cart}}}]}"),
         entry("{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}")},
        {{cart, web}, {prometheus, web}}, {{stranger, web}, {cart, twin}});
  check({"{ingress: [{ports: [{port: 1}]}, {ports: [{port: 2}]}]}"},
        {{cart, web, 1}, {cart, web, 2}}, {{cart, web, 3}});
}

BOOST_AUTO_TEST_CASE(pods_and_namespaces) {
  check({entry("{from: [{podSelector: {}}]}")}, {{cart, web}}, {{stranger, web}});
  check({entry("{from: [{podSelector: {matchLabels: {app: web}}}]}")}, {},
        {{cart, web}, {stranger, web}});
  check({entry("{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}")},
        {{prometheus, web}, {grafana, web}}, {{stranger, web}, {cart, web}});
  check({entry("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
               "monitoring}}}]}")},
        {{prometheus, web}}, {{stranger, web}});
  check({entry("{from: [{namespaceSelector: {}}]}")}, {{stranger, web}, {cart, web}}, {});
}

BOOST_AUTO_TEST_CASE(both_in_one_peer_must_hold_and_two_peers_are_a_choice) {
  std::string const ops = "namespaceSelector: {matchLabels: {team: ops}}";
  std::string const pods = "podSelector: {matchLabels: {app: prometheus}}";
  check({entry("{from: [{" + ops + ", " + pods + "}]}")}, {{prometheus, web}},
        {{grafana, web}, {cart, web}});
  check({entry("{from: [{" + ops + "}, {" + pods + "}]}")}, {{prometheus, web}, {grafana, web}},
        {{cart, web}});
}

BOOST_AUTO_TEST_CASE(blocks_of_addresses) {
  check({entry("{from: [{ipBlock: {cidr: 10.244.0.0/24}}]}")}, {{cart, web}}, {{stranger, web}});
  check({entry("{from: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.1.0/24]}}]}")},
        {{cart, web}, {prometheus, web}}, {{stranger, web}});
  check({entry("{from: [{ipBlock: {cidr: '::/0'}}]}")}, {}, {{cart, web}});
}

BOOST_AUTO_TEST_CASE(ports) {
  check({entry("{ports: [{port: 8080}]}")}, {{cart, web}},
        {{cart, web, 8081}, {cart, web, 8080, "UDP"}});
  check({entry("{ports: [{port: 8080, endPort: 8090}]}")}, {{cart, web}, {cart, web, 8090}},
        {{cart, web, 8091}, {cart, web, 8079}});
  check({entry("{ports: [{protocol: UDP}]}")}, {{cart, web, 53, "UDP"}}, {{cart, web, 53}});
  check({entry("{ports: [{port: http}]}")}, {{cart, web}}, {{cart, web, 53}});
  check({entry("{ports: [{port: admin}]}")}, {}, {{cart, web}});
  check({entry("{ports: [{port: dns}]}")}, {}, {{cart, web, 53}, {cart, web, 53, "UDP"}});
  check({entry("{ports: [{port: dns, protocol: UDP}]}")}, {{cart, web, 53, "UDP"}}, {});
  check({"{policyTypes: [Egress], egress: [{ports: [{port: http}]}]}"}, {{cart, web}},
        {{cart, stranger}});
}

BOOST_AUTO_TEST_CASE(policy_types) {
  check({"{policyTypes: [Ingress], egress: []}"}, {{web, stranger}}, {{stranger, web}});
  check({"{policyTypes: [Egress]}"}, {{stranger, web}}, {{web, stranger}, {web, cart}});
  check({"{egress: []}"}, {{web, stranger}}, {{stranger, web}});
  check({"{egress: [{ports: [{port: 443}]}]}"}, {{web, stranger, 443}},
        {{web, stranger, 80}, {stranger, web, 443}});
}

BOOST_AUTO_TEST_CASE(both_sides_must_agree) {
  std::string const out =
      "{space: monitoring, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: "
      "{kubernetes.io/metadata.name: shop}}}]}]}";
  check({out}, {{prometheus, web}}, {{prometheus, stranger}});
  check({out, "{podSelector: {}}"}, {}, {{prometheus, web}});
  check({"{policyTypes: [Ingress, Egress]}"}, {{web, web}}, {{cart, web}});
}

BOOST_AUTO_TEST_CASE(the_deciding_field_is_named) {
  auto const field = [](std::vector<std::string> const &specs) {
    return admits(cluster(specs), prometheus, web, 8080).field;
  };
  BOOST_TEST(field({}) == "");
  BOOST_TEST(field({"{podSelector: {}}"}) == "spec.ingress");
  BOOST_TEST(field({entry("{from: [{podSelector: {}}]}, {from: [{namespaceSelector: {}}]}")}) ==
             "spec.ingress[1]");
  BOOST_TEST(field({entry("{from: [{podSelector: {}}], ports: [{port: 8080}]}")}) ==
             "spec.ingress[0].from");
  BOOST_TEST(field({"{podSelector: {}}",
                    entry("{from: [{namespaceSelector: {}}], ports: [{port: 1}]}")}) ==
             "spec.ingress[0].ports");
  BOOST_TEST(field({"{space: monitoring, policyTypes: [Egress]}"}) == "spec.egress");
}

BOOST_AUTO_TEST_CASE(the_smallest_rule_is_for_the_pods_by_their_telling_labels) {
  auto const from = pod("monitoring", "prometheus-k8s-0",
                        {{"app.kubernetes.io/name", "prometheus"},
                         {"prometheus", "k8s"},
                         {"controller-revision-hash", "x"},
                         {"statefulset.kubernetes.io/pod-name", "prometheus-k8s-0"}});
  auto const verdict = admits(cluster({entry("{ports: [{port: 1}]}")}), from, web, 8080);
  BOOST_TEST_REQUIRE(verdict.change.has_value());
  auto const expected = parse_yaml(
      "- {ports: [{port: 1}]}\n"
      "- from:\n"
      "  - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}\n"
      "    podSelector: {matchLabels: {app.kubernetes.io/name: prometheus, prometheus: k8s}}\n"
      "  ports: [{port: 8080, protocol: TCP}]\n",
      "expected");
  BOOST_TEST((verdict.change->content["spec"]["ingress"] == expected.at(0)));
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_not_decided) {
  auto all = cluster({entry("{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}")});
  auto const unseen = pod("unseen", "x", {});
  BOOST_TEST((admits(all, unseen, web, 8080).what == answer::undecided));
  all.set_known("Namespace", inventory::knowledge::complete);
  BOOST_TEST((admits(all, unseen, web, 8080).what == answer::denied));
  auto const blocks = cluster({entry("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}")});
  BOOST_TEST((admits(blocks, unseen, web, 8080).what == answer::undecided));
  auto const everywhere = cluster({entry("{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}")});
  BOOST_TEST((admits(everywhere, unseen, web, 8080).what == answer::admitted));
  auto host = prometheus;
  host.host_network = true;
  BOOST_TEST((admits(blocks, host, web, 8080).what == answer::undecided));
  inventory none;
  none.set_known("NetworkPolicy", inventory::knowledge::forbidden, "no right to list them");
  BOOST_TEST((admits(none, cart, web, 8080).what == answer::undecided));
}

BOOST_AUTO_TEST_CASE(a_pod_as_an_object) {
  object made;
  made.id = {"Pod", "a", "b"};
  made.root = parse_yaml(
                  "metadata: {labels: {app: x}}\n"
                  "spec:\n"
                  "  containers: [{ports: [{name: http, containerPort: 80}]}]\n"
                  "  initContainers: [{ports: [{containerPort: 53, protocol: UDP}]}]\n"
                  "status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n",
                  "pod")
                  .at(0);
  auto const read = network_pod::of(made);
  BOOST_TEST(read.own.at("app") == "x");
  BOOST_TEST(read.ports.at(0).name == "http");
  BOOST_TEST(read.ports.at(1).protocol == "UDP");
  BOOST_TEST(read.addresses.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
