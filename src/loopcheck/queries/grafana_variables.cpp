// SPDX-License-Identifier: Apache-2.0
// Grafana's variables in PromQL. What a variable will be is not known, only what can stand in its
// place: a duration in brackets, a number, else a name. Where that does not parse, a number is
// tried in each name's place in turn.
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <vector>

#include "promql.hpp"
#include "query_sources.hpp"

namespace loopcheck {
namespace {

using names = std::set<std::string, std::less<>>;

struct variable {
  std::size_t length = 0;  ///< with its signs; 0: there is none here
  std::string_view name;
};

variable variable_at(std::string_view text) {
  static re2::RE2 const form(
      R"((?:\$(\w+)|\[\[(\w+?)(?::\w+)?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::[^}]+)?\}))");
  re2::StringPiece groups[4];
  re2::StringPiece const piece(text.data(), text.size());
  if (!form.Match(piece, 0, text.size(), re2::RE2::ANCHOR_START, groups, 4)) {
    return {};
  }
  for (auto const &each : std::span(groups).subspan(1)) {
    if (!each.empty()) {
      return {groups[0].size(), {each.data(), each.size()}};
    }
  }
  return {};
}

bool is_number_name(std::string_view name) noexcept {
  constexpr std::array numbers = {"__interval_ms", "__range_s", "__range_ms",
                                  "__from",        "__to",      "__rate_interval_ms"};
  return std::ranges::find(numbers, name) != numbers.end();
}

bool is_duration_name(std::string_view name) noexcept {
  return name == "__interval" || name == "__rate_interval" || name == "__range" ||
         name == "interval";
}

bool is_word(char c) noexcept {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The expression, and which of its bytes are stand-ins that could be numbers.
struct replaced {
  std::string text;
  std::vector<std::size_t> guesses;  ///< where a stand-in begins
};

class scanner {
 public:
  scanner(std::string_view from, names const &declared) : from_(from), declared_(declared) {}

  replaced run() {
    while (at_ < from_.size()) {
      step();
    }
    return std::move(made_);
  }

 private:
  void step() {
    char const c = from_[at_];
    variable const found = c == '$' || c == '[' ? variable_at(from_.substr(at_)) : variable();
    if (found.length > 0 && is_variable(found.name)) {
      replace(found);
      return;
    }
    if (quote_ != '\0') {
      if (c == '\\' && quote_ != '`' && at_ + 1 < from_.size()) {
        made_.text += from_[at_++];
      } else if (c == quote_) {
        quote_ = '\0';
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote_ = c;
    } else if (c == '[' || c == ']') {
      in_brackets_ = c == '[';
    } else if (c == '#') {
      comment();
      return;
    }
    made_.text += from_[at_++];
  }

  void comment() {
    std::size_t const end = std::min(from_.find('\n', at_), from_.size());
    made_.text += from_.substr(at_, end - at_);
    at_ = end;
  }

  bool is_variable(std::string_view name) const {
    return quote_ == '\0' || name.starts_with("__") || declared_.contains(name);
  }

  void replace(variable const &found) {
    at_ += found.length;
    if (quote_ != '\0') {
      made_.text += any_text;
      return;
    }
    char const next = at_ < from_.size() ? from_[at_] : '\0';
    char const last = made_.text.empty() ? '\0' : made_.text.back();
    if (is_number_name(found.name)) {
      made_.text += '1';
    } else if (in_brackets_ || follows_offset() || is_duration_name(found.name)) {
      made_.text += is_word(next) ? "1" : is_word(last) ? "" : "5m";
    } else {
      made_.guesses.push_back(made_.text.size());
      made_.text += any_text;
    }
  }

  bool follows_offset() const {
    std::size_t const end = made_.text.find_last_not_of(" \t\r\n-");
    return end != std::string::npos && end != made_.text.size() - 1 &&
           std::string_view(made_.text).substr(0, end + 1).ends_with("offset");
  }

  std::string_view from_;
  names const &declared_;
  std::size_t at_ = 0;
  char quote_ = '\0';
  bool in_brackets_ = false;
  replaced made_;
};

std::optional<std::size_t> error_at(std::string_view text) {
  auto const query = parse_promql(text);
  return query.error ? std::optional(query.error->offset) : std::nullopt;
}

/// A number in the place of the name that the error is about: the last one before it. The places
/// of what is behind move along.
std::string with_number(std::string const &text, std::vector<std::size_t> &guesses,
                        std::size_t error) {
  auto const after = std::ranges::upper_bound(guesses, error);
  if (after == guesses.begin()) {
    return text;
  }
  auto const guess = std::prev(after);
  std::string other = text.substr(0, *guess);
  other += '1';
  other += std::string_view(text).substr(*guess + any_text.size());
  for (auto &each : std::ranges::subrange(after, guesses.end())) {
    each -= any_text.size() - 1;
  }
  guesses.erase(guess);
  return other;
}

}  // namespace

std::string without_variables(std::string_view expression, names const &declared) {
  replaced made = scanner(expression, declared).run();
  constexpr int numbers_max = 16;  // each costs a parse
  std::string best = made.text;
  for (int i = 0; i < numbers_max; ++i) {
    auto const error = error_at(made.text);
    if (!error) {
      return made.text;
    }
    if (made.guesses.empty()) {
      break;
    }
    made.text = with_number(made.text, made.guesses, *error);
  }
  return best;  // it does not parse, whatever the variables are: its own error is the clearest
}

}  // namespace loopcheck
