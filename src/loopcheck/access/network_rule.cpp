// SPDX-License-Identifier: Apache-2.0
#include "network_rule.hpp"

#include <algorithm>

#include <loopcheck/prediction/selector.hpp>

#include "address_block.hpp"

namespace loopcheck {
namespace {

opinion of(bool yes) noexcept {
  return yes ? opinion::yes : opinion::no;
}
opinion both(opinion a, opinion b) noexcept {
  return std::min(a, b);
}

std::string namespace_of(object const &policy) {
  return policy.id.space.empty() ? "default" : policy.id.space;
}

/// Here nothing is said where the selector is absent: the caller knows what that means.
opinion matches(value const &label_selector, labels const &own) {
  if (label_selector.entries().empty()) {
    return opinion::yes;
  }
  try {
    return of(selector::from(label_selector).matches(own));
  } catch (selector_error const &) {
    return opinion::unknown;  // the API server would not take it
  }
}

/// Plugins differ on blocks that Pods are in; the API says that they may match.
opinion block_holds(value const &block, network_pod const &other) {
  std::string_view const cidr = block["cidr"].text();
  auto const excluded = block["except"].items();
  if (other.addresses.empty()) {
    return is_whole_family(cidr) && excluded.empty() ? opinion::yes : opinion::unknown;
  }
  opinion best = opinion::no;
  for (std::string const &address : other.addresses) {
    auto const inside = within_block(address, cidr);
    bool const kept_out = std::ranges::any_of(excluded, [&](value const &each) {
      return within_block(address, each.text()).value_or(false);
    });
    best = std::max(best, !inside ? opinion::unknown : of(*inside && !kept_out));
  }
  return best;
}

/// Within a peer everything must hold; a podSelector alone means the policy's namespace.
opinion peer_is(inventory const &all, object const &policy, value const &peer,
                network_pod const &other) {
  if (peer.has("ipBlock")) {
    return block_holds(peer["ipBlock"], other);
  }
  value const &spaces = peer["namespaceSelector"];
  value const &pods = peer["podSelector"];
  opinion const space = spaces.is_null() ? of(other.id.space == namespace_of(policy))
                                         : matches(spaces, all.namespace_labels(other.id.space));
  opinion const pod = pods.is_null() ? opinion::yes : matches(pods, other.own);
  bool const nothing_said = spaces.is_null() && pods.is_null();
  if (nothing_said) {
    return opinion::no;
  }
  // The labels of a Namespace that was not seen are not known but for its name.
  bool const seen = spaces.is_null() || all.find("Namespace", "", other.id.space) != nullptr ||
                    all.known("Namespace") == inventory::knowledge::complete;
  bool const only_name = std::ranges::all_of(spaces["matchLabels"].entries(),
                                             [](auto const &each) {
                                               return each.key == "kubernetes.io/metadata.name";
                                             }) &&
                         spaces["matchExpressions"].items().empty();
  if (!seen && !only_name && space == opinion::no && pod != opinion::no) {
    return opinion::unknown;
  }
  return both(space, pod);
}

bool port_is(value const &each, connection const &of) {
  value const &said = each["port"];
  if (said.is_null()) {
    return true;
  }
  if (auto const number = said.is_number() ? said.integer() : std::nullopt) {
    return *number <= of.port && of.port <= each["endPort"].integer().value_or(*number);
  }
  return std::ranges::any_of(of.target.ports, [&](declared_port const &own) {
    return own.name == said.text() && own.number == of.port && own.protocol == of.protocol;
  });
}

}  // namespace

bool has_direction(object const &policy, direction which) {
  auto const said = policy.spec()["policyTypes"].items();
  if (said.empty()) {
    return which == direction::ingress || !policy.spec()["egress"].items().empty();
  }
  return std::ranges::any_of(said, [&](value const &each) {
    return each.text() == (which == direction::ingress ? "Ingress" : "Egress");
  });
}

opinion selects(object const &policy, network_pod const &pod) {
  if (namespace_of(policy) != pod.id.space) {
    return opinion::no;
  }
  return matches(policy.spec()["podSelector"], pod.own);
}

opinion peers_admit(inventory const &all, object const &policy, value const &peers,
                    network_pod const &other) {
  if (peers.items().empty()) {
    return opinion::yes;
  }
  opinion best = opinion::no;
  for (value const &each : peers.items()) {
    best = std::max(best, peer_is(all, policy, each, other));
  }
  return best;
}

opinion ports_admit(value const &ports, connection const &of) {
  if (ports.items().empty()) {
    return opinion::yes;
  }
  return std::ranges::any_of(ports.items(),
                             [&](value const &each) {
                               return each["protocol"].text_or("TCP") == of.protocol &&
                                      port_is(each, of);
                             })
             ? opinion::yes
             : opinion::no;
}

}  // namespace loopcheck
