// SPDX-License-Identifier: Apache-2.0
#include "exposition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>

#include <loopcheck/prediction/label_name.hpp>

#include "bound_text.hpp"
#include "exposition_words.hpp"

namespace loopcheck {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_name(char c, bool colon) noexcept {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (colon && c == ':');
}

struct failure {
  std::string what;
};

class reader {
 public:
  reader(std::string_view body, exposition_format format, exposition_options const &options)
      : body_(body), openmetrics_(format == exposition_format::openmetrics), options_(options) {}

  exposition run() {
    read_.bytes = body_.size();
    try {
      if (body_.size() > options_.limits.bytes_max) {
        throw failure{"larger than " + std::to_string(options_.limits.bytes_max) + " bytes"};
      }
      while (!ended_) {
        start_ = at_;
        line();
      }
    } catch (failure &left) {
      std::ranges::replace_if(
          left.what, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');  // one line
      read_.error = exposition_error{line_of(std::min(start_, body_.size())), left.what};
    }
    return std::move(read_);
  }

 private:
  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < body_.size() ? body_[at_ + ahead] : '\0';
  }
  bool at_end() const noexcept { return at_ >= body_.size(); }
  bool accept(char c) noexcept {
    bool const there = !at_end() && body_[at_] == c;
    at_ += there ? 1 : 0;
    return there;
  }
  bool accept(std::string_view word) noexcept {
    bool const there = body_.substr(at_).starts_with(word);
    at_ += there ? word.size() : 0;
    return there;
  }
  /// Text takes tabs and spaces anywhere, OpenMetrics one space where it says so.
  void blanks() noexcept {
    while (!openmetrics_ && (peek() == ' ' || peek() == '\t')) {
      ++at_;
    }
  }

  [[noreturn]] void fail(std::string_view what) const {
    std::string_view const rest = body_.substr(std::min(at_, body_.size()));
    std::string got(rest.substr(0, std::min<std::size_t>(rest.find('\n'), 40)));
    throw failure{std::string(what) + ", got \"" + got + "\""};
  }

  /// Of a byte that is not before the last one asked for.
  int line_of(std::size_t offset) {
    line_ += static_cast<int>(std::ranges::count(body_.substr(counted_, offset - counted_), '\n'));
    counted_ = offset;
    return line_;
  }

  void line();
  void comment();
  void metadata(std::string_view keyword);
  void sample();
  std::string name(bool colon);
  std::string_view quoted(bool one_line = false);
  void label_list(exposed_series &of, bool exemplar);
  void value(std::string_view after);
  void tail();
  void exemplar();
  std::string_view word() noexcept;
  exposed_family &family(std::string const &name);
  void line_end(std::string_view what);

  std::string_view body_;
  bool openmetrics_;
  exposition_options const &options_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  bool ended_ = false;
  int line_ = 1;
  std::size_t counted_ = 0;
  std::string_view bound_label_;  ///< of the last family with a TYPE: le, quantile or none
  std::map<std::string, std::size_t, std::less<>> family_at_;
  exposition read_;
};

void reader::line() {
  if (at_end()) {
    if (openmetrics_) {
      fail("data does not end with # EOF");
    }
    ended_ = true;
    return;
  }
  blanks();
  if (!openmetrics_ && accept('\n')) {
    return;
  }
  if (at_end()) {
    ended_ = true;
  } else if (peek() == '#') {
    comment();
  } else {
    sample();
  }
}

void reader::comment() {
  if (openmetrics_) {
    if (!accept("# ")) {
      fail("expected a valid start token");
    }
    if (accept("EOF")) {
      accept('\n');
      if (!at_end()) {
        fail("unexpected data after # EOF");
      }
      ended_ = true;
      return;
    }
  } else {
    ++at_;
    bool const separated = peek() == ' ' || peek() == '\t';
    blanks();
    if (!separated) {
      at_ = std::min(body_.find('\n', at_), body_.size()) + 1;
      return;
    }
  }
  for (std::string_view const keyword : {"HELP", "TYPE", "UNIT"}) {
    char const next = peek(keyword.size());
    bool const known = keyword != "UNIT" || openmetrics_;
    bool const separated = next == ' ' || (!openmetrics_ && next == '\t');
    if (known && separated && accept(keyword)) {
      return metadata(keyword);
    }
  }
  if (openmetrics_) {
    fail("expected HELP, TYPE, UNIT or EOF");
  }
  at_ = std::min(body_.find('\n', at_), body_.size()) + 1;
}

exposed_family &reader::family(std::string const &name) {
  auto const [at, fresh] = family_at_.try_emplace(name, read_.families.size());
  if (fresh) {
    read_.families.push_back({.name = name, .type = "unknown", .help = {}, .unit = {}});
  }
  return read_.families[at->second];
}

void reader::metadata(std::string_view keyword) {
  openmetrics_ ? void(accept(' ')) : blanks();
  std::string const of = peek() == '"' ? without_escapes(quoted()) : name(true);
  std::string_view text = body_.substr(at_, body_.find('\n', at_) - at_);
  at_ = std::min(at_ + text.size(), body_.size());
  if (openmetrics_ && (text.empty() || text.front() != ' ' || at_end())) {
    fail("expected text in " + std::string(keyword));
  }
  text.remove_prefix(text.empty() ? 0 : 1);
  ++at_;
  exposed_family &described = family(of);
  if (keyword == "HELP") {
    if (!valid_utf8(text)) {
      throw failure{"help text of " + of + " is not valid UTF-8"};
    }
    described.help = without_escapes(text);
  } else if (keyword == "UNIT") {
    described.unit = text;
    if (!text.empty() && !of.ends_with("_" + std::string(text))) {
      throw failure{"unit \"" + described.unit + "\" not a suffix of metric \"" + of + "\""};
    }
  } else {
    constexpr std::array both = {"counter", "gauge", "histogram", "summary"};
    constexpr std::array only = {"gaugehistogram", "info", "stateset", "unknown"};
    bool const known =
        std::ranges::find(both, text) != both.end() ||
        (openmetrics_ ? std::ranges::find(only, text) != only.end() : text == "untyped");
    if (!known) {
      throw failure{"invalid metric type \"" + std::string(text) + "\""};
    }
    described.type = text == "untyped" ? "unknown" : text;
    bound_label_ = text == "histogram" ? "le" : text == "summary" ? "quantile" : "";
  }
}

std::string reader::name(bool colon) {
  std::size_t const from = at_;
  if (!is_name(peek(), colon)) {
    fail(colon ? "expected a metric name" : "expected label name");
  }
  while (is_name(peek(), colon) || is_digit(peek())) {
    ++at_;
  }
  return std::string(body_.substr(from, at_ - from));
}

/// Without its quotes, with its escapes.
std::string_view reader::quoted(bool one_line) {
  std::size_t const from = ++at_;
  for (; !at_end() && body_[at_] != '"'; ++at_) {
    bool const escaped = body_[at_] == '\\';
    at_ += escaped ? 1 : 0;
    if (peek() == '\n' && (escaped || one_line)) {
      break;
    }
  }
  if (!accept('"')) {
    fail("unterminated quoted string");
  }
  return body_.substr(from, at_ - 1 - from);
}

void reader::label_list(exposed_series &of, bool exemplar) {
  blanks();
  while (!accept('}')) {
    bool const is_quoted = peek() == '"';
    std::string label = is_quoted ? without_escapes(quoted()) : name(false);
    blanks();
    if (is_quoted && !exemplar && (peek() == ',' || peek() == '}')) {
      if (!of.name.empty()) {
        throw failure{"metric name already set: " + of.name + ", \"" + label + "\""};
      }
      of.name = std::move(label);
    } else {
      if (!accept('=')) {
        fail("expected equal");
      }
      blanks();
      if (peek() != '"') {
        fail("expected label value");
      }
      std::string_view const held = quoted(openmetrics_);
      if (!valid_utf8(held)) {
        throw failure{"invalid UTF-8 in the value of label " + label};
      }
      std::string plain = without_escapes(held);
      if (options_.canonical_bounds && label == bound_label_) {
        plain = canonical_bound(plain);
      }
      of.labels.emplace_back(std::move(label), std::move(plain));
    }
    blanks();
    // Text needs no comma between two labels, for Prometheus.
    bool const comma = accept(',');
    blanks();
    if (openmetrics_ && !comma && peek() != '}') {
      fail("expected comma or brace close");
    }
  }
}

std::string_view reader::word() noexcept {
  std::size_t const from = at_;
  while (!at_end() && peek() != ' ' && peek() != '\n' && (openmetrics_ || peek() != '\t')) {
    ++at_;
  }
  return body_.substr(from, at_ - from);
}

void reader::value(std::string_view after) {
  if (openmetrics_ ? !accept(' ') : (blanks(), peek() == '{')) {
    fail("expected value after " + std::string(after));
  }
  std::string_view const said = word();
  if (said.empty()) {
    fail("expected value after " + std::string(after));
  }
  if (!is_float(said)) {
    throw failure{"not a number: \"" + std::string(said) + "\""};
  }
}

void reader::sample() {
  if (read_.series.size() >= options_.limits.series_max) {
    throw failure{"more than " + std::to_string(options_.limits.series_max) + " series"};
  }
  exposed_series of;
  of.line = line_of(start_);
  if (peek() != '{') {
    name(true);
    of.name =
        body_.substr(start_, at_ - start_);  // Prometheus 3 takes blanks before it for part of it
    blanks();
  }
  if (accept('{')) {
    label_list(of, false);
  }
  if (of.name.empty()) {
    throw failure{"metric name not set"};
  }
  value("metric");
  tail();
  read_.series.push_back(std::move(of));
}

/// A time, an exemplar, the end of the line.
void reader::tail() {
  if (!openmetrics_) {
    blanks();
    std::string_view const time = word();
    std::int64_t parsed = 0;
    auto const [end, error] = std::from_chars(time.data(), time.data() + time.size(), parsed);
    bool const digits = !time.empty() && is_digit(time.front());
    if (!time.empty() && (!digits || error != std::errc{} || end != time.data() + time.size())) {
      throw failure{"expected timestamp or new record, got \"" + std::string(time) + "\""};
    }
    blanks();
    if (!at_end()) {
      line_end("expected next entry after timestamp");
    }
    return;
  }
  if (peek() == ' ' && peek(1) != '#') {
    ++at_;
    std::string_view const time = word();
    if (!is_float(time) || time.find_first_of("nN") != std::string_view::npos) {
      throw failure{"invalid timestamp \"" + std::string(time) + "\""};
    }
  }
  if (accept(" # {")) {
    exemplar();
  }
  if (at_end()) {
    throw failure{"data does not end with # EOF"};
  }
  line_end("expected next entry after value or timestamp");
}

void reader::exemplar() {
  exposed_series ignored{.name = "exemplar", .labels = {}, .line = 0};
  label_list(ignored, true);
  value("exemplar labels");
  if (accept(' ')) {
    std::string_view const time = word();
    if (!is_float(time) || time.find_first_of("nN") != std::string_view::npos) {
      throw failure{"invalid exemplar timestamp \"" + std::string(time) + "\""};
    }
  }
}

void reader::line_end(std::string_view what) {
  if (!accept('\n')) {
    fail(what);
  }
}

}  // namespace

exposition read_exposition(std::string_view body, exposition_format format,
                           exposition_options const &options) {
  return reader(body, format, options).run();
}

}  // namespace loopcheck
