// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/sources/prometheus_answers.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>

namespace loopcheck {
namespace {

value json(std::string const &text) {
  return parse_json(text, "x");
}

live_target target(std::string server, std::string instance, std::string health) {
  live_target made;
  made.server = std::move(server);
  made.pool = "p";
  made.final = {{"instance", instance}};
  made.discovered = {{"__address__", instance}};
  made.health = std::move(health);
  made.last_error = made.health == "down" ? "EOF" : "";
  return made;
}

BOOST_AUTO_TEST_SUITE(sources_prometheus_answers)

BOOST_AUTO_TEST_CASE(targets) {
  auto const got = read_targets(json(R"({"activeTargets":[{"discoveredLabels":{"__address__":"a:1"},
    "labels":{"instance":"a:1","job":"j"},"scrapePool":"p","scrapeUrl":"http://a:1/metrics",
    "lastError":"EOF","lastScrape":"2026-01-01T00:00:00Z","lastScrapeDuration":0.25,
    "health":"down","scrapeInterval":"30s","scrapeTimeout":"10s"}],
    "droppedTargets":[{"discoveredLabels":{"__address__":"b:1"},"scrapePool":"p"}],
    "droppedTargetCounts":{"p":7}})"),
                                "s");
  auto const &one = got.active.at(0);
  BOOST_TEST(one.server == "s");
  BOOST_TEST(one.pool == "p");
  BOOST_TEST(one.url == "http://a:1/metrics");
  BOOST_TEST(one.final.at("job") == "j");
  BOOST_TEST(one.discovered.at("__address__") == "a:1");
  BOOST_TEST(one.last_scrape_duration_s == 0.25);
  BOOST_TEST(one.interval == "30s");
  BOOST_TEST(got.dropped.at(0).discovered.at("__address__") == "b:1");
  BOOST_TEST(got.dropped_counts.at("p") == 7);
  for (char const *odd : {"null", "[]", R"({"activeTargets":null})", R"({"activeTargets":{}})"})
    BOOST_TEST(read_targets(json(odd), "s").active.empty());
}

BOOST_AUTO_TEST_CASE(replicas_agree_or_not) {
  live_targets one, other;
  one.active = {target("s0", "a", "up"), target("s0", "b", "up"), target("s0", "c", "unknown")};
  other.active = {target("s1", "a", "up"), target("s1", "b", "down"), target("s1", "c", "up")};
  auto const got = merge({one, other});
  BOOST_REQUIRE(got.active.size() == 3u);
  BOOST_TEST(got.active[0].worst.health == "up");
  BOOST_TEST(got.active[0].up.size() == 2u);
  BOOST_TEST(got.active[1].worst.last_error == "EOF");
  BOOST_TEST(got.active[1].worst.server == "s1");
  BOOST_TEST(got.active[1].up.at(0) == "s0");
  BOOST_TEST(got.active[1].down.at(0) == "s1");
  BOOST_TEST(got.active[2].worst.health == "unknown");
}

BOOST_AUTO_TEST_CASE(one_shard_drops_what_another_scrapes) {
  live_targets one, other;
  one.active = {target("s0", "a", "up")};
  one.dropped = {{"s0", "p", {{"__address__", "b"}}}, {"s0", "p", {{"__address__", "c"}}}};
  other.active = {target("s1", "b", "up")};
  other.dropped = {{"s1", "p", {{"__address__", "a"}}}, {"s1", "p", {{"__address__", "c"}}}};
  other.dropped_known = false;
  auto const got = merge({one, other});
  BOOST_TEST(got.active.size() == 2u);
  BOOST_REQUIRE(got.dropped.size() == 1u);
  BOOST_TEST(got.dropped[0].discovered.at("__address__") == "c");
  BOOST_TEST(!got.dropped_known);
  BOOST_TEST(merge({}).active.empty());
}

BOOST_AUTO_TEST_CASE(queries) {
  auto const vector = read_query(json(R"({"data":{"resultType":"vector","result":[
    {"metric":{"job":"j"},"value":[1700000000.5,"+Inf"]},
    {"metric":{},"histogram":[1,{"count":"1"}]}]},"warnings":["w"]})"));
  BOOST_REQUIRE(vector.samples.size() == 2u);
  BOOST_TEST(vector.samples[0].of.at("job") == "j");
  BOOST_TEST(vector.samples[0].time_s == 1700000000.5);
  BOOST_TEST(std::isinf(vector.samples[0].value));
  BOOST_TEST(vector.samples[1].histogram);
  BOOST_TEST(vector.warnings.at(0) == "w");
  auto const matrix = read_query(json(R"({"data":{"resultType":"matrix","result":[
    {"metric":{},"values":[[1,"1"],[2,"5"]]},{"metric":{},"values":[]}]}})"));
  BOOST_TEST(matrix.samples.at(0).value == 5);
  BOOST_TEST(std::isnan(matrix.samples.at(1).value));
  auto const scalar = read_query(json(R"({"data":{"resultType":"scalar","result":[1,"NaN"]}})"));
  BOOST_TEST(std::isnan(scalar.samples.at(0).value));
  BOOST_TEST(
      read_query(json(R"({"data":{"resultType":"string","result":[1,"x"]}})")).samples.empty());
}

BOOST_AUTO_TEST_CASE(rules_and_the_server) {
  auto const rules = read_rules(json(R"({"groups":[{"name":"g","file":"f","rules":[
    {"name":"A","type":"alerting","query":"up","state":"firing","health":"err",
     "lastError":"e"}]}]})"));
  BOOST_REQUIRE(rules.size() == 1u);
  BOOST_TEST(rules[0].group == "g");
  BOOST_TEST(rules[0].alerting);
  BOOST_TEST(rules[0].last_error == "e");
  auto const info = read_server_info(json(R"({"version":"3.5.0"})"),
                                     json(R"({"reloadConfigSuccess":false,"lastConfigTime":"t"})"));
  BOOST_TEST(info.version == "3.5.0");
  BOOST_TEST(!info.reload_successful);
  BOOST_TEST(info.last_config_time == "t");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
