// SPDX-License-Identifier: Apache-2.0
// Literals, parentheses, calls and aggregations.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <loopcheck/prediction/label_name.hpp>

#include "nearest.hpp"
#include "promql_parser.hpp"

namespace loopcheck::promql {
namespace {

using type = promql_query::type;

type type_of(char letter) noexcept {
  return letter == 'v'   ? type::vector
         : letter == 'm' ? type::matrix
         : letter == 's' ? type::scalar
                         : type::text;
}

bool is_aggregation(token const &of) noexcept {
  auto const *row = of.kind == token_kind::keyword ? find_keyword(of.keyword) : nullptr;
  return row != nullptr && row->kind == keyword_kind::aggregation;
}

bool is_preprocessor(token const &of) noexcept {
  auto const *row = of.kind == token_kind::keyword ? find_keyword(of.keyword) : nullptr;
  return row != nullptr && row->kind == keyword_kind::preprocessor;
}

/// The type of the argument before the expression; nothing for aggregations that take none.
std::optional<type> parameter_of(std::string_view aggregation) noexcept {
  constexpr std::array numbers = {"topk", "bottomk", "quantile", "limitk", "limit_ratio"};
  if (aggregation == "count_values") {
    return type::text;
  }
  return std::ranges::find(numbers, aggregation) != numbers.end() ? std::optional(type::scalar)
                                                                  : std::nullopt;
}

}  // namespace

expression parser::primary() {
  token const first = now();
  bool const called = next().kind == token_kind::left_paren;
  if (first.kind == token_kind::number || first.kind == token_kind::duration) {
    return modified(number());
  }
  if (first.kind == token_kind::text) {
    take();
    return modified({.how = expression::form::text,
                     .type = type::text,
                     .where = first.where,
                     .literal = unquote(first.word)});
  }
  if (accept(token_kind::left_paren)) {
    expression inner = operators(0);
    expect(token_kind::right_paren, "\")\"", "parentheses");
    return modified({.type = inner.type, .where = {first.where.begin, last_end()}});
  }
  if (is_aggregation(first) && (called || next().keyword == "by" || next().keyword == "without")) {
    take();
    return modified(aggregation(first));
  }
  if ((first.kind == token_kind::identifier || is_preprocessor(first)) && called) {
    take();
    return modified(call(first));
  }
  return modified(selector());
}

expression parser::number() {
  token const literal = take();
  bool const is_duration = literal.kind == token_kind::duration;
  auto const value = is_duration ? duration_value(literal.word) : number_value(literal.word);
  if (!value) {
    fail(literal.where, (is_duration ? "not a valid duration: \"" : "not a valid number: \"") +
                            std::string(literal.word) + "\"");
  }
  return {.how = expression::form::number,
          .type = type::scalar,
          .where = literal.where,
          .number = *value};
}

std::vector<expression> parser::arguments(bool is_info) {
  std::vector<expression> read;
  expect(token_kind::left_paren, "\"(\"", "call");
  if (accept(token_kind::right_paren)) {
    return read;
  }
  do {
    if (is(token_kind::right_paren)) {
      fail(now().where, "trailing commas not allowed in function call args");
    }
    bool const outer = std::exchange(reading_info_, is_info && read.size() == 1);
    read.push_back(operators(0));
    reading_info_ = outer;
  } while (accept(token_kind::comma));
  expect(token_kind::right_paren, "\",\" or \")\"", "call");
  return read;
}

expression parser::call(token const &name) {
  auto const *function = find_function(name.word);
  if (function == nullptr) {
    std::string const best = nearest(name.word, functions(), &function_row::name);
    fail(name.where, "unknown function \"" + std::string(name.word) + "\"" +
                         (best.empty() ? "" : ", the nearest is \"" + best + "\""));
  }
  if (function->experimental) {
    note_experimental(function->name);
  }
  std::size_t const first = query_.selectors.size();
  auto const given = arguments(function->name == "info");
  text_span const where{name.where.begin, last_end()};
  check_arguments(*function, given, where);
  if (function->name.starts_with("absent")) {
    for (auto &each : std::span(query_.selectors).subspan(first)) {
      each.empty = vector_selector::emptiness::absent;
    }
  }
  if (function->name == "label_replace" || function->name == "label_join") {
    query_.created.push_back({given[1].literal, where});
  }
  if (function->name == "histogram_quantiles") {
    query_.created.push_back({given[1].literal, where});
  }
  return {.type = type_of(function->result), .where = where};
}

void parser::check_arguments(function_row const &function, std::vector<expression> const &arguments,
                             text_span where) {
  std::size_t const fixed = function.arguments.size();
  std::size_t const least = function.variadic == 0 ? fixed : fixed - 1;
  std::size_t const most = function.variadic < 0
                               ? static_cast<std::size_t>(-1)
                               : least + static_cast<std::size_t>(function.variadic);
  std::size_t const given = arguments.size();
  if (given < least || given > most) {
    std::string_view const bound = function.variadic == 0 ? ""
                                   : given < least        ? "at least "
                                                          : "at most ";
    fail(where, "expected " + std::string(bound) + std::to_string(given < least ? least : most) +
                    " argument(s) in call to \"" + std::string(function.name) + "\", got " +
                    std::to_string(given));
  }
  for (std::size_t i = 0; i < given; ++i) {
    type const wanted = type_of(function.arguments[std::min(i, fixed - 1)]);
    if (arguments[i].type != wanted) {
      fail(arguments[i].where, "expected type " + std::string(text(wanted)) +
                                   " in call to function \"" + std::string(function.name) +
                                   "\", got " + std::string(text(arguments[i].type)));
    }
  }
  if (function.name == "info") {
    check_info(arguments);
  }
}

void parser::check_info(std::vector<expression> const &arguments) {
  if (arguments.size() < 2) {
    return;
  }
  expression const &second = arguments[1];
  if (second.how != expression::form::selector || text_[second.where.begin] != '{') {
    fail(second.where, "expected label selectors only");
  }
  query_.selectors[second.selector].is_info = true;
}

expression parser::aggregation(token const &name) {
  std::vector<std::size_t> grouping;
  auto const read_grouping = [&] {
    auto const how = take().keyword == "by" ? label_use::role::by : label_use::role::without;
    grouping = labels_of(how);
  };
  bool const before = is_keyword("by") || is_keyword("without");
  if (before) {
    read_grouping();
  }
  auto const given = arguments();
  text_span where{name.where.begin, last_end()};
  if (!before && (is_keyword("by") || is_keyword("without"))) {
    read_grouping();
    where.end = last_end();
  }
  if (name.keyword.starts_with("limit")) {
    note_experimental(name.keyword);
  }
  auto const parameter = parameter_of(name.keyword);
  std::size_t const wanted = parameter ? 2 : 1;
  if (given.size() != wanted) {
    fail(where, "wrong number of arguments for aggregate expression provided, expected " +
                    std::to_string(wanted) + ", got " + std::to_string(given.size()));
  }
  if (given.back().type != type::vector) {
    fail(given.back().where, "expected type instant vector in aggregation expression, got " +
                                 std::string(text(given.back().type)));
  }
  if (parameter && given.front().type != *parameter) {
    fail(given.front().where, "expected type " + std::string(text(*parameter)) +
                                  " in aggregation parameter, got " +
                                  std::string(text(given.front().type)));
  }
  if (name.keyword == "count_values") {
    query_.created.push_back({given.front().literal, where});
  }
  for (std::size_t const each : grouping) {
    query_.uses[each].operand = given.back().where;
  }
  return {.type = type::vector, .where = where};
}

std::vector<std::size_t> parser::labels_of(label_use::role how) {
  std::vector<std::size_t> read;
  expect(token_kind::left_paren, "\"(\"", "grouping opts");
  while (!is(token_kind::right_paren)) {
    auto const *row = is(token_kind::keyword) ? find_keyword(now().keyword) : nullptr;
    std::string label(now().word);
    if (is(token_kind::text)) {
      label = unquote(now().word);
      if (label.empty() || !valid_utf8(label)) {
        fail(now().where, "invalid label name for grouping: " + std::string(now().word));
      }
    } else if (!is(token_kind::identifier) && !is(token_kind::metric_identifier) &&
               (row == nullptr || !row->names_label)) {
      unexpected("grouping opts", "label");
    }
    read.push_back(query_.uses.size());
    query_.uses.push_back({how, std::move(label), take().where, {}});
    if (!accept(token_kind::comma) && !is(token_kind::right_paren)) {
      unexpected("grouping opts", "\",\" or \")\"");
    }
  }
  take();
  return read;
}

}  // namespace loopcheck::promql
