// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/rehearsal.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

namespace {

constexpr std::string_view body =
    "a{x=\"12345\"} 1\n"
    "a{x=\"1\",pod=\"mine\"} 1\n"
    "bb{a_long_name=\"1\"} 1\n"
    "bb{a_long_name=\"1\"} 2\n";

labels const target{{"job", "demo"}, {"pod", "demo-1"}};

rehearsal rehearsed(scrape_limits const &limits, relabeling const *rules = nullptr,
                    rehearsal_options const &options = {}) {
  return rehearse(read_exposition(body, exposition_format::text), target, limits, rules, options);
}

relabel_rule rule(std::string action, std::vector<std::string> source, std::string regex) {
  relabel_rule made;
  made.action = std::move(action);
  made.source_labels = std::move(source);
  made.regex = std::move(regex);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_rehearsal)

BOOST_AUTO_TEST_CASE(within_all_limits) {
  auto const made = rehearsed({.samples = 4,
                               .labels = 5,
                               .label_name_length = 12,
                               .label_value_length = 6,
                               .body_bytes = static_cast<std::int64_t>(body.size()) + 1});
  BOOST_TEST(made.passed.empty());
  BOOST_TEST(made.samples == 4u);
  BOOST_TEST(made.labels_most == 5);        // name, x, job, pod, exported_pod
  BOOST_TEST(made.name_length_most == 12);  // exported_pod
  BOOST_TEST(made.value_length_most == 6);  // demo-1
  BOOST_TEST(made.duplicates == 1u);
  BOOST_TEST(made.duplicate == "bb{a_long_name=\"1\"}");
}

BOOST_AUTO_TEST_CASE(each_limit_is_passed_by_one) {
  auto const made = rehearsed({.samples = 3,
                               .labels = 4,
                               .label_name_length = 11,
                               .label_value_length = 5,
                               .body_bytes = static_cast<std::int64_t>(body.size())});
  BOOST_TEST_REQUIRE(made.passed.size() == 5u);
  BOOST_TEST((made.passed[0].which == scrape_limit::body_size));
  BOOST_TEST(made.passed[1].found == 4);
  BOOST_TEST(field_of(made.passed[1].which) == "sampleLimit");
  BOOST_TEST(made.passed[2].found == 5);
  BOOST_TEST(made.passed[2].series == "a{x=\"1\",pod=\"mine\"}");
  BOOST_TEST(made.passed[2].line == 2);
  BOOST_TEST(made.passed[3].label == "exported_pod");
  BOOST_TEST(made.passed[3].found == 12);
  BOOST_TEST(made.passed[4].label == "pod");
}

BOOST_AUTO_TEST_CASE(counted_after_metric_relabelling) {
  relabeling const rules({rule("drop", {"__name__"}, "bb"), rule("labeldrop", {}, "exported_.*")});
  auto const made = rehearsed({.samples = 2, .labels = 4}, &rules);
  BOOST_TEST(made.passed.empty());
  BOOST_TEST(made.samples_kept == 2u);
  BOOST_TEST(made.duplicates == 0u);
}

BOOST_AUTO_TEST_CASE(a_series_needs_a_name) {
  relabeling const rules({rule("labeldrop", {}, "__name__")});
  BOOST_TEST(rehearsed({}, &rules).failure.starts_with("no name is left"));
  BOOST_TEST(rehearsed({}).failure.empty());
}

BOOST_AUTO_TEST_CASE(labels_of_the_target_win_or_lose) {
  auto const made = rehearsed({});
  BOOST_TEST_REQUIRE(made.clashes.size() == 1u);
  BOOST_TEST(made.clashes[0].label == "pod");
  BOOST_TEST(made.clashes[0].renamed == "exported_pod");
  BOOST_TEST(made.clashes[0].series == 1u);
  auto const honored =
      rehearsed({}, nullptr, {.honor_labels = true, .keep_stored = true, .names = {}});
  BOOST_TEST(honored.clashes.at(0).renamed.empty());
  BOOST_TEST(honored.stored.at(1).at("pod") == "mine");
  BOOST_TEST(honored.stored.at(0).at("pod") == "demo-1");
}

BOOST_AUTO_TEST_CASE(joined_as_prometheus_joins) {
  exposed_series const of{
      "m", {{"pod", "p"}, {"exported_pod", "e"}, {"empty", ""}, {"job", ""}}, 1};
  BOOST_TEST((joined_labels(of, target, false) == labels{{"__name__", "m"},
                                                         {"job", "demo"},
                                                         {"pod", "demo-1"},
                                                         {"exported_pod", "e"},
                                                         {"exported_exported_pod", "p"}}));
  // An exposed label that is empty keeps the target's away, and is none.
  BOOST_TEST((joined_labels(of, target, true) ==
              labels{{"__name__", "m"}, {"pod", "p"}, {"exported_pod", "e"}}));
}

BOOST_AUTO_TEST_CASE(sizes) {
  BOOST_TEST(parse_byte_size("16MB").value() == 16 << 20);
  BOOST_TEST(parse_byte_size("1KiB").value() == 1024);
  BOOST_TEST(parse_byte_size("1.5KB").value() == 1536);
  BOOST_TEST(parse_byte_size("7B").value() == 7);
  BOOST_TEST(parse_byte_size("0").value() == 0);
  for (auto const *const bad : {"", "7", "MB", "-1B", "1mb", "1K", "1 MB", "1MBB", "99EB"}) {
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(!parse_byte_size(bad).has_value());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
