// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/query_sources.hpp>

#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

using namespace loopcheck;

namespace {

constexpr std::string_view rules = R"(groups:
- name: demo
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: |
      up == 0
- name: other
  rules:
  - record: one
    expr: 1
)";

constexpr std::string_view dashboard = R"json({
  "title": "Demo", "schemaVersion": 39,
  "templating": {"list": [
    {"name": "job", "type": "query", "query": {"query": "label_values(up{a=\"b\"}, job)"}},
    {"name": "any", "type": "query", "query": "query_result(topk(1, up))"},
    {"name": "all", "type": "query", "query": "label_values(instance)"},
    {"name": "ds", "type": "datasource", "query": "prometheus"}]},
  "annotations": {"list": [{"name": "starts", "expr": "changes(x[5m])"}]},
  "panels": [
    {"type": "row", "panels": [
      {"title": "In a row", "datasource": {"type": "prometheus", "uid": "${ds}"},
       "targets": [{"expr": "rate(a{job=~\"$job\"}[$__rate_interval])"}, {"expr": ""}]}]},
    {"id": 7, "datasource": {"type": "loki"}, "targets": [{"expr": "{app=\"x\"} |= \"y\""}]},
    {"title": "Mixed", "datasource": {"type": "mixed"},
     "targets": [{"datasource": {"type": "prometheus"}, "expr": "up"}]}]
})json";

query_sources of_file(std::string_view bytes) {
  query_sources made;
  add_query_file(bytes, "file", made);
  return made;
}

std::string without(std::string_view text) {
  return without_variables(text, {"job", "x", "n", "metric"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_query_sources)

BOOST_AUTO_TEST_CASE(a_rule_file) {
  auto const made = of_file(rules);
  BOOST_TEST_REQUIRE(made.queries.size() == 3u);
  BOOST_TEST(made.queries[0].text == "sum by (job) (up)");
  BOOST_TEST(made.queries[0].origin == "group demo, record job:up:sum");
  BOOST_TEST(made.queries[0].where.line == 5);
  BOOST_TEST(made.queries[0].file == "file");
  BOOST_TEST(made.queries[1].origin == "group demo, alert Down");
  BOOST_TEST(made.queries[1].field == "groups[0].rules[1].expr");
  BOOST_TEST(made.queries[2].text == "1");
  BOOST_TEST(made.recorded.size() == 2u);
  BOOST_TEST(made.recorded.contains("job:up:sum"));
}

BOOST_AUTO_TEST_CASE(a_prometheus_rule) {
  auto const made = of_file(R"(
apiVersion: v1
kind: List
items:
- kind: PrometheusRule
  metadata: {name: r, namespace: m}
  spec: {groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]}
- kind: Service
  metadata: {name: s}
)");
  BOOST_TEST_REQUIRE(made.queries.size() == 1u);
  BOOST_TEST(made.queries[0].object.text() == "PrometheusRule/m/r");
  BOOST_TEST(made.queries[0].field == "spec.groups[0].rules[0].expr");
  BOOST_TEST(made.queries[0].where.line == 7);
}

BOOST_AUTO_TEST_CASE(a_dashboard) {
  auto const made = of_file(dashboard);
  std::string said;
  for (auto const &each : made.queries) {
    said += each.origin + ": " + each.text + (each.listed_label.empty() ? "" : " | ") +
            each.listed_label + "\n";
  }
  BOOST_TEST(said ==
             "dashboard Demo, variable job: up{a=\"b\"} | job\n"
             "dashboard Demo, variable any: topk(1, up)\n"
             "dashboard Demo, annotation starts: changes(x[5m])\n"
             "dashboard Demo, panel In a row: rate(a{job=~\"__any__\"}[5m])\n"
             "dashboard Demo, panel Mixed: up\n");
  BOOST_TEST(made.queries.at(3).written == "rate(a{job=~\"$job\"}[$__rate_interval])");
  BOOST_TEST(made.queries.at(3).field == "panels[0].panels[0].targets[0].expr");
  BOOST_TEST(made.queries.at(3).where.line == 12);
  BOOST_TEST(made.skipped.at(0) == "dashboard Demo, panel (id 7): its data source is loki");
}

BOOST_AUTO_TEST_CASE(a_dashboard_in_a_config_map) {
  std::string text =
      "kind: ConfigMap\nmetadata: {name: c, namespace: m}\ndata:\n  note: x\n  d.json: |\n";
  std::string_view rest = dashboard;
  while (!rest.empty()) {
    std::size_t const end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    text.append("    ").append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  auto const made = of_file(text);
  BOOST_TEST_REQUIRE(made.queries.size() == 5u);
  BOOST_TEST(made.queries[3].where.line == 12 + 5);
  BOOST_TEST(made.queries[3].field == "data[d.json].panels[0].panels[0].targets[0].expr");
  BOOST_TEST(made.queries[3].object.text() == "ConfigMap/m/c");
}

BOOST_AUTO_TEST_CASE(what_has_no_queries) {
  BOOST_CHECK_THROW(of_file("a: 1"), input_error);
  BOOST_CHECK_THROW(of_file(""), input_error);
  BOOST_CHECK_THROW(of_file("kind: Service\nmetadata: {name: s}"), input_error);
  BOOST_CHECK_THROW(of_file("groups: ["), input_error);
}

BOOST_AUTO_TEST_CASE(variables_in_their_places) {
  BOOST_TEST(without("a{job=\"$job\"}") == "a{job=\"__any__\"}");
  BOOST_TEST(without("a{job=~'x-${job:regex}-y'}") == "a{job=~'x-__any__-y'}");
  BOOST_TEST(without("a{job=~\"[[job:pipe]]\"}") == "a{job=~\"__any__\"}");
  BOOST_TEST(without("rate(a[$__rate_interval])") == "rate(a[5m])");
  BOOST_TEST(without("rate(a[${x}])") == "rate(a[5m])");
  BOOST_TEST(without("rate(a[${x}m])") == "rate(a[1m])");
  BOOST_TEST(without("rate(a[$__range:$__interval])") == "rate(a[5m:5m])");
  BOOST_TEST(without("a offset $x") == "a offset 5m");
  BOOST_TEST(without("$metric{job=\"1\"}") == "__any__{job=\"1\"}");
  BOOST_TEST(without("http_${metric}_total") == "http___any___total");
  BOOST_TEST(without("sum by ($x) (a)") == "sum by (__any__) (a)");
  BOOST_TEST(without("topk($n, a)") == "topk(1, a)");
  BOOST_TEST(without("topk($n, a) / $__interval_ms") == "topk(1, a) / 1");
  BOOST_TEST(without("topk($n, $metric)") == "topk(1, __any__)");
  BOOST_TEST(without("histogram_quantile($n, sum by ($x) (topk($n, a)))") ==
             "histogram_quantile(1, sum by (__any__) (topk(1, a)))");
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_variable) {
  std::string_view const text =
      "label_replace(a, \"b\", \"$1-${2}\", \"c\", \"^(.*)(x$)$\") # $job";
  BOOST_TEST(without(text) == text);
  BOOST_TEST(without("a{b=\"$unknown\"}") == "a{b=\"$unknown\"}");
}

BOOST_AUTO_TEST_SUITE_END()
