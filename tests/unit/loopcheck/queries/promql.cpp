// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/queries/promql.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "promql_verdicts.hpp"

using namespace loopcheck;

namespace {

using emptiness = vector_selector::emptiness;

promql_query parsed(std::string_view text) {
  promql_query query = parse_promql(text);
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(!query.error.has_value());
    if (query.error) {
      BOOST_TEST_MESSAGE(query.error->what);
    }
  }
  return query;
}

std::string error_of(std::string_view text) {
  auto const query = parse_promql(text);
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST_REQUIRE(query.error.has_value());
    BOOST_TEST(query.error->what.find('\n') == std::string::npos);
  }
  auto const where = place_of(text, query.error->offset);
  return std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + query.error->what;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_promql)

BOOST_AUTO_TEST_CASE(what_prometheus_accepts) {
  for (auto const each : accepted) {
    parsed(each);
  }
}

BOOST_AUTO_TEST_CASE(what_prometheus_refuses) {
  for (auto const each : refused) {
    error_of(each);
  }
}

BOOST_AUTO_TEST_CASE(errors_tell_the_place) {
  BOOST_TEST(error_of("sum(up") == "1:7: unclosed left parenthesis");
  BOOST_TEST(error_of("up{\n  job=~\"(\"}") ==
             "2:8: not a regex that Prometheus takes: missing ): ^(?s:()$");
  BOOST_TEST(error_of("rates(up[5m])") ==
             "1:1: unknown function \"rates\", the nearest is \"rate\"");
  BOOST_TEST(error_of("1 +\n* 2") == "2:1: unexpected \"*\"");
  BOOST_TEST(error_of("rate(up)") ==
             "1:6: expected type range vector in call to function \"rate\", got instant vector");
  BOOST_TEST(error_of("up +") == "1:5: unexpected end of input");
}

BOOST_AUTO_TEST_CASE(a_selector_with_all_it_says) {
  std::string_view const text =
      "rate(http_requests_total{code=~\"5..\", path!=\"/\"}[5m] offset 1h) / 2";
  auto const query = parsed(text);
  BOOST_TEST_REQUIRE(query.selectors.size() == 1u);
  auto const &only = query.selectors[0];
  BOOST_TEST(only.name == "http_requests_total");
  BOOST_TEST_REQUIRE(only.matchers.size() == 2u);
  BOOST_TEST(loopcheck::text(only.matchers[0]) == "code=~\"5..\"");
  BOOST_TEST(loopcheck::text(only.matchers[1]) == "path!=\"/\"");
  BOOST_TEST(loopcheck::text({"a.b", label_matcher::op::equal, "\n"}) == R"("a.b"="\n")");
  BOOST_TEST(only.range == 300);
  BOOST_TEST(only.offset == 3600);
  BOOST_TEST(text.substr(only.where.begin, only.where.end - only.where.begin) ==
             "http_requests_total{code=~\"5..\", path!=\"/\"}[5m] offset 1h");
  BOOST_TEST((query.result == promql_query::type::vector));
}

BOOST_AUTO_TEST_CASE(names_in_braces_are_names) {
  BOOST_TEST(parsed("{\"my.metric\", \"label.x\"=\"y\"}").selectors.at(0).name == "my.metric");
  BOOST_TEST(parsed("{\"my.metric\", \"label.x\"=\"y\"}").selectors.at(0).matchers.at(0).label ==
             "label.x");
  BOOST_TEST(parsed("{__name__=\"up\"}").selectors.at(0).name == "up");
  BOOST_TEST(parsed("{__name__=\"up\"}").selectors.at(0).matchers.empty());
  auto const by_regex = parsed("{__name__=~\"up|down\"}").selectors.at(0);
  BOOST_TEST(by_regex.name.empty());
  BOOST_TEST(by_regex.matchers.at(0).label == "__name__");
}

BOOST_AUTO_TEST_CASE(strings_lose_their_escapes) {
  auto const value = [](std::string_view literal) {
    return parsed("a{b=" + std::string(literal) + "}").selectors.at(0).matchers.at(0).value;
  };
  BOOST_TEST(value("\"a\\\"b\\\\c\\n\"") == "a\"b\\c\n");
  BOOST_TEST(value("'\\x41\\102\\u00e9\\U0001F600'") == "AB\xC3\xA9\xF0\x9F\x98\x80");
  BOOST_TEST(value("`a\\n`") == "a\\n");
}

BOOST_AUTO_TEST_CASE(where_no_data_is_an_answer) {
  auto const kinds = [](std::string_view text) {
    std::string said;
    for (auto const &each : parsed(text).selectors) {
      said += each.empty == emptiness::surprising    ? 's'
              : each.empty == emptiness::absent      ? 'a'
              : each.empty == emptiness::alternative ? 'o'
                                                     : 'u';
    }
    return said;
  };
  BOOST_TEST(kinds("a + b") == "ss");
  BOOST_TEST(kinds("absent(a) and b") == "as");
  BOOST_TEST(kinds("absent_over_time(a[5m]) or b") == "ao");
  BOOST_TEST(kinds("a or b or c") == "ooo");
  BOOST_TEST(kinds("a unless b") == "su");
  BOOST_TEST(kinds("a + (b or vector(0))") == "so");
  BOOST_TEST(kinds("sum(a unless on(x) (b or c))") == "soo");
  BOOST_TEST(kinds("a and b or c * d") == "oooo");
}

BOOST_AUTO_TEST_CASE(labels_and_what_they_group) {
  std::string_view const text = "sum by (pod, code) (rate(a[5m])) * on(pod) group_left(node) b";
  auto const query = parsed(text);
  std::string said;
  for (auto const &each : query.uses) {
    auto const &span = each.operand;
    said +=
        each.label + " of " + std::string(text.substr(span.begin, span.end - span.begin)) + "; ";
  }
  BOOST_TEST(said ==
             "pod of rate(a[5m]); code of rate(a[5m]); "
             "pod of sum by (pod, code) (rate(a[5m])) * on(pod) group_left(node) b; node of b; ");
  BOOST_TEST((query.uses.at(2).how == label_use::role::on));
  BOOST_TEST((query.uses.at(3).how == label_use::role::include));
  auto const right = parsed("a * on(pod) group_right(node) b");
  BOOST_TEST(right.uses.at(1).operand.end == 1u);
}

BOOST_AUTO_TEST_CASE(labels_that_are_made) {
  auto const made = [](std::string_view text) { return parsed(text).created.at(0).label; };
  BOOST_TEST(made("sum by (x) (label_replace(a, \"x\", \"$1\", \"y\", \"(.*)\"))") == "x");
  BOOST_TEST(made("label_join(a, \"z\", \",\", \"y\")") == "z");
  BOOST_TEST(made("count_values(\"version\", a)") == "version");
}

BOOST_AUTO_TEST_CASE(what_needs_a_feature_flag_is_named) {
  auto const query = parsed("limitk(1, sort_by_label(a, \"b\")) + limitk(1, c)");
  BOOST_TEST(query.experimental == (std::vector<std::string>{"sort_by_label", "limitk"}),
             boost::test_tools::per_element());
  BOOST_TEST(parsed("rate(a[5m])").experimental.empty());
}

BOOST_AUTO_TEST_CASE(depth_and_size_are_bounded) {
  std::size_t const many = 200'000;
  BOOST_TEST(error_of(std::string(many, '(')).find("nested too deeply") != std::string::npos);
  BOOST_TEST(error_of(std::string(many, '-')).find("nested too deeply") != std::string::npos);
  BOOST_TEST(error_of("a[" + std::string(many, '(')).find("nested too deeply") !=
             std::string::npos);
  std::string calls;
  std::string powers = "1";
  std::string chain = "a";
  for (std::size_t i = 0; i < many; ++i) {
    calls += "abs(";
    powers += "^1";
    chain += " or a";
  }
  BOOST_TEST(error_of(calls).find("nested too deeply") != std::string::npos);
  BOOST_TEST(error_of(powers).find("nested too deeply") != std::string::npos);
  auto const long_one = parsed(chain);  // neither deep nor quadratic
  BOOST_TEST(long_one.selectors.size() == many + 1);
  BOOST_TEST(std::ranges::all_of(
      long_one.selectors, [](auto const &each) { return each.empty == emptiness::alternative; }));
  BOOST_TEST(error_of(std::string(2u << 20, 'a')).find("longer than") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(any_bytes_are_answered) {
  std::string const seed =
      "sum by (a) (rate({\"m\", x=~\"y\"}[5m:1m] offset -1h @ start())) # \xff";
  for (std::size_t i = 0; i < seed.size(); ++i) {
    for (int byte = 0; byte < 256; byte += 3) {
      std::string changed = seed;
      changed[i] = static_cast<char>(byte);
      auto const query = parse_promql(changed);
      BOOST_TEST_REQUIRE((!query.error || query.error->offset <= changed.size()));
      parse_promql(std::string_view(changed).substr(0, i));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
