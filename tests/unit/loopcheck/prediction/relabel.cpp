// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/relabel.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

namespace {

struct fields {
  std::vector<std::string> from = {};
  std::string regex = "(.*)";
  std::string to = {};
  std::string replacement = "$1";
  std::uint64_t modulus = 0;
};

relabel_rule rule(std::string action, fields of = {}) {
  relabel_rule made;
  made.action = std::move(action);
  made.source_labels = std::move(of.from);
  made.regex = std::move(of.regex);
  made.target_label = std::move(of.to);
  made.replacement = std::move(of.replacement);
  made.modulus = of.modulus;
  return made;
}

labels const before{{"app", "demo"}, {"port", "8080"}, {"x", ""}};

void check(relabel_rule const &of, labels const &expected) {
  auto after = before;
  after.erase("x");
  BOOST_TEST(relabeling({of}).apply(after));
  BOOST_CHECK_EQUAL(text(of).empty(), false);
  BOOST_TEST((after == expected), text(of));
}

bool kept(relabel_rule const &of) {
  auto after = before;
  return relabeling({of}).apply(after);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_relabel)

BOOST_AUTO_TEST_CASE(filters) {
  BOOST_TEST(kept(rule("keep", {.from = {"app", "port"}, .regex = "demo;8080"})));
  BOOST_TEST(!kept(rule("keep", {.from = {"app"}, .regex = "dem"})));
  BOOST_TEST(kept(rule("keep", {.from = {"app"}, .regex = "dem.+"})));
  BOOST_TEST(!kept(rule("drop", {.from = {"app"}, .regex = "demo|x"})));
  BOOST_TEST(kept(rule("keep", {.from = {"none"}, .regex = ""})));
  BOOST_TEST(!kept(rule("keep", {.from = {"app", "none"}, .regex = "(demo);true"})));
  BOOST_TEST(!kept(rule("keepequal", {.from = {"app"}, .to = "port"})));
  BOOST_TEST(!kept(rule("dropequal", {.from = {"app"}, .to = "app"})));
}

BOOST_AUTO_TEST_CASE(changes) {
  labels const same{{"app", "demo"}, {"port", "8080"}};
  auto with = [&](char const *name, char const *text) {
    auto result = same;
    result[name] = text;
    return result;
  };
  check(rule("replace", {.from = {"app"}, .to = "job"}), with("job", "demo"));
  check(rule("replace", {.to = "job", .replacement = "fixed"}), with("job", "fixed"));
  check(rule("replace", {.from = {"none"}, .regex = "(.+)", .to = "app"}), same);
  check(rule("replace", {.from = {"none"}, .to = "app"}), {{"port", "8080"}});
  check(rule("replace",
             {.from = {"app", "port"}, .regex = "(.*);(.*)", .to = "${1}_n", .replacement = "$2"}),
        with("demo_n", "8080"));
  check(rule("uppercase", {.from = {"app"}, .to = "app"}), with("app", "DEMO"));
  check(rule("labelmap", {.regex = "po(.*)", .replacement = "x_$1"}), with("x_rt", "8080"));
  check(rule("labeldrop", {.regex = "app|none"}), {{"port", "8080"}});
  check(rule("labelkeep", {.regex = "app"}), {{"app", "demo"}});
}

/// The sum that Prometheus' own test has for "foo\nbar" style inputs is MD5's last eight bytes.
BOOST_AUTO_TEST_CASE(hashmod_is_of_md5) {
  labels after{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  BOOST_TEST(
      relabeling({rule("hashmod", {.from = {"c"}, .to = "d", .modulus = 1000})}).apply(after));
  BOOST_TEST(after["d"] == "976");  // as in Prometheus' own test
}

BOOST_AUTO_TEST_CASE(says_which_rule_drops) {
  labels after = before;
  std::size_t index = 9;
  relabeling const rules({rule("keep", {.from = {"app"}, .regex = "demo"}),
                          rule("drop", {.from = {"port"}, .regex = "80.*"})});
  BOOST_TEST(!rules.apply(after, &index));
  BOOST_TEST(index == 1u);
}

BOOST_AUTO_TEST_CASE(what_prometheus_does_not_load) {
  auto written_regex = rule("keepequal", {.from = {"a"}, .to = "b"});
  written_regex.written.regex = true;
  for (auto const &bad :
       {rule("replace"), rule("keep", {.regex = "a("}), rule("hashmod", {.to = "a"}), rule("other"),
        rule("labeldrop", {.to = "a"}), rule("labelkeep", {.from = {"a"}}), written_regex,
        rule("lowercase", {.to = "a", .replacement = "x"}), rule("labelmap", {.replacement = ""}),
        rule("replace", {.to = "a\xff"})}) {
    BOOST_TEST(why_not_loaded(bad, label_scheme::utf8) != "", text(bad));
    BOOST_CHECK_THROW(relabeling({bad}), relabel_error);
  }
  auto const dotted = rule("replace", {.to = "a.b"});
  BOOST_TEST(why_not_loaded(dotted, label_scheme::utf8) == "");
  BOOST_TEST(why_not_loaded(dotted, label_scheme::legacy) != "");
  BOOST_TEST(why_not_loaded(rule("replace", {.to = "a_${1}"}), label_scheme::legacy) == "");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_not_set) {
  labels after{{"app", "a.b"}};
  auto const named = rule("replace", {.from = {"app"}, .to = "$1", .replacement = "x"});
  BOOST_TEST(relabeling({named}, label_scheme::legacy).apply(after));
  BOOST_TEST(after.size() == 1u);
  BOOST_TEST(relabeling({named}, label_scheme::utf8).apply(after));
  BOOST_TEST(after["a.b"] == "x");
}

BOOST_AUTO_TEST_SUITE_END()
