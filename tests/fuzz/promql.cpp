// SPDX-License-Identifier: Apache-2.0
// Whatever an expression is: what it asks for, each thing at its place in the text, or one line
// that says why not. What is taken is taken in parentheses, too, and its selectors alone; against
// known series it has an answer in every case.
#include <loopcheck/prediction/label_name.hpp>
#include <loopcheck/queries/check_query.hpp>
#include <loopcheck/queries/promql.hpp>
#include <loopcheck/queries/query_sources.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "invariant.hpp"

namespace {

using namespace loopcheck;
using fuzz::require;

known_series const &known() {
  static known_series const made = [] {
    constexpr std::string_view body =
        "# TYPE a counter\na{b=\"c\",d=\"e\"} 1\na{b=\"f\"} 1\n"
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n";
    known_series by;
    by.add(read_exposition(body, exposition_format::text),
           {{{"job", "x"}, {"pod", "p"}}, {{"job", "y"}}}, nullptr, {});
    by.add_name("r:s");
    return by;
  }();
  return made;
}

bool inside(text_span const &where, std::string_view text) {
  return where.begin <= where.end && where.end <= text.size();
}

bool same(label_matcher const &a, label_matcher const &b) {
  return a.label == b.label && a.how == b.how && a.value == b.value;
}

void require_one_line(std::string_view said) {
  bool const one = !said.empty() && said.find('\n') == said.npos;
  if (!one) std::fprintf(stderr, "%.*s\n", static_cast<int>(said.size()), said.data());
  require(one, "a message is one line");
}

void check_selector(vector_selector const &of, std::string_view whole) {
  require(inside(of.where, whole), "a selector is inside the text");
  if (of.is_info) return;  // it names no metric
  auto const text = whole.substr(of.where.begin, of.where.end - of.where.begin);
  auto const alone = parse_promql(text);
  bool const taken = !alone.error && alone.selectors.size() == 1;
  if (!taken) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  require(taken, "a selector is an expression");
  auto const &again = alone.selectors.front();
  require(again.name == of.name && std::ranges::equal(again.matchers, of.matchers, same),
          "that selects the same");
  // As messages print them; some octets PromQL has as escapes alone.
  for (auto const &each : of.matchers) {
    for (std::string_view const held : {std::string_view(each.label), std::string_view(each.value)})
      if (!valid_utf8(held) || held.find("\uFFFD") != held.npos) return;
  }
  std::string printed = "{__name__=~\".+\"";
  for (auto const &each : of.matchers)
    printed += "," + loopcheck::text(each);
  auto const read = parse_promql(printed + "}");
  bool equal = !read.error && read.selectors.size() == 1 &&
               read.selectors.front().matchers.size() == of.matchers.size() + 1;
  for (std::size_t i = 0; equal && i < of.matchers.size(); ++i)
    equal = same(read.selectors.front().matchers[i + 1], of.matchers[i]);
  if (!equal) std::fprintf(stderr, "%s\n", printed.c_str());
  require(equal, "matchers are printed as PromQL");
}

void check_problems(std::string_view text) {
  for (auto const &each : check_query(text, known(), "b")) {
    require(inside(each.where, text), "a problem is inside the text");
    require_one_line(loopcheck::text(each));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  fuzz::exact_copy const bytes({reinterpret_cast<char const *>(data), size});
  auto const text = bytes.view();
  promql_limits limits;
  auto const query = parse_promql(text, limits);
  check_problems(text);
  check_problems(without_variables(text, {"x"}));
  if (query.error) {
    require(query.error->offset <= size, "an error is inside the text");
    require_one_line(query.error->what);
    return 0;
  }
  require(query.result != promql_query::type::none, "what is taken has a type");
  require(std::ranges::is_sorted(query.selectors, {},
                                 [](auto const &each) { return each.where.begin; }),
          "selectors are by place");
  for (auto const &each : query.selectors)
    check_selector(each, text);
  for (auto const &each : query.uses)
    require(inside(each.where, text) && inside(each.operand, text), "a use is inside the text");
  for (auto const &each : query.created)
    require(inside(each.where, text), "a created label is inside the text");
  ++limits.depth_max;
  auto const again = parse_promql("(" + std::string(text) + "\n)", limits);
  require(!again.error && again.result == query.result &&
              again.selectors.size() == query.selectors.size(),
          "in parentheses it is the same");
  return 0;
}
