// SPDX-License-Identifier: Apache-2.0
// PromQL's words. The same characters are other words inside braces and brackets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promql.hpp"

namespace loopcheck::promql {

enum class token_kind : std::uint8_t {
  end,
  error,
  comma,
  colon,
  left_paren,
  right_paren,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  text,
  number,
  duration,
  identifier,
  metric_identifier,  ///< with a colon
  keyword,
  assign,  ///< = inside braces, nowhere valid outside
  not_equal,
  matches,
  matches_not,
  sign,      ///< + and -
  operation  ///< other binary operators that are no words
};

struct token {
  token_kind kind = token_kind::end;
  text_span where;
  std::string_view word;     ///< as written
  std::string_view keyword;  ///< of a keyword: in lower case
};

enum class keyword_kind : std::uint8_t { set, arithmetic, aggregation, modifier, preprocessor };

struct keyword_row {
  std::string_view word;
  keyword_kind kind;
  bool names_metric;  ///< may stand for a metric's name
  bool names_label;   ///< may stand in by(), on() …
};
/// Nothing for what is no keyword; `word` in any case.
keyword_row const *find_keyword(std::string_view word) noexcept;

/// Letters of ASCII in any case.
bool same_word(std::string_view word, std::string_view in_lower_case) noexcept;

struct token_list {
  std::vector<token> tokens;  ///< the last one is of kind end or error
  std::string error;          ///< of the last one
};

/// `text` must outlive the result.
token_list tokenize(std::string_view text);

/// Without quotes and escapes; the lexer has seen to it that they are right.
std::string unquote(std::string_view literal);

/// As Go reads "0x1f", "017", "1_000", "1e3", "Inf"; nothing where it would not.
std::optional<double> number_value(std::string_view word);
/// "1h30m" in seconds; nothing for units twice, out of order, or beyond 292 years.
std::optional<double> duration_value(std::string_view word);

}  // namespace loopcheck::promql
