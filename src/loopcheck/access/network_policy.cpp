// SPDX-License-Identifier: Apache-2.0
#include "network_policy.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "network_rule.hpp"

namespace loopcheck {
namespace {

using answer = network_verdict::answer;

/// The field of a rule that fails, from far to near: whom it admits counts more than the port.
struct near_rule {
  int rank = 0;
  object const *policy = nullptr;
  std::string field;
  std::string why;
};

bool is_passing(std::string_view label) noexcept {
  constexpr std::array passing = {"pod-template-hash",
                                  "controller-revision-hash",
                                  "pod-template-generation",
                                  "statefulset.kubernetes.io/pod-name",
                                  "apps.kubernetes.io/pod-index",
                                  "job-name",
                                  "controller-uid",
                                  "batch.kubernetes.io/job-name",
                                  "batch.kubernetes.io/controller-uid",
                                  "app.kubernetes.io/version",
                                  "helm.sh/chart",
                                  "operator.prometheus.io/shard"};
  return std::ranges::find(passing, label) != passing.end();
}

/// A selector that means this Pod and its siblings, no more labels than that takes.
value selector_of(network_pod const &pod) {
  constexpr std::array telling = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app",
                                  "k8s-app", "prometheus"};
  value wanted = value::map();
  for (std::string_view const each : telling) {
    if (auto const at = pod.own.find(each); at != pod.own.end()) {
      wanted.set(at->first, at->second);
    }
  }
  for (auto const &[label, held] : pod.own) {
    if (wanted.size() == 0 && !is_passing(label)) {
      wanted.set(label, held);
    }
  }
  value made = value::map();
  if (wanted.size() > 0) {
    made.set("matchLabels", std::move(wanted));
  }
  return made;
}

class side {
 public:
  side(inventory const &all, direction which, network_pod const &owner, connection const &of)
      : all_(all), which_(which), owner_(owner), of_(of) {}

  network_verdict run() {
    for (object const &policy : all_.of_kind("NetworkPolicy")) {
      opinion const selected = selects(policy, owner_);
      if (selected == opinion::no || !has_direction(policy, which_)) {
        continue;
      }
      if (selected == opinion::unknown) {
        doubt(policy, "spec.podSelector", "is not a selector");
        continue;
      }
      isolating_ = isolating_ == nullptr ? &policy : isolating_;
      if (auto admitted = rules(policy)) {
        return *admitted;
      }
    }
    if (doubt_) {
      return *doubt_;
    }
    return isolating_ == nullptr ? network_verdict() : denied();
  }

 private:
  std::string_view key() const { return which_ == direction::ingress ? "ingress" : "egress"; }
  std::string_view peers() const { return which_ == direction::ingress ? "from" : "to"; }

  std::optional<network_verdict> rules(object const &policy) {
    std::size_t index = 0;
    for (value const &rule : policy.spec()[key()].items()) {
      std::string const field = "spec." + std::string(key()) + "[" + std::to_string(index++) + "]";
      opinion const peer = peers_admit(all_, policy, rule[peers()], of_.other);
      opinion const port = ports_admit(rule["ports"], of_);
      if (peer == opinion::yes && port == opinion::yes) {
        return network_verdict{
            answer::admitted, policy.id, field, policy.id.text() + " admits it by " + field, {}};
      }
      if (peer == opinion::unknown && port == opinion::yes) {
        doubt(policy, field + "." + std::string(peers()),
              "cannot be decided: labels of the namespace " + of_.other.id.space +
                  " or an address of " + of_.other.id.text() + " are not known");
      }
      near(policy, field, peer, port);
    }
    near_rule none{1, &policy, "spec." + std::string(key()), "has no rule that admits it"};
    keep(none);
    return {};
  }

  void near(object const &policy, std::string const &field, opinion peer, opinion port) {
    if (peer != opinion::no) {
      keep({3, &policy, field + ".ports",
            "admits " + of_.other.id.text() + ", but not to port " + std::to_string(of_.port)});
    } else if (port == opinion::yes) {
      keep({2, &policy, field + "." + std::string(peers()),
            "admits port " + std::to_string(of_.port) + ", but not " +
                (which_ == direction::ingress ? "from " : "to ") + of_.other.id.text()});
    }
  }

  void keep(near_rule of) {
    if (of.rank > nearest_.rank) {
      nearest_ = std::move(of);
    }
  }

  void doubt(object const &policy, std::string field, std::string const &why) {
    if (!doubt_) {
      std::string words = policy.id.text() + " " + field + " " + why;
      doubt_ =
          network_verdict{answer::undecided, policy.id, std::move(field), std::move(words), {}};
    }
  }

  network_verdict denied() const {
    return {answer::denied, nearest_.policy->id, nearest_.field,
            nearest_.policy->id.text() + " " + nearest_.why, widened(*nearest_.policy)};
  }

  /// Lists of rules are replaced as a whole by a patch, so that those that are there come along.
  patch widened(object const &policy) const {
    value peer = value::map();
    if (of_.other.id.space != owner_.id.space) {
      peer.set("namespaceSelector",
               value::map({{"matchLabels",
                            value::map({{"kubernetes.io/metadata.name", of_.other.id.space}})}}));
    }
    peer.set("podSelector", selector_of(of_.other));
    value port = value::map();
    port.set("protocol", of_.protocol);
    port.set("port", of_.port);
    value rule = value::map();
    rule.set(std::string(peers()), value::list({std::move(peer)}));
    rule.set("ports", value::list({std::move(port)}));
    value list = value::list();
    for (value const &each : policy.spec()[key()].items()) {
      list.push(each);
    }
    list.push(std::move(rule));
    value spec = value::map();
    spec.set(std::string(key()), std::move(list));
    value metadata = value::map();
    metadata.set("name", policy.id.name);
    metadata.set("namespace", policy.id.space);
    value content = value::map();
    content.set("apiVersion", "networking.k8s.io/v1");
    content.set("kind", "NetworkPolicy");
    content.set("metadata", std::move(metadata));
    content.set("spec", std::move(spec));
    return {policy.id, std::move(content), false};
  }

  inventory const &all_;
  direction which_;
  network_pod const &owner_;
  connection const &of_;
  object const *isolating_ = nullptr;
  near_rule nearest_;
  std::optional<network_verdict> doubt_;
};

network_verdict undecided(std::string why) {
  return {answer::undecided, {}, {}, std::move(why), {}};
}

/// Whether policies of a Pod on the host's network count and whether it is known by its labels is
/// the plugin's choice: what is admitted either way needs no rule, or one that names nobody.
bool whatever_it_is(inventory const &all, network_verdict const &of, network_pod const &other) {
  if (of.what != answer::admitted || of.policy.name.empty() || !other.host_network) {
    return of.what == answer::admitted;
  }
  auto const &spec = all.find(of.policy)->spec();
  for (auto const &[key, peers] : {std::pair("ingress", "from"), std::pair("egress", "to")}) {
    std::size_t index = 0;
    for (value const &rule : spec[key].items()) {
      std::string const field = "spec." + std::string(key) + "[" + std::to_string(index++) + "]";
      if (field == of.field) return rule[peers].size() == 0;
    }
  }
  return false;
}

}  // namespace

network_pod network_pod::of(object const &pod) {
  network_pod made;
  made.id = pod.id;
  made.own = pod.label_map();
  made.host_network = pod.spec()["hostNetwork"].boolean_or(false);
  for (std::string_view const list : {"containers", "initContainers"}) {
    for (value const &container : pod.spec()[list].items()) {
      for (value const &port : container["ports"].items()) {
        made.ports.push_back({std::string(port["name"].text()),
                              port["containerPort"].integer().value_or(0),
                              port["protocol"].text_or("TCP")});
      }
    }
  }
  for (value const &each : pod["status"]["podIPs"].items()) {
    made.addresses.emplace_back(each["ip"].text());
  }
  if (made.addresses.empty() && pod["status"]["podIP"].is_text()) {
    made.addresses.emplace_back(pod["status"]["podIP"].text());
  }
  return made;
}

network_verdict admits(inventory const &all, network_pod const &from, network_pod const &to,
                       std::int64_t port, std::string const &protocol) {
  if (from.id == to.id) {
    return {};  // a Pod reaches itself, whatever is said
  }
  if (all.known("NetworkPolicy") == inventory::knowledge::forbidden) {
    return undecided("NetworkPolicies could not be read: " +
                     std::string(all.why_unknown("NetworkPolicy")));
  }
  if (all.of_kind("NetworkPolicy").empty()) {
    return {};
  }
  connection const outwards{to, to, port, protocol};
  network_verdict const egress = side(all, direction::egress, from, outwards).run();
  connection const inwards{from, to, port, protocol};
  network_verdict const ingress = side(all, direction::ingress, to, inwards).run();
  if ((from.host_network || to.host_network) &&
      !(whatever_it_is(all, egress, to) && whatever_it_is(all, ingress, from))) {
    return undecided(
        "the API does not say what NetworkPolicies mean for Pods on the host's network");
  }
  if (egress.what == answer::denied) {
    return egress;
  }
  if (ingress.what != answer::admitted || egress.what == answer::admitted) {
    bool const says = ingress.what != answer::admitted || !ingress.policy.name.empty();
    return says ? ingress : egress;
  }
  return egress;
}

}  // namespace loopcheck
