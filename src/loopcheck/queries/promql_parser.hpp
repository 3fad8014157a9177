// SPDX-License-Identifier: Apache-2.0
// The parser of PromQL: one pass without a tree. Each rule gives what its caller must know of the
// expression that it read; what is asked for is collected on the way.
#pragma once

#include <span>

#include "promql.hpp"
#include "promql_functions.hpp"
#include "promql_lexer.hpp"

namespace loopcheck::promql {

constexpr std::size_t none = static_cast<std::size_t>(-1);

struct expression {
  enum class form { other, selector, range, subquery, number, text };
  form how = form::other;
  promql_query::type type = promql_query::type::none;
  text_span where;
  std::size_t selector = none;  ///< of form selector and range: index into promql_query::selectors
  bool offset_set = false;
  bool time_set = false;  ///< by @
  bool anchored = false, smoothed = false;
  double number = 0;
  std::string literal = {};  ///< of form text
};

/// A duration in brackets or behind `offset`: its value where it is written out.
struct duration {
  std::optional<double> seconds;
  text_span where;
};

class parser {
 public:
  parser(std::string_view text, token_list list, promql_limits const &limits);
  promql_query run();

 private:
  /// Left by the first error, caught in run().
  struct failure {
    promql_error error;
  };
  struct modifiers {
    bool returns_bool = false;
    bool on = false;
    bool grouped = false;      ///< group_left or group_right
    bool one_is_left = false;  ///< group_right
    bool fills = false;
    std::vector<std::size_t> matching, include;  ///< indexes of promql_query::uses
  };
  class deeper;

  // promql_parser.cpp
  expression operators(int precedence_min);
  expression operand();
  modifiers matching();
  void fill_value();
  expression combine(token const &op, expression const &left, modifiers const &how,
                     expression const &right);
  void check_combination(token const &op, expression const &left, modifiers const &how,
                         expression const &right);
  void mark_empty(vector_selector::emptiness how, std::size_t from, std::size_t to);
  void check_labels(modifiers const &how) const;

  // promql_operand.cpp
  expression primary();
  expression number();
  expression call(token const &name);
  void check_arguments(function_row const &function, std::vector<expression> const &arguments,
                       text_span where);
  void check_info(std::vector<expression> const &arguments);
  std::vector<expression> arguments(bool is_info = false);
  expression aggregation(token const &name);
  std::vector<std::size_t> labels_of(label_use::role how);

  // promql_selector.cpp
  expression selector();
  void matchers(vector_selector &of);
  label_matcher matcher();
  void check_selector(vector_selector const &of, bool named_outside);
  expression modified(expression of);
  expression range_of(expression of);
  void offset_of(expression &of);
  void time_of(expression &of);
  void boundary_of(expression &of);

  // promql_duration.cpp
  duration duration_expression(int precedence_min = 0);
  duration duration_operand();
  duration positive_duration();
  duration offset_duration();

  token const &now() const noexcept { return tokens_[at_]; }
  token const &next() const noexcept { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  token take() noexcept { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(token_kind kind) const noexcept { return now().kind == kind; }
  bool is_keyword(std::string_view word) const noexcept { return now().keyword == word; }
  bool accept(token_kind kind);
  token expect(token_kind kind, std::string_view what, std::string_view context);
  std::size_t last_end() const noexcept { return at_ == 0 ? 0 : tokens_[at_ - 1].where.end; }

  [[noreturn]] void fail(text_span where, std::string what) const;
  [[noreturn]] void unexpected(std::string_view context, std::string_view expected = {}) const;
  void note_experimental(std::string_view name);

  std::string_view text_;
  std::vector<token> tokens_;
  std::string lexer_error_;
  std::size_t at_ = 0;
  int depth_left_;
  bool reading_info_ = false;
  promql_query query_;
};

/// Counts what costs stack.
class parser::deeper {
 public:
  explicit deeper(parser &of) : of_(of) {
    if (of_.depth_left_ == 0) {
      of_.fail(of_.now().where, "nested too deeply");
    }
    --of_.depth_left_;
  }
  ~deeper() { ++of_.depth_left_; }
  deeper(deeper const &) = delete;
  deeper &operator=(deeper const &) = delete;

 private:
  parser &of_;
};

std::string_view text(promql_query::type of) noexcept;

}  // namespace loopcheck::promql
