// SPDX-License-Identifier: Apache-2.0
// What could not be read, or is not told, decides nothing.
#include "world.hpp"

namespace loopcheck {

using test::world;

BOOST_AUTO_TEST_SUITE(links_live_unknown)

BOOST_AUTO_TEST_CASE(secrets_may_not_be_read) {
  world one;
  one.prometheus().generated.reset();
  BOOST_TEST(one.codes() == "");  // what runs proves more
}

BOOST_AUTO_TEST_CASE(what_one_server_does_not_say) {
  world silent;
  silent.prometheus().servers.front().told_samples = false;
  BOOST_TEST(silent.codes() == "LC0808? ");

  // A target of another namespace, which was not read: nothing is known of it, nor asked.
  world more;
  merged_target other = more.prometheus().targets->active.front();
  other.worst.final["job"] = "else";
  other.worst.url = "http://10.0.0.9:80/metrics";
  more.prometheus().targets->active.push_back(other);
  BOOST_TEST(more.codes() == "");

  world agent;
  add_argument("up", 1, agent.queries);
  agent.prometheus().servers.front().agent = true;
  BOOST_TEST(agent.codes() == "LC0905? ");

  world half;
  add_argument("up", 1, half.queries);
  half.seen.queries["up"] = {0, {}, ""};
  half.prometheus().not_answered.push_back("prometheus-k8s-1: not ready");
  BOOST_TEST(half.codes() == "LC0905? ");
}

BOOST_AUTO_TEST_CASE(no_target_at_all) {
  auto const without_addresses = [](inventory &all) {
    for (auto const *const kind : {"Endpoints", "EndpointSlice"})
      all.keep(kind, [](object const &) { return false; });
  };
  world const gone("", without_addresses);
  BOOST_TEST(gone.codes() == "LC0206 LC0701 ");
  BOOST_TEST(gone.found("LC0701").because_of == "LC0206");
  world const unread("", [&](inventory &all) {
    without_addresses(all);
    all.set_known("Endpoints", inventory::knowledge::forbidden, "endpoints is forbidden: no");
  });
  BOOST_TEST(unread.codes() == "LC0206? LC0701? ");
}

BOOST_AUTO_TEST_CASE(nodes_may_not_be_read) {
  world one("", [](inventory &all) {
    auto monitor = *all.find("ServiceMonitor", "demo", "m");
    monitor.root.find_mutable("spec")->set("attachMetadata", value::map({{"node", value(true)}}));
    all.keep("ServiceMonitor", [](object const &) { return false; });
    all.add(monitor);
    all.set_known("Node", inventory::knowledge::forbidden, "nodes is forbidden: no");
  });
  one.target().final["zone"] = "a";
  one.prometheus().up_at_s->emplace(one.target().final, 1e9);
  BOOST_TEST(one.codes() == "LC0702? ");
  BOOST_TEST(one.found("LC0702").found.find("nodes is forbidden") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_pod_that_goes_just_now) {
  world one("", [](inventory &all) {
    std::vector<object> pods(all.of_kind("Pod").begin(), all.of_kind("Pod").end());
    all.keep("Pod", [](object const &) { return false; });
    for (auto &each : pods) {
      each.root.find_mutable("metadata")->set("deletionTimestamp", value("2026-01-01T00:00:00Z"));
      all.add(each);
    }
  });
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0701? ");
}

BOOST_AUTO_TEST_CASE(what_may_not_be_read_is_not_broken) {
  world const one("", [](inventory &all) {
    all.keep("Service", [](object const &) { return false; });
    all.set_known("Service", inventory::knowledge::forbidden, "services is forbidden: no");
  });
  BOOST_TEST(one.codes() == "LC0302? ");
  BOOST_TEST(one.found("LC0302").found.find("services is forbidden: no") != std::string::npos);
  BOOST_TEST(one.checked().undecided);
}

BOOST_AUTO_TEST_CASE(no_crds) {
  world const one("", [](inventory &all) {
    for (auto const *const kind : {"ServiceMonitor", "PodMonitor"}) {
      all.keep(kind, [](object const &) { return false; });
      all.set_known(kind, inventory::knowledge::absent, "no such resource");
    }
  });
  BOOST_TEST(one.codes() == "LC0608 ");
}

BOOST_AUTO_TEST_CASE(a_policy_that_nobody_enforces) {
  std::string const policy = R"(
---
kind: NetworkPolicy
metadata: {name: deny, namespace: demo}
spec: {podSelector: {}, policyTypes: [Ingress]}
)";
  world one(policy);
  BOOST_TEST(one.codes() == "");
  BOOST_TEST((one.found("LC0502").severity == severity::warning));
  one.target().health = "down";
  one.target().last_error = "context deadline exceeded";
  BOOST_TEST(one.codes() == "LC0502 LC0711 ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace loopcheck
