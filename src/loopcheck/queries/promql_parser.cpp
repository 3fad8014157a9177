// SPDX-License-Identifier: Apache-2.0
// Operators with their precedence, matching and types.
#include "promql_parser.hpp"

#include <algorithm>
#include <set>
#include <span>

#include <loopcheck/prediction/label_name.hpp>

#include "exposition_words.hpp"

namespace loopcheck::promql {
namespace {

using type = promql_query::type;

/// 0: not a binary operator.
int precedence(token const &of) noexcept {
  std::string_view const word = of.kind == token_kind::keyword ? of.keyword : of.word;
  if (of.kind == token_kind::sign) {
    return 4;
  }
  if (of.kind == token_kind::not_equal) {
    return 3;
  }
  if (of.kind == token_kind::operation) {
    return word == "^" ? 6 : word == "*" || word == "/" || word == "%" ? 5 : word == "@" ? 0 : 3;
  }
  if (of.kind == token_kind::keyword) {
    return word == "or" ? 1 : word == "and" || word == "unless" ? 2 : word == "atan2" ? 5 : 0;
  }
  return 0;
}
constexpr int precedence_of_power = 6;

bool is_set(token const &op) noexcept {
  return op.keyword == "and" || op.keyword == "or" || op.keyword == "unless";
}

bool is_comparison(token const &op) noexcept {
  return precedence(op) == 3 && op.word != "</" && op.word != ">/";
}

bool is_number_like(type of) noexcept {
  return of == type::scalar || of == type::vector;
}

}  // namespace

std::string_view text(type of) noexcept {
  switch (of) {
    case type::scalar:
      return "scalar";
    case type::vector:
      return "instant vector";
    case type::matrix:
      return "range vector";
    case type::text:
      return "string";
    case type::none:
      break;
  }
  return "nothing";
}

parser::parser(std::string_view text, token_list list, promql_limits const &limits)
    : text_(text),
      tokens_(std::move(list.tokens)),
      lexer_error_(std::move(list.error)),
      depth_left_(limits.depth_max) {}

promql_query parser::run() {
  try {
    if (is(token_kind::end)) {
      fail(now().where, "no expression found in input");
    }
    query_.result = operators(0).type;
    if (!is(token_kind::end)) {
      unexpected("");
    }
  } catch (failure const &left) {
    query_.error = left.error;
    query_.result = type::none;
  }
  return std::move(query_);
}

expression parser::operators(int precedence_min) {
  deeper const guard(*this);
  std::size_t unmarked = query_.selectors.size();  // a long chain of `or` marks each one once
  expression left = operand();
  for (int found = precedence(now()); found > 0 && found >= precedence_min;
       found = precedence(now())) {
    token const op = take();
    modifiers const how = matching();
    std::size_t const first_right = query_.selectors.size();
    // Powers associate to the right, all others to the left.
    expression right = operators(found == precedence_of_power ? found : found + 1);
    if (op.keyword == "or") {
      mark_empty(vector_selector::emptiness::alternative, unmarked, query_.selectors.size());
      unmarked = query_.selectors.size();
    } else if (op.keyword == "unless") {
      mark_empty(vector_selector::emptiness::subtracted, first_right, query_.selectors.size());
    }
    left = combine(op, left, how, right);
  }
  return left;
}

expression parser::operand() {
  if (!is(token_kind::sign)) {
    return primary();
  }
  token const sign = take();
  expression of = operators(precedence_of_power);
  of.where.begin = sign.where.begin;
  if (of.how == expression::form::number) {
    of.number = sign.word == "-" ? -of.number : of.number;
    return of;
  }
  if (!is_number_like(of.type)) {
    fail(of.where,
         "unary expression only allowed on expressions of type scalar or instant vector, "
         "got " +
             std::string(text(of.type)));
  }
  return {.how = expression::form::other, .type = of.type, .where = of.where};
}

parser::modifiers parser::matching() {
  modifiers how;
  if (is_keyword("bool")) {
    take();
    how.returns_bool = true;
  }
  if (is_keyword("on") || is_keyword("ignoring")) {
    how.on = take().keyword == "on";
    how.matching = labels_of(how.on ? label_use::role::on : label_use::role::ignoring);
    if (is_keyword("group_left") || is_keyword("group_right")) {
      how.grouped = true;
      how.one_is_left = take().keyword == "group_right";
      if (is(token_kind::left_paren)) {
        how.include = labels_of(label_use::role::include);
      }
    }
  }
  std::string_view filled;
  while (now().keyword.starts_with("fill") && now().keyword != filled) {
    if (!filled.empty() && (filled == "fill" || is_keyword("fill"))) {
      unexpected("binary expression");
    }
    filled = take().keyword;
    how.fills = true;
    note_experimental(filled);
    fill_value();
  }
  return how;
}

void parser::fill_value() {
  expect(token_kind::left_paren, "\"(\"", "fill modifier");
  if (is(token_kind::sign)) {
    take();
  }
  if (!is(token_kind::number) && !is(token_kind::duration)) {
    unexpected("fill modifier", "a number");
  }
  number();
  expect(token_kind::right_paren, "\")\"", "fill modifier");
}

expression parser::combine(token const &op, expression const &left, modifiers const &how,
                           expression const &right) {
  check_combination(op, left, how, right);
  text_span const both{left.where.begin, right.where.end};
  for (std::size_t const each : how.matching) {
    query_.uses[each].operand = both;
  }
  for (std::size_t const each : how.include) {
    query_.uses[each].operand = how.one_is_left ? left.where : right.where;
  }
  bool const scalar = left.type == type::scalar && right.type == type::scalar;
  return {.type = scalar ? type::scalar : type::vector, .where = both};
}

void parser::check_combination(token const &op, expression const &left, modifiers const &how,
                               expression const &right) {
  text_span const both{left.where.begin, right.where.end};
  bool const scalars = left.type == type::scalar && right.type == type::scalar;
  bool const vectors = left.type == type::vector && right.type == type::vector;
  for (auto const *each : {&left, &right}) {
    if (!is_number_like(each->type)) {
      fail(each->where, "binary expression must contain only scalar and instant vector types");
    }
  }
  if (how.returns_bool && !is_comparison(op)) {
    fail(op.where, "bool modifier can only be used on comparison operators");
  }
  if (is_comparison(op) && !how.returns_bool && scalars) {
    fail(op.where, "comparisons between scalars must use BOOL modifier");
  }
  check_labels(how);
  if (!vectors && !how.matching.empty()) {
    fail(both, "vector matching only allowed between instant vectors");
  }
  if (how.fills && (!vectors || is_set(op))) {
    fail(both,
         "filling in missing series only allowed between instant vectors, and not for set "
         "operators");
  }
  if (is_set(op) && !vectors) {
    fail(op.where, "set operator " + std::string(op.word) + " needs two instant vectors");
  }
  if (is_set(op) && how.grouped) {
    fail(op.where, "no grouping allowed for " + std::string(op.word) + " operation");
  }
}

void parser::mark_empty(vector_selector::emptiness how, std::size_t from, std::size_t to) {
  for (auto &each : std::span(query_.selectors).subspan(from, to - from)) {
    if (each.empty == vector_selector::emptiness::surprising) {
      each.empty = how;
    }
  }
}

void parser::check_labels(modifiers const &how) const {
  std::set<std::string_view> matched;
  for (std::size_t const each : how.matching) {
    matched.insert(query_.uses[each].label);
  }
  for (std::size_t const each : how.include) {
    label_use const &use = query_.uses[each];
    if (how.on && matched.contains(use.label)) {
      fail(use.where, "label \"" + use.label + "\" must not occur in ON and GROUP clause at once");
    }
  }
}

bool parser::accept(token_kind kind) {
  if (!is(kind)) {
    return false;
  }
  take();
  return true;
}

token parser::expect(token_kind kind, std::string_view what, std::string_view context) {
  if (!is(kind)) {
    unexpected(context, what);
  }
  return take();
}

void parser::fail(text_span where, std::string what) const {
  std::ranges::replace_if(
      what, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');  // one line
  throw failure{{where.begin, std::move(what)}};
}

void parser::unexpected(std::string_view context, std::string_view expected) const {
  if (is(token_kind::error)) {
    fail(now().where, lexer_error_);
  }
  std::string what = "unexpected ";
  what += is(token_kind::end) ? "end of input" : "\"" + std::string(now().word) + "\"";
  if (!context.empty()) {
    what.append(" in ").append(context);
  }
  if (!expected.empty()) {
    what.append(", expected ").append(expected);
  }
  fail(now().where, std::move(what));
}

void parser::note_experimental(std::string_view name) {
  auto &known = query_.experimental;
  if (std::ranges::find(known, name) == known.end()) {
    known.emplace_back(name);
  }
}

}  // namespace loopcheck::promql

namespace loopcheck {

promql_query parse_promql(std::string_view text, promql_limits const &limits) {
  if (text.size() > limits.bytes_max) {
    promql_query query;
    query.error = promql_error{0, "longer than " + std::to_string(limits.bytes_max) + " bytes"};
    return query;
  }
  return promql::parser(text, promql::tokenize(text), limits).run();
}

place place_of(std::string_view text, std::size_t offset) noexcept {
  std::string_view const before = text.substr(0, offset);
  std::size_t const line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1,
          static_cast<int>(before.size() - line_start) + 1};
}

std::string text(label_matcher const &of) {
  using enum label_matcher::op;
  std::string_view const how = of.how == equal       ? "="
                               : of.how == not_equal ? "!="
                               : of.how == regex     ? "=~"
                                                     : "!~";
  bool const plain = valid_label_name(of.label, label_scheme::legacy);
  return (plain ? of.label : quoted(of.label)) + std::string(how) + quoted(of.value);
}

}  // namespace loopcheck
