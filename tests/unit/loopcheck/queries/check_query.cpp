// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/check_query.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

namespace {

constexpr std::string_view body =
    "# TYPE http_requests_total counter\n"
    "http_requests_total{code=\"200\",path=\"/\"} 1\n"
    "http_requests_total{code=\"404\",path=\"/\"} 1\n"
    "# TYPE latency_seconds histogram\n"
    "latency_seconds_bucket{le=\"1\"} 1\n"
    "latency_seconds_bucket{le=\"+Inf\"} 1\n"
    "latency_seconds_count 1\n"
    "latency_seconds_sum 1\n"
    "jobs{job=\"own\"} 1\n";

known_series known(known_series::source_options const &options = {},
                   relabeling const *rules = nullptr) {
  known_series made;
  made.add(read_exposition(body, exposition_format::text),
           {{{"job", "demo"}, {"namespace", "shop"}, {"pod", "demo-1"}},
            {{"job", "test"}, {"namespace", "lab"}, {"pod", "test-1"}}},
           rules, options);
  made.add_name("job:up:sum");
  return made;
}

std::string said(std::string_view query, known_series const &by = known(),
                 std::string_view listed = {}) {
  std::string lines;
  for (auto const &each : check_query(query, by, listed)) {
    lines += (lines.empty() ? "" : "\n") + text(each) + (each.empty_is_meant ? " (meant)" : "");
  }
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_check_query)

BOOST_AUTO_TEST_CASE(what_can_have_an_answer) {
  for (auto const *const each :
       {"http_requests_total",
        "rate(http_requests_total{code=~\"4..\"}[5m])",
        "sum by (code, pod) (http_requests_total{job=\"demo\"})",
        "up{pod=~\"demo-.*\"}",
        "job:up:sum{any=\"x\"}",
        "sum by (any) (job:up:sum)",
        "http_requests_total{nothing=\"\"}",
        "http_requests_total{nothing!=\"x\"}",
        "http_requests_total{nothing!~\"x.+\"}",
        "ALERTS{alertname=\"X\"}",
        "{job=\"demo\"}",
        "{__name__=~\"latency_.*\"}",
        "{__name__=~\"job:.*\"}",
        "latency_seconds_bucket{le=\"1.0\"}",
        "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
        "vector(1)",
        "sum by (made) (label_replace(up, \"made\", \"$1\", \"pod\", \"(.*)\"))",
        "sum without (nothing) (up)",
        "up * on(pod) group_left(code) http_requests_total",
        "up * ignoring(nothing) up",
        "count by (version) (count_values(\"version\", up))",
        "jobs{exported_job=\"own\",job=\"demo\"}",
        "info(up, {x=\"y\"})",
        "scrape_samples_scraped{job=\"test\"}"}) {
    BOOST_TEST_CONTEXT(each) {
      BOOST_TEST(said(each) == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_metric_that_nothing_has) {
  BOOST_TEST(said("http_request_total") ==
             "nothing exposes or records http_request_total; did you mean "
             "\"http_requests_total\"?");
  BOOST_TEST(said("node_load1") == "nothing exposes or records node_load1");
  BOOST_TEST(said("{__name__=~\"node_.*\"}") == "nothing exposes or records __name__=~\"node_.*\"");
  BOOST_TEST(said("absent(node_load1)") == "nothing exposes or records node_load1 (meant)");
  BOOST_TEST(said("up or node_load1") == "nothing exposes or records node_load1 (meant)");
}

BOOST_AUTO_TEST_CASE(a_matcher_that_nothing_meets) {
  BOOST_TEST(said("http_requests_total{cod=\"200\"}") ==
             "no series of http_requests_total has the label \"cod\"; did you mean \"code\"?");
  BOOST_TEST(said("up{job=\"dem\"}") == "no target has job=\"dem\"; did you mean \"demo\"?");
  BOOST_TEST(said("up{job=~\"d\"}") == "no target has job=~\"d\"; there is \"demo\", \"test\"");
  BOOST_TEST(said("http_requests_total{code=\"500\"}") ==
             "no series of http_requests_total has code=\"500\" yet; there is \"200\", \"404\"");
  BOOST_TEST(said("up{job!~\"demo|test\"}").starts_with("no target has job!~"));
  BOOST_TEST(said("jobs{exported_job=\"demo\"}").starts_with("no series of jobs has exported_job"));
  BOOST_TEST(said("latency_seconds_bucket{le=\"1\"}").starts_with("no series of latency"));
}

BOOST_AUTO_TEST_CASE(matchers_of_different_targets) {
  BOOST_TEST(said("up{job=\"demo\",namespace=\"lab\"}") ==
             "no target has all of job=\"demo\",namespace=\"lab\"");
  BOOST_TEST(said("up{job=\"demo\",namespace=\"shop\"}") == "");
}

BOOST_AUTO_TEST_CASE(a_label_that_no_series_there_has) {
  BOOST_TEST(said("sum by (cod) (http_requests_total)") ==
             "no series there has the label \"cod\"; did you mean \"code\"?");
  BOOST_TEST(said("up * on(node) up").starts_with("no series there has the label \"node\""));
  BOOST_TEST(said("http_requests_total * on(pod) group_left(code) up")
                 .starts_with("no series there has the label \"code\""));
  BOOST_TEST(said("up", known(), "node").starts_with("no series there has the label \"node\""));
  BOOST_TEST(said("up", known(), "pod") == "");
}

BOOST_AUTO_TEST_CASE(variables_match_anything) {
  BOOST_TEST(said("up{job=\"__any__\"}") == "");
  BOOST_TEST(said("up{job=\"d__any__\"}") == "");
  BOOST_TEST(said("up{job=\"x__any__\"}").starts_with("no target has"));
  BOOST_TEST(said("up{job!=\"__any__\"}") == "");
  BOOST_TEST(said("up{__any__=\"x\"}") == "");
  BOOST_TEST(said("http___any___total") == "");
  BOOST_TEST(said("sum by (__any__) (up)") == "");
}

BOOST_AUTO_TEST_CASE(native_histograms_have_the_familys_name) {
  BOOST_TEST(said("latency_seconds") != "");
  BOOST_TEST(said("histogram_quantile(0.9, latency_seconds)",
                  known({.honor_labels = false, .native_histograms = true})) == "");
}

BOOST_AUTO_TEST_CASE(honored_and_relabelled_labels) {
  auto const honored = known({.honor_labels = true, .native_histograms = false});
  BOOST_TEST(said("jobs{job=\"own\"}", honored) == "");
  BOOST_TEST(said("jobs{exported_job=\"own\"}", honored) != "");
  relabel_rule drop;
  drop.action = "labeldrop";
  drop.regex = "pod|path";
  relabeling const rules({drop});
  BOOST_TEST(said("http_requests_total{pod=\"demo-1\"}", known({}, &rules)) != "");
  BOOST_TEST(said("http_requests_total{path=\"/\"}", known({}, &rules)) != "");
  BOOST_TEST(said("up{pod=\"demo-1\"}", known({}, &rules)) == "");
}

BOOST_AUTO_TEST_CASE(what_does_not_parse) {
  BOOST_TEST(said("up{") == "unexpected end of input inside braces");
}

BOOST_AUTO_TEST_SUITE_END()
