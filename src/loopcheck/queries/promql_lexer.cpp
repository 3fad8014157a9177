// SPDX-License-Identifier: Apache-2.0
#include "promql_lexer.hpp"

#include <algorithm>

#include "utf8.hpp"

namespace loopcheck::promql {
namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) noexcept {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) noexcept {
  return is_alpha(c) || is_digit(c);
}
class lexer {
 public:
  explicit lexer(std::string_view text) : text_(text) {}

  token_list run() {
    while (!done_) {
      start_ = at_;
      step();
    }
    return std::move(list_);
  }

 private:
  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool ended() const noexcept { return at_ >= text_.size(); }
  bool accept(std::string_view any) noexcept {
    if (ended() || any.find(text_[at_]) == std::string_view::npos) {
      return false;
    }
    ++at_;
    return true;
  }
  bool is(std::string_view any) const noexcept {
    return !ended() && any.find(text_[at_]) != std::string_view::npos;
  }

  void emit(token_kind kind, std::string_view keyword = {}) {
    list_.tokens.push_back({kind, {start_, at_}, text_.substr(start_, at_ - start_), keyword});
  }
  void emit(token_kind kind, std::size_t bytes) {
    at_ += bytes;
    emit(kind);
  }
  void fail(std::string what, std::size_t offset) {
    list_.error = std::move(what);
    list_.tokens.push_back({token_kind::error, {offset, text_.size()}, {}, {}});
    done_ = true;
  }
  void fail(std::string what) { fail(std::move(what), start_); }
  void fail_at_character(std::string_view where = {}) {
    fail("unexpected character" + std::string(where) + ": '" + character() + "'");
  }
  std::string character() const {
    std::size_t const size = utf8_size(text_.substr(start_));
    return size == 0 ? "\\x.." : std::string(text_.substr(start_, size));
  }

  void step();
  void inside_braces(char c);
  void outside(char c);
  void comparison(char c);
  void brackets(char c);
  void word();
  void word_in_brackets();
  void number();
  bool scan_number();
  bool scan_duration();
  void quoted();
  void raw();
  bool escape(char quote);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  bool done_ = false;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool colon_seen_ = false;
  bool duration_read_ = false;  ///< since the left bracket
  std::size_t parens_ = 0;
  token_list list_;
};

void lexer::step() {
  if (ended()) {
    if (in_braces_) {
      fail("unexpected end of input inside braces");
    } else if (parens_ > 0) {
      fail("unclosed left parenthesis");
    } else if (in_brackets_) {
      fail("unclosed left bracket");
    } else {
      emit(token_kind::end);
      done_ = true;
    }
    return;
  }
  char const c = text_[at_];
  if (is_space(c)) {
    ++at_;
  } else if (c == '#' && in_brackets_ && !duration_read_) {
    fail_at_character(" in a duration");  // comments only follow its first number
  } else if (c == '#') {
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
  } else if (c == ',') {
    emit(token_kind::comma, 1);
  } else if (c == '"' || c == '\'') {
    quoted();
  } else if (c == '`') {
    raw();
  } else if (in_braces_) {
    inside_braces(c);
  } else {
    outside(c);
  }
}

void lexer::inside_braces(char c) {
  if (is_alpha(c)) {
    while (is_word(peek())) {
      ++at_;
    }
    emit(token_kind::identifier);
  } else if (c == '=') {
    peek(1) == '~' ? emit(token_kind::matches, 2) : emit(token_kind::assign, 1);
  } else if (c == '!' && (peek(1) == '~' || peek(1) == '=')) {
    emit(peek(1) == '~' ? token_kind::matches_not : token_kind::not_equal, 2);
  } else if (c == '}') {
    in_braces_ = false;
    emit(token_kind::right_brace, 1);
  } else {
    fail_at_character(" inside braces");
  }
}

void lexer::outside(char c) {
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    return number();
  }
  if (is_alpha(c) || c == ':') {
    return in_brackets_ ? word_in_brackets() : word();
  }
  switch (c) {
    case '+':
    case '-':
      return emit(token_kind::sign, 1);
    case '*':
    case '/':
    case '%':
    case '^':
    case '@':
      return emit(token_kind::operation, 1);
    case '=':
    case '!':
    case '<':
    case '>':
      return comparison(c);
    case '(':
      ++parens_;
      return emit(token_kind::left_paren, 1);
    case ')':
      if (parens_ == 0) {
        return fail("unexpected right parenthesis");
      }
      --parens_;
      return emit(token_kind::right_paren, 1);
    case '{':
      in_braces_ = true;
      return emit(token_kind::left_brace, 1);
    case '[':
    case ']':
      return brackets(c);
    default:
      return fail_at_character();
  }
}

void lexer::comparison(char c) {
  char const next = peek(1);
  if (c == '=') {
    if (next == '~') {
      return fail("=~ is for labels, inside braces");
    }
    return next == '=' ? emit(token_kind::operation, 2) : emit(token_kind::assign, 1);
  }
  if (c == '!') {
    return next == '=' ? emit(token_kind::not_equal, 2) : fail("unexpected character after '!'");
  }
  emit(token_kind::operation, next == '=' || next == '/' ? 2 : 1);
}

void lexer::brackets(char c) {
  if ((c == '[') == in_brackets_) {
    return fail(c == '[' ? "unexpected left bracket" : "unexpected right bracket");
  }
  in_brackets_ = c == '[';
  colon_seen_ = false;
  duration_read_ = false;
  emit(c == '[' ? token_kind::left_bracket : token_kind::right_bracket, 1);
}

void lexer::word_in_brackets() {
  if (peek() == ':') {
    if (colon_seen_) {
      return fail("unexpected colon");
    }
    colon_seen_ = true;
    return emit(token_kind::colon, 1);
  }
  while (is_alpha(peek())) {
    ++at_;
  }
  auto const *row = find_keyword(text_.substr(start_, at_ - start_));
  if (row != nullptr && row->kind == keyword_kind::preprocessor && row->word != "start" &&
      row->word != "end") {
    return emit(token_kind::keyword, row->word);
  }
  fail("unexpected character: '" + character() + "', expected a duration");
}

void lexer::word() {
  while (is_word(peek()) || peek() == ':') {
    ++at_;
  }
  std::string_view const said = text_.substr(start_, at_ - start_);
  if (same_word(said, "inf") || same_word(said, "nan")) {
    return emit(token_kind::number);
  }
  if (auto const *row = find_keyword(said); row != nullptr) {
    if (row->word.starts_with("fill")) {  // a name of metrics that came before the keyword
      std::size_t const next = text_.find_first_not_of(" \t\r\n", at_);
      if (next == std::string_view::npos || text_[next] != '(') {
        return emit(token_kind::identifier);
      }
    }
    return emit(token_kind::keyword, row->word);
  }
  emit(said.find(':') == std::string_view::npos ? token_kind::identifier
                                                : token_kind::metric_identifier);
}

void lexer::number() {
  duration_read_ = true;
  if (scan_number()) {
    return emit(token_kind::number);
  }
  if (scan_duration()) {
    return emit(token_kind::duration);
  }
  fail("bad number or duration syntax: \"" + std::string(text_.substr(start_, at_ - start_)) +
       "\"");
}

/// What looks like a number: whether it is one is decided by number_value().
bool lexer::scan_number() {
  std::string_view digits = "0123456789";
  if (accept("0") && accept("xX")) {
    accept("_");
    digits = "0123456789abcdefABCDEF";
  }
  accept(".");
  accept(digits);
  bool dot = false;
  bool exponent = false;
  while (is(digits) || is("._eE")) {
    if ((dot && is(".")) || (exponent && is("eE"))) {
      ++at_;
      return false;
    }
    if (accept(".")) {
      dot = true;
      if (accept("_.") || digits.size() > 10) {
        return false;
      }
    } else if (accept("eE")) {
      exponent = true;
      accept("+-");
      if (accept("._eE") || ended()) {
        return false;
      }
    } else if (accept("_")) {
      if (accept("._eE") || ended()) {
        return false;
      }
    } else {
      while (accept(digits)) {
      }
    }
  }
  return !is_word(peek());
}

bool lexer::scan_duration() {
  if (!accept("smhdwy")) {
    return false;
  }
  accept("s");  // of ms
  while (accept("0123456789")) {
    while (accept("0123456789")) {
    }
    if (!accept("smhdw")) {
      return false;
    }
    accept("s");
  }
  return !is_word(peek());
}

void lexer::quoted() {
  char const quote = text_[at_++];
  while (!ended() && text_[at_] != '\n') {
    char const c = text_[at_];
    if (c == quote) {
      return emit(token_kind::text, 1);
    }
    if (c == '\\') {
      ++at_;
      if (!escape(quote)) {
        return;
      }
      continue;
    }
    std::size_t const size = utf8_size(text_.substr(at_));
    if (size == 0 || text_.substr(at_, size) == "\xEF\xBF\xBD") {  // Go cannot tell these apart
      return fail("invalid UTF-8 in a string", at_);
    }
    at_ += size;
  }
  fail("unterminated quoted string");
}

void lexer::raw() {
  for (++at_; !ended();) {
    if (text_[at_] == '`') {
      return emit(token_kind::text, 1);
    }
    std::size_t const size = utf8_size(text_.substr(at_));
    if (size == 0 || text_.substr(at_, size) == "\xEF\xBF\xBD") {
      return fail("invalid UTF-8 in a string", at_);
    }
    at_ += size;
  }
  fail("unterminated raw string");
}

/// After the backslash.
bool lexer::escape(char quote) {
  std::size_t const from = at_ - 1;
  if (ended()) {
    return fail("escape sequence not terminated", from), false;
  }
  char const c = text_[at_++];
  if (c == quote || std::string_view("abfnrtv\\").find(c) != std::string_view::npos) {
    return true;
  }
  bool const octal = c >= '0' && c <= '7';
  if (!octal && c != 'x' && c != 'u' && c != 'U') {
    return fail("unknown escape sequence in a string", from), false;
  }
  at_ -= octal ? 1 : 0;
  int const digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : 8;
  std::uint64_t code = 0;
  for (int i = 0; i < digits; ++i) {
    int const digit = ended() ? -1 : hex_digit(text_[at_]);
    if (digit < 0 || (octal && digit > 7)) {
      return fail("illegal character in escape sequence", from), false;
    }
    code = code * (octal ? 8 : 16) + static_cast<unsigned>(digit);
    ++at_;
  }
  std::uint64_t const most = c == 'u' || c == 'U' ? 0x10FFFF : 255;
  if (code > most || (code >= 0xD800 && code < 0xE000)) {
    return fail("escape sequence is an invalid Unicode code point", from), false;
  }
  return true;
}

}  // namespace

token_list tokenize(std::string_view text) {
  return lexer(text).run();
}

}  // namespace loopcheck::promql
