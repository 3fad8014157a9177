// SPDX-License-Identifier: Apache-2.0
// Vector selectors with their matchers, and what may stand behind an expression: a range, `offset`,
// `@`.
#include <algorithm>

#include <loopcheck/prediction/go_regex.hpp>

#include "promql_parser.hpp"

namespace loopcheck::promql {
namespace {

using type = promql_query::type;
using form = expression::form;

constexpr std::string_view name_label = "__name__";

bool matches_empty(label_matcher const &of) {
  switch (of.how) {
    case label_matcher::op::equal:
      return of.value.empty();
    case label_matcher::op::not_equal:
      return !of.value.empty();
    case label_matcher::op::regex:
      return go_regex::anchored(of.value).matches("");
    case label_matcher::op::not_regex:
      break;
  }
  return !go_regex::anchored(of.value).matches("");
}

}  // namespace

expression parser::selector() {
  token const first = now();
  auto const *row = first.kind == token_kind::keyword ? find_keyword(first.keyword) : nullptr;
  bool const named = first.kind == token_kind::identifier ||
                     first.kind == token_kind::metric_identifier ||
                     (row != nullptr && row->names_metric);
  if (!named && first.kind != token_kind::left_brace) {
    unexpected("");
  }
  vector_selector of;
  of.is_info = false;
  if (named) {
    of.name = take().word;
  }
  if (is(token_kind::left_brace)) {
    matchers(of);
  }
  of.where = {first.where.begin, last_end()};
  check_selector(of, named);
  // `__name__="x"`, or a quoted name, alone says as much as a name in front.
  auto const is_name = [](label_matcher const &each) {
    return each.label == name_label && each.how == label_matcher::op::equal;
  };
  if (!named && std::ranges::count_if(of.matchers, is_name) == 1) {
    auto const found = std::ranges::find_if(of.matchers, is_name);
    of.name = found->value;
    of.matchers.erase(found);
  }
  query_.selectors.push_back(of);
  return {.how = form::selector,
          .type = type::vector,
          .where = of.where,
          .selector = query_.selectors.size() - 1};
}

void parser::matchers(vector_selector &of) {
  take();
  while (!is(token_kind::right_brace)) {
    of.matchers.push_back(matcher());
    if (!accept(token_kind::comma) && !is(token_kind::right_brace)) {
      unexpected("label matching", "\",\" or \"}\"");
    }
  }
  take();
}

label_matcher parser::matcher() {
  token const first = now();
  if (!is(token_kind::identifier) && !is(token_kind::text)) {
    unexpected("label matching", "identifier or \"}\"");
  }
  take();
  label_matcher of;
  of.label = first.kind == token_kind::text ? unquote(first.word) : std::string(first.word);
  using enum label_matcher::op;
  switch (now().kind) {
    case token_kind::assign:
      of.how = equal;
      break;
    case token_kind::not_equal:
      of.how = not_equal;
      break;
    case token_kind::matches:
      of.how = regex;
      break;
    case token_kind::matches_not:
      of.how = not_regex;
      break;
    default:
      if (first.kind == token_kind::text) {
        return {std::string(name_label), equal, std::move(of.label)};
      }
      unexpected("label matching", "label matching operator");
  }
  take();
  token const value = expect(token_kind::text, "string", "label matching");
  of.value = unquote(value.word);
  if (of.how == regex || of.how == not_regex) {
    if (std::string const wrong = go_regex::anchored(of.value).error(); !wrong.empty()) {
      fail(value.where, "not a regex that Prometheus takes: " + wrong);
    }
  }
  return of;
}

void parser::check_selector(vector_selector const &of, bool named_outside) {
  if (named_outside) {
    for (auto const &each : of.matchers) {
      if (each.label == name_label) {
        fail(of.where,
             "metric name must not be set twice: \"" + of.name + "\" or \"" + each.value + "\"");
      }
    }
    return;
  }
  if (!reading_info_ && std::ranges::all_of(of.matchers, matches_empty)) {
    fail(of.where, "vector selector must contain at least one non-empty matcher");
  }
}

expression parser::modified(expression of) {
  while (true) {
    if (is(token_kind::left_bracket)) {
      of = range_of(std::move(of));
    } else if (is_keyword("offset")) {
      offset_of(of);
    } else if (is(token_kind::operation) && now().word == "@") {
      time_of(of);
    } else if (is_keyword("anchored") || is_keyword("smoothed")) {
      boundary_of(of);
    } else {
      return of;
    }
  }
}

expression parser::range_of(expression of) {
  token const bracket = take();
  duration const range = positive_duration();
  if (accept(token_kind::colon)) {
    if (!is(token_kind::right_bracket)) {
      positive_duration();
    }
    expect(token_kind::right_bracket, "\"]\"", "subquery selector");
    if (of.type != type::vector) {
      fail(of.where,
           "subquery is only allowed on instant vector, got " + std::string(text(of.type)));
    }
    return {.how = form::subquery, .type = type::matrix, .where = {of.where.begin, last_end()}};
  }
  expect(token_kind::right_bracket, "\":\" or \"]\"", "subquery or range");
  if (of.how != form::selector) {
    fail(bracket.where, "ranges only allowed for vector selectors");
  }
  if (of.offset_set || of.time_set) {
    fail(bracket.where, of.offset_set ? "no offset modifiers allowed before range"
                                      : "no @ modifiers allowed before range");
  }
  auto &selected = query_.selectors[of.selector];
  selected.range = range.seconds.value_or(0);
  selected.where.end = last_end();
  of.how = form::range;
  of.type = type::matrix;
  of.where.end = last_end();
  return of;
}

void parser::offset_of(expression &of) {
  token const word = take();
  duration const by = offset_duration();
  if (of.how != form::selector && of.how != form::range && of.how != form::subquery) {
    fail(word.where,
         "offset modifier must be preceded by an instant vector selector or range vector "
         "selector or a subquery");
  }
  if (of.offset_set) {
    fail(word.where, "offset may not be set multiple times");
  }
  of.offset_set = by.seconds != 0;  // zero does not count there, either
  of.where.end = last_end();
  if (of.selector != none) {
    query_.selectors[of.selector].offset = by.seconds.value_or(0);
    query_.selectors[of.selector].where.end = last_end();
  }
}

void parser::time_of(expression &of) {
  token const sign = take();
  if (is_keyword("start") || is_keyword("end")) {
    take();
    expect(token_kind::left_paren, "\"(\"", "@");
    expect(token_kind::right_paren, "\")\"", "@");
  } else {
    accept(token_kind::sign);
    if (!is(token_kind::number) && !is(token_kind::duration)) {
      unexpected("@", "timestamp");
    }
    expression const when = number();
    if (!(when.number < 9.2e18)) {
      fail(when.where, "timestamp out of bounds for @ modifier");
    }
  }
  if (of.how != form::selector && of.how != form::range && of.how != form::subquery) {
    fail(sign.where,
         "@ modifier must be preceded by an instant vector selector or range vector "
         "selector or a subquery");
  }
  if (of.time_set) {
    fail(sign.where, "@ <timestamp> may not be set multiple times");
  }
  of.time_set = true;
  of.where.end = last_end();
  if (of.selector != none) {
    query_.selectors[of.selector].where.end = last_end();
  }
}

/// anchored and smoothed: how a range ends.
void parser::boundary_of(expression &of) {
  token const word = take();
  if (of.how != form::selector && of.how != form::range) {
    fail(word.where, std::string(word.keyword) + " modifier is for vector selectors");
  }
  (word.keyword == "anchored" ? of.anchored : of.smoothed) = true;
  if (of.anchored && of.smoothed) {
    fail(word.where, "anchored and smoothed modifiers cannot be used together");
  }
  note_experimental(word.keyword);
  of.where.end = last_end();
}

}  // namespace loopcheck::promql
