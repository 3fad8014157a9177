// SPDX-License-Identifier: Apache-2.0
// The text form of a selector, as kubectl -l and the list calls of the API take it: words between
// spaces and the signs ( ) , ! = == != ; `in` and `notin` are words only where an operator stands.
#include "selector.hpp"

#include <set>

namespace loopcheck {

namespace {

using op = selector::requirement::op;

class parser {
 public:
  explicit parser(std::string_view text) : rest_(text) { next(); }

  bool at_end() const { return token_.empty(); }
  bool is(std::string_view sign) const { return token_ == sign && !word_; }

  selector::requirement requirement() {
    bool const absent = take("!");
    selector::requirement result{word("a label name"), op::exists, {}, false};
    if (absent) {
      result.how = op::does_not_exist;
    } else if (!at_end() && !is(",")) {
      comparison(result);
    }
    return result;
  }

  bool take(std::string_view sign) {
    if (!is(sign)) {
      return false;
    }
    next();
    return true;
  }

  [[noreturn]] void expected(std::string_view what) const {
    throw selector_error("found \"" + std::string(token_) + "\", expected " + std::string(what));
  }

 private:
  static bool sign(char c) {
    return c == '(' || c == ')' || c == ',' || c == '!' || c == '=' || c == '<' || c == '>';
  }
  static bool space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  void next() {
    while (!rest_.empty() && space(rest_.front())) {
      rest_.remove_prefix(1);
    }
    std::size_t length = 0;
    word_ = !rest_.empty() && !sign(rest_.front());
    if (word_) {
      while (length < rest_.size() && !sign(rest_[length]) && !space(rest_[length])) {
        ++length;
      }
    } else if (rest_.starts_with("==") || rest_.starts_with("!=")) {
      length = 2;
    } else {
      length = rest_.empty() ? 0 : 1;
    }
    token_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }

  std::string word(std::string_view what) {
    if (!word_) {
      expected(what);
    }
    std::string result(token_);
    next();
    return result;
  }

  void comparison(selector::requirement &of) {
    if (take("=") || take("==")) {
      of.how = op::in;
      of.exact = true;
      of.values = {word_ ? word("a value") : ""};
    } else if (take("!=")) {
      of.how = op::not_in;
      of.exact = true;
      of.values = {word_ ? word("a value") : ""};
    } else if (word_ && (token_ == "in" || token_ == "notin")) {
      of.how = token_ == "in" ? op::in : op::not_in;
      next();
      of.values = set();
    } else {
      expected("=, ==, !=, in or notin");
    }
  }

  std::vector<std::string> set() {
    if (!take("(")) {
      expected("'('");
    }
    std::set<std::string> found;
    do {  // an empty place between commas is the empty value
      found.insert(word_ ? word("a value") : "");
    } while (take(","));
    if (!take(")")) {
      expected("',' or ')'");
    }
    return {found.begin(), found.end()};
  }

  std::string_view rest_;
  std::string_view token_;
  bool word_ = false;
};

}  // namespace

selector selector::parse(std::string_view text) {
  selector result;
  parser from(text);
  while (!from.at_end()) {
    result.add(from.requirement());
    if (from.at_end()) {
      break;
    }
    if (!from.take(",")) {
      from.expected("',' or the end");
    }
    if (from.at_end()) {
      from.expected("a label name");
    }
  }
  result.sort();
  return result;
}

}  // namespace loopcheck
