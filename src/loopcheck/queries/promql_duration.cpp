// SPDX-License-Identifier: Apache-2.0
// Durations in brackets and behind `offset`, which may be computed.
#include <cmath>

#include "promql_parser.hpp"

namespace loopcheck::promql {
namespace {

int precedence(token const &of) noexcept {
  if (of.kind == token_kind::sign) {
    return 1;
  }
  if (of.kind != token_kind::operation) {
    return 0;
  }
  return of.word == "*" || of.word == "/" || of.word == "%" ? 2 : of.word == "^" ? 3 : 0;
}

bool is_function(token const &of) noexcept {
  return of.keyword == "step" || of.keyword == "range" || of.keyword == "min_of" ||
         of.keyword == "max_of";
}

constexpr double seconds_max = 9223372036.854775807;  // 2^63 ns

}  // namespace

duration parser::duration_expression(int precedence_min) {
  deeper const guard(*this);
  duration left = duration_operand();
  for (int found = precedence(now()); found > 0 && found >= precedence_min;
       found = precedence(now())) {
    token const op = take();
    duration const right = duration_expression(found == 3 ? found : found + 1);
    if (right.seconds == 0.0 && (op.word == "/" || op.word == "%")) {
      fail(op.where, op.word == "/" ? "division by zero" : "modulo by zero");
    }
    left = {{}, {left.where.begin, right.where.end}};
  }
  return left;
}

duration parser::duration_operand() {
  token const first = now();
  if (accept(token_kind::sign)) {
    duration of = duration_expression(3);
    of.where.begin = first.where.begin;
    if (of.seconds && first.word == "-") {
      of.seconds = -*of.seconds;
    }
    return of;
  }
  if (accept(token_kind::left_paren)) {
    duration_expression();
    expect(token_kind::right_paren, "\")\"", "duration");
    return {{}, {first.where.begin, last_end()}};
  }
  if (is_function(first)) {
    take();
    expect(token_kind::left_paren, "\"(\"", "duration");
    if (first.keyword.ends_with("_of")) {
      duration_expression();
      expect(token_kind::comma, "\",\"", "duration");
      duration_expression();
    }
    expect(token_kind::right_paren, "\")\"", "duration");
    note_experimental(first.keyword);
    return {{}, {first.where.begin, last_end()}};
  }
  if (!is(token_kind::number) && !is(token_kind::duration)) {
    unexpected("duration", "number, duration, step(), or range()");
  }
  expression const literal = number();
  if (std::abs(literal.number) > seconds_max) {
    fail(literal.where, "duration out of range");
  }
  return {literal.number, literal.where};
}

duration parser::positive_duration() {
  duration of = duration_expression();
  if (of.seconds && *of.seconds <= 0) {
    fail(of.where, "duration must be greater than 0");
  }
  return of;
}

/// Binds closer than operators do, `foo offset -2^2` is `(foo offset -2)^2`; but behind parentheses
/// Prometheus goes on reading a duration.
duration parser::offset_duration() {
  token const first = now();
  if (is(token_kind::left_paren) || (is(token_kind::sign) && next().kind == token_kind::sign)) {
    return duration_expression();
  }
  bool const negative = first.kind == token_kind::sign && first.word == "-";
  accept(token_kind::sign);
  duration of = duration_operand();
  if (of.seconds && negative) {
    of.seconds = -*of.seconds;
  }
  return of;
}

}  // namespace loopcheck::promql
