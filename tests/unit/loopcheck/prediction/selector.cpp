// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/selector.hpp>

#include <boost/test/unit_test.hpp>

#include "manifests.hpp"

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_selector)

BOOST_AUTO_TEST_CASE(null_selects_nothing_and_an_empty_one_everything) {
  BOOST_TEST(selector::from(value()).selects_nothing());
  BOOST_TEST(!selector::from(value()).matches({{"a", "b"}}));
  auto const all = selector::from(value::map());
  BOOST_TEST(all.selects_everything());
  BOOST_TEST(all.matches({}));
  BOOST_TEST(selector::from_map(value::map()).selects_nothing());
}

BOOST_AUTO_TEST_CASE(each_operator) {
  labels const demo{{"app", "demo"}, {"tier", ""}};
  struct row {
    char const *yaml;
    bool matches;
    char const *text;
  };
  for (auto const &[yaml, matches, text] :
       {row{"{matchLabels: {app: demo}}", true, "app=demo"},
        row{"{matchLabels: {app: other}}", false, "app=other"},
        row{"{matchLabels: {tier: ''}}", true, "tier="},
        row{"{matchLabels: {none: ''}}", false, "none="},
        row{"{matchExpressions: [{key: app, operator: In, values: [x, demo]}]}", true,
            "app in (demo,x)"},
        row{"{matchExpressions: [{key: app, operator: NotIn, values: [demo]}]}", false,
            "app notin (demo)"},
        row{"{matchExpressions: [{key: none, operator: NotIn, values: [demo]}]}", true,
            "none notin (demo)"},
        row{"{matchExpressions: [{key: tier, operator: Exists}]}", true, "tier"},
        row{"{matchExpressions: [{key: tier, operator: DoesNotExist}]}", false, "!tier"},
        row{"{matchLabels: {b: x}, matchExpressions: [{key: a, operator: Exists}]}", false,
            "a,b=x"}}) {
    auto const made = selector::from(test::yaml(yaml));
    BOOST_TEST(made.matches(demo) == matches, yaml);
    BOOST_TEST(made.unmet(demo).empty() == matches, yaml);
    BOOST_TEST(made.text() == text);
    BOOST_TEST(selector::parse(text).matches(demo) == matches, text);
    BOOST_TEST(selector::parse(text).text() == text);
  }
}

BOOST_AUTO_TEST_CASE(what_the_api_refuses) {
  for (char const *bad : {"{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}",
                          "{matchExpressions: [{key: a, operator: In}]}",
                          "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
                          "{matchLabels: {'a b': c}}", "{matchLabels: {a: 'b c'}}"}) {
    BOOST_CHECK_THROW(selector::from(test::yaml(bad)), selector_error);
  }
}

BOOST_AUTO_TEST_CASE(as_kubectl_takes_it) {
  struct row {
    char const *given;
    char const *text;
  };
  for (auto const &[given, text] :
       {row{"release=prometheus,tier!=db,env in (b,a),!canary",
            "!canary,env in (a,b),release=prometheus,tier!=db"},
        row{" a == b ", "a=b"}, row{"a=", "a="}, row{"a in ()", "a in ()"},
        row{"in in (in)", "in in (in)"}, row{"a in (x,,y)", "a in (,x,y)"}, row{"", ""}}) {
    BOOST_TEST(selector::parse(given).text() == text, given);
  }
  for (char const *bad :
       {"a b", "a in b", "a=b,", ",a", "a in (b", "a>1", "!", "a=b c", "!a=b", "=a"}) {
    BOOST_CHECK_THROW(selector::parse(bad), selector_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
