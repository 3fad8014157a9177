// SPDX-License-Identifier: Apache-2.0
#include "exposition_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <loopcheck/prediction/label_name.hpp>

#include "exposition.hpp"
#include "promql.hpp"

namespace loopcheck {

std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char const next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] == '\\' && (next == '\\' || next == '"' || next == 'n')) {
      plain += next == 'n' ? '\n' : next;
      ++at;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (char const c : text) {
    made += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return made + '"';
}

bool is_float(std::string_view word) noexcept {
  bool const sign = !word.empty() && (word.front() == '+' || word.front() == '-');
  if (sign) {
    word.remove_prefix(1);
  }
  constexpr std::array names = {"inf", "infinity", "nan"};
  auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::string_view const name : names) {
    if (std::ranges::equal(word, name, {}, lower)) {
      return !sign || name != "nan";
    }
  }
  double parsed = 0;
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), parsed);
  bool const begins =
      !word.empty() && ((word.front() >= '0' && word.front() <= '9') || word.front() == '.');
  if (!begins || end != word.data() + word.size()) {
    return false;
  }
  // Too small is 0, too big an error.
  return error == std::errc{} || (error == std::errc::result_out_of_range &&
                                  std::strtod(std::string(word).c_str(), nullptr) < 1);
}

std::optional<exposition_format> format_of(std::string_view content_type) noexcept {
  std::string_view const type = content_type.substr(0, content_type.find(';'));
  if (type.starts_with("application/openmetrics-text")) {
    return exposition_format::openmetrics;
  }
  if (type.starts_with("text/plain")) {
    return exposition_format::text;
  }
  return {};
}

exposition_format guess_format(std::string_view body) noexcept {
  bool const ends = body.ends_with("# EOF\n") || body.ends_with("# EOF");
  return ends ? exposition_format::openmetrics : exposition_format::text;
}

std::string text(exposed_series const &of) {
  auto without_colons = of.name;
  std::ranges::replace(without_colons, ':', '_');
  bool const plain = valid_label_name(without_colons, label_scheme::legacy);
  std::string labels = plain ? "" : quoted(of.name);
  for (auto const &[label, held] : of.labels) {
    labels += labels.empty() ? "" : ",";
    labels += text(label_matcher{label, label_matcher::op::equal, held});
  }
  if (!labels.empty()) {
    labels = "{" + labels + "}";
  }
  return plain ? of.name + labels : labels;
}

}  // namespace loopcheck
