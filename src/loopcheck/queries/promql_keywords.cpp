// SPDX-License-Identifier: Apache-2.0
// Words with a meaning of their own in PromQL, and where they are names all the same.
#include <algorithm>
#include <array>

#include "promql_lexer.hpp"

namespace loopcheck::promql {
namespace {

using enum keyword_kind;
constexpr std::array keywords = std::to_array<keyword_row>({
    {"and", set, true, true},
    {"or", set, true, true},
    {"unless", set, true, true},
    {"atan2", arithmetic, false, true},
    {"sum", aggregation, true, true},
    {"avg", aggregation, true, true},
    {"count", aggregation, true, true},
    {"min", aggregation, true, true},
    {"max", aggregation, true, true},
    {"group", aggregation, true, true},
    {"stddev", aggregation, true, true},
    {"stdvar", aggregation, true, true},
    {"topk", aggregation, true, true},
    {"bottomk", aggregation, true, true},
    {"count_values", aggregation, true, true},
    {"quantile", aggregation, true, true},
    {"limitk", aggregation, true, true},
    {"limit_ratio", aggregation, true, true},
    {"offset", modifier, true, true},
    {"smoothed", modifier, true, true},
    {"anchored", modifier, true, true},
    {"by", modifier, true, true},
    {"without", modifier, true, false},
    {"on", modifier, false, true},
    {"ignoring", modifier, false, true},
    {"group_left", modifier, false, true},
    {"group_right", modifier, false, true},
    {"fill", modifier, true, true},
    {"fill_left", modifier, true, true},
    {"fill_right", modifier, true, true},
    {"bool", modifier, false, true},
    {"start", preprocessor, true, true},
    {"end", preprocessor, true, true},
    {"step", preprocessor, true, true},
    {"range", preprocessor, true, true},
    {"max_of", preprocessor, true, true},
    {"min_of", preprocessor, true, true},
});

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_word(std::string_view word, std::string_view in_lower_case) noexcept {
  return std::ranges::equal(word, in_lower_case, {}, lower);
}

keyword_row const *find_keyword(std::string_view word) noexcept {
  auto const *const found = std::ranges::find_if(
      keywords, [&](keyword_row const &row) { return same_word(word, row.word); });
  return found == keywords.end() ? nullptr : found;
}

}  // namespace loopcheck::promql
