// SPDX-License-Identifier: Apache-2.0
// What runs, beside what was predicted: each piece of evidence and what is made of it.
#include "world.hpp"

namespace loopcheck {

using test::pool;
using test::world;

BOOST_AUTO_TEST_SUITE(links_live)

BOOST_AUTO_TEST_CASE(all_is_well) {
  world const one;
  BOOST_TEST(one.codes() == "");
  BOOST_TEST(one.seen.each.front().targets->active.size() == 1u);
  auto const found = one.checked();
  BOOST_TEST(!found.undecided);
  BOOST_TEST(found.chains.size() == 1u);
  BOOST_TEST(found.chains.front().subject.text() == "ServiceMonitor/demo/m");
}

BOOST_AUTO_TEST_CASE(the_operator_has_not_written_it) {
  world one(R"(
---
kind: Event
metadata: {name: e, namespace: demo}
involvedObject: {kind: ServiceMonitor, namespace: demo, name: m}
reason: InvalidConfiguration
message: it was rejected for a reason
)");
  one.prometheus().generated->clear();
  one.prometheus().servers.front().pools->clear();
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0604 ");
  BOOST_TEST(one.found("LC0604").found.find("for a reason") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(prometheus_has_not_loaded_it) {
  world one;
  one.prometheus().servers.front().pools->clear();
  one.prometheus().targets->active.clear();
  BOOST_TEST(one.codes() == "LC0605 ");
}

BOOST_AUTO_TEST_CASE(another_monitor_breaks_the_reload) {
  world one(R"(
---
kind: ServiceMonitor
metadata: {name: bad, namespace: team}
spec: {selector: {matchLabels: {app: x}}, endpoints: [{port: "me(trics"}]}
)");
  std::erase_if(one.chains, [](auto const &each) { return each.monitor->id.name != "m"; });
  one.prometheus().servers.front().reload_successful = false;
  BOOST_TEST(one.codes() == "LC0606 ");
  BOOST_TEST(one.found("LC0606").found.find("ServiceMonitor/team/bad") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(targets) {
  world absent;
  absent.prometheus().targets->active.clear();
  BOOST_TEST(absent.codes() == "LC0701 ");
  absent.prometheus().not_answered.push_back("prometheus-k8s-1: not ready");
  BOOST_TEST(absent.codes() == "LC0701? ");

  world other;
  other.target().final["job"] = "else";
  other.prometheus().up_at_s->emplace(other.target().final, 1e9);
  BOOST_TEST(other.codes() == "LC0702 ");
  BOOST_TEST(other.found("LC0702").found.find("job=\"else\" instead of \"demo\"") !=
             std::string::npos);

  world waiting;
  waiting.target().health = "unknown";
  BOOST_TEST(waiting.codes() == "LC0703? ");

  world silent;
  silent.prometheus().targets.reset();
  silent.prometheus().not_answered.push_back("prometheus-k8s-0: forbidden");
  BOOST_TEST(silent.codes() == "LC0708? ");
  BOOST_TEST(silent.found("LC0708").found == "prometheus-k8s-0: forbidden");
}

BOOST_AUTO_TEST_CASE(a_target_that_is_down) {
  struct row {
    std::string words, code;
    bool patch;
  };
  for (row const &each : {
           row{"Get \"http://x/metrics\": dial tcp 1.2.3.4:80: connect: connection refused",
               "LC0710", false},
           row{"server returned HTTP status 401 Unauthorized", "LC0713", false},
           row{"Get \"https://x\": http: server gave HTTP response to HTTPS client", "LC0718",
               true},
           row{"received unsupported Content-Type \"a/b\" and no fallback_scrape_protocol",
               "LC0720", true},
           row{"something new", "LC0727", false},
       }) {
    world one;
    one.target().health = "down";
    one.target().last_error = each.words;
    BOOST_TEST(one.codes() == each.code + " ");
    auto const found = one.found(each.code);
    BOOST_TEST(found.change.has_value() == each.patch, each.code);
    BOOST_TEST(found.found.find("1 of 1 targets") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(samples) {
  world none;
  none.prometheus().up_at_s->clear();
  BOOST_TEST(none.codes() == "LC0808 ");
  world empty;
  empty.prometheus().samples_kept->begin()->second = 0;
  BOOST_TEST(empty.codes() == "LC0808 ");
  world agent;
  agent.prometheus().servers.front().agent = true;
  agent.prometheus().servers.front().told_samples = false;
  agent.prometheus().up_at_s.reset();
  agent.prometheus().samples_kept.reset();
  BOOST_TEST(agent.codes() == "");
  BOOST_TEST(agent.found("LC0809").object.text() == "Prometheus/monitoring/k8s");
}

BOOST_AUTO_TEST_CASE(several_operators) {
  auto const deployed = [](std::string const &name, std::string const &arguments) {
    return "\n---\nkind: Deployment\nmetadata: {name: " + name +
           ", namespace: monitoring}\nspec: {template: {spec: {containers: [{image: "
           "\"prometheus-operator:v0.93.0\", args: [" +
           arguments + "]}]}}}\n";
  };
  BOOST_TEST(world(deployed("all", "\"--namespaces=\"")).codes() == "");
  BOOST_TEST(world(deployed("team", "\"--namespaces=team\"")).codes() == "LC0409 ");
  BOOST_TEST(world(deployed("team", "\"--namespaces=team\"") + deployed("all", "")).codes() == "");
  BOOST_TEST(world(deployed("deny", "\"--deny-namespaces=demo\"")).codes() == "LC0409 ");
}

BOOST_AUTO_TEST_CASE(queries) {
  world one;
  add_argument("up", 1, one.queries);
  one.seen.queries["up"] = {1, 10.0, ""};
  BOOST_TEST(one.codes() == "");
  one.seen.queries["up"] = {0, {}, ""};
  BOOST_TEST(one.codes() == "LC0905 ");
  one.seen.queries["up"] = {0, 240.0, ""};
  BOOST_TEST(one.found("LC0905").found.find("end 4m ago") != std::string::npos);
  one.seen.queries["up"] = {0, {}, "it is away"};
  BOOST_TEST(one.codes() == "LC0905? ");
  one.seen.queries["up"] = {2, 240.0, ""};  // only the lookback shows them
  BOOST_TEST(one.codes() == "");
  BOOST_TEST(one.found("LC0906").found.find("4m old") != std::string::npos);

  add_argument("http_request_total", 2, one.queries);
  one.seen.queries["http_request_total"] = {0, {}, ""};
  one.seen.metric_names.emplace(std::set<std::string>{"http_requests_total"});
  BOOST_TEST(one.codes() == "LC0902 ");
  BOOST_TEST(one.found("LC0902").expected == "http_requests_total");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace loopcheck
