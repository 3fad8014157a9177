// SPDX-License-Identifier: Apache-2.0
#include "exposition_checker.hpp"

#include "exposition_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

namespace loopmeter::test {
namespace {

bool is_name(std::string_view text, bool colons) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::ranges::all_of(text, [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

// Decodes code point by code point, unlike the library's table.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto const byte = static_cast<unsigned char>(text[i]);
    std::size_t const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if ((byte >= 0x80 && byte < 0xc0) || byte >= 0xf8 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? byte : byte & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      auto const next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80) return false;
      point = point << 6U | (next & 0x3fU);
    }
    static constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      return false;
    }
    i += length;
  }
  return true;
}

std::string_view take_word(std::string_view &rest) {
  std::size_t const end = std::min(rest.find(' '), rest.size());
  std::string_view const word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

// Removes the escapes; none when one of them is unknown.
std::optional<std::string> unescape(std::string_view text, bool quotes) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'n') {
      plain += '\n';
    } else if (text[i] == '\\' || (quotes && text[i] == '"')) {
      plain += text[i];
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

class reader {
 public:
  explicit reader(checked_exposition &into) : into_{into} {}

  void read(std::string_view bytes) {
    if (!bytes.empty() && bytes.back() != '\n') {
      report(finding_code::no_final_newline, bytes.substr(bytes.rfind('\n') + 1));
    }
    while (!bytes.empty()) {
      std::size_t const end = std::min(bytes.find('\n'), bytes.size());
      ++line_;
      read_line(bytes.substr(0, end));
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    for (auto const &family : into_.families)
      check_family(family, into_.findings);
  }

 private:
  void report(finding_code code, std::string_view text) {
    into_.findings.push_back({code, line_, std::string{text}});
  }

  void read_line(std::string_view line) {
    if (line.empty()) return;
    if (line.ends_with('\r')) return report(finding_code::carriage_return, line);
    if (!is_utf8(line)) return report(finding_code::not_utf8, line);
    if (line.front() == ' ' || line.front() == '\t') {
      return report(finding_code::leading_space, line);
    }
    if (line.starts_with("# HELP")) return read_help(line);
    if (line.starts_with("# TYPE")) return read_type(line);
    if (line.front() != '#') read_sample(line);
  }

  // The family of a HELP or TYPE line; a new one unless it goes on with the last.
  checked_family *family_of(std::string_view name, finding_code twice, bool has_it) {
    if (!into_.families.empty() && into_.families.back().name == name) {
      if (has_it) {
        report(twice, name);
        return nullptr;
      }
      return &into_.families.back();
    }
    if (names_.contains(std::string{name})) {
      report(finding_code::family_interleaved, name);
      return nullptr;
    }
    names_.emplace(name);
    into_.families.push_back({.name = std::string{name}, .type = {}, .help = {}, .samples = {}});
    return &into_.families.back();
  }

  bool last_has(bool checked_family::*flag) const {
    return !into_.families.empty() && into_.families.back().*flag;
  }

  void read_help(std::string_view line) {
    std::string_view rest = line.substr(6);
    if (rest.empty() || rest == " ") return report(finding_code::help_without_name, line);
    if (rest.front() != ' ') return;  // a comment that happens to begin so
    rest.remove_prefix(1);
    std::string_view const name = take_word(rest);
    if (!is_name(name, true)) return report(finding_code::help_bad_name, line);
    checked_family *const family =
        family_of(name, finding_code::help_twice, last_has(&checked_family::has_help));
    if (family == nullptr) return;
    if (!family->samples.empty()) report(finding_code::help_after_samples, line);
    family->has_help = true;
    if (auto help = unescape(rest, false)) {
      family->help = *std::move(help);
    } else {
      report(finding_code::help_bad_escape, line);
    }
  }

  void read_type(std::string_view line) {
    static constexpr std::array<std::string_view, 5> types{"counter", "gauge", "histogram",
                                                           "summary", "untyped"};
    std::string_view rest = line.substr(6);
    if (!rest.empty() && rest.front() != ' ') return;  // a comment that happens to begin so
    if (!rest.empty()) rest.remove_prefix(1);
    std::string_view const name = take_word(rest);
    if (!is_name(name, true)) return report(finding_code::type_bad_name, line);
    std::string_view const type = take_word(rest);
    if (type.empty()) return report(finding_code::type_missing, line);
    if (!rest.empty()) return report(finding_code::type_trailing_text, line);
    bool const known = std::ranges::find(types, type) != types.end();
    if (!known) report(finding_code::type_unknown, line);
    bool const has_type = !into_.families.empty() && !into_.families.back().type.empty();
    checked_family *const family = family_of(name, finding_code::type_twice, has_type);
    if (family == nullptr) return;
    if (!family->samples.empty()) report(finding_code::type_after_samples, line);
    family->type = known ? type : "untyped";
  }

  void read_sample(std::string_view line) {
    std::size_t const name_end = std::min(line.find_first_of("{ "), line.size());
    sample read{.name = std::string{line.substr(0, name_end)},
                .labels = {},
                .value_text = {},
                .timestamp_ms = {},
                .line = line_};
    if (!is_name(read.name, true)) return report(finding_code::sample_bad_name, line);
    std::string_view rest = line.substr(name_end);
    if (rest.starts_with('{') && !read_labels(line, rest, read)) return;
    if (!read_value(line, rest, read)) return;
    if (!series_.emplace(read.name, read.labels).second) report(finding_code::series_twice, line);
    place(line, std::move(read));
  }

  // Reads "{…}" off `rest`.
  bool read_labels(std::string_view line, std::string_view &rest, sample &into) {
    rest.remove_prefix(1);
    while (!rest.starts_with('}')) {
      if (rest.empty()) return fail(finding_code::braces_unterminated, line);
      std::size_t const name_end = std::min(rest.find_first_of("=\",} "), rest.size());
      std::string const name{rest.substr(0, name_end)};
      rest.remove_prefix(name_end);
      if (!is_name(name, false)) return fail(finding_code::label_bad_name, line);
      if (!rest.starts_with('=')) return fail(finding_code::label_no_equals, line);
      if (!rest.starts_with("=\"")) return fail(finding_code::label_no_quote, line);
      rest.remove_prefix(2);
      std::size_t end = 0;
      while (end < rest.size() && rest[end] != '"')
        end += rest[end] == '\\' ? 2 : 1;
      if (end >= rest.size()) return fail(finding_code::label_unterminated, line);
      auto value = unescape(rest.substr(0, end), true);
      rest.remove_prefix(end + 1);
      if (!value) return fail(finding_code::label_bad_escape, line);
      if (name.starts_with("__")) return fail(finding_code::label_reserved, line);
      if (!into.labels.emplace(name, *std::move(value)).second) {
        return fail(finding_code::label_twice, line);
      }
      if (rest.starts_with(',')) {
        rest.remove_prefix(1);
      } else if (!rest.empty() && rest.front() != '}') {
        return fail(finding_code::label_no_comma, line);
      }
    }
    rest.remove_prefix(1);
    return true;
  }

  bool read_value(std::string_view line, std::string_view rest, sample &into) {
    if (!rest.starts_with(' ') || rest == " ") return fail(finding_code::value_missing, line);
    rest.remove_prefix(1);
    if (rest.ends_with(' ')) return fail(finding_code::trailing_text, line);
    into.value_text = take_word(rest);
    if (into.value_text.empty()) return fail(finding_code::value_missing, line);
    auto const value = parse_number(into.value_text);
    if (!value) return fail(finding_code::value_malformed, line);
    into.value = value->value;
    if (!value->is_canonical) report(finding_code::value_spelling, line);
    if (rest.empty()) return true;
    std::string_view const timestamp = take_word(rest);
    std::int64_t milliseconds = 0;
    auto const [end, error] =
        std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), milliseconds);
    if (error != std::errc{} || end != timestamp.data() + timestamp.size()) {
      return fail(finding_code::timestamp_malformed, line);
    }
    into.timestamp_ms = milliseconds;
    if (!rest.empty()) return fail(finding_code::trailing_text, line);
    return true;
  }

  bool fail(finding_code code, std::string_view line) {
    report(code, line);
    return false;
  }

  // Puts a sample into its family.
  void place(std::string_view line, sample read) {
    if (!into_.families.empty()) {
      checked_family &last = into_.families.back();
      if (last.name == read.name || is_series_of(read.name, last)) {
        if (last.type.empty() && last.samples.empty()) {
          report(finding_code::sample_without_type, line);
        }
        if (!is_series_of(read.name, last)) {
          report(finding_code::sample_wrong_suffix, line);
          return;
        }
        last.samples.push_back(std::move(read));
        return;
      }
    }
    for (checked_family const &family : into_.families) {
      if (family.name == read.name || is_series_of(read.name, family)) {
        return report(finding_code::family_interleaved, line);
      }
    }
    report(finding_code::sample_without_type, line);
    names_.emplace(read.name);
    into_.families.push_back({.name = read.name, .type = {}, .help = {}, .samples = {}});
    into_.families.back().samples.push_back(std::move(read));
  }

  checked_exposition &into_;
  std::size_t line_ = 0;
  std::set<std::string> names_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> series_;
};

}  // namespace

std::optional<number> parse_number(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (lower == "nan") return number{std::numeric_limits<double>::quiet_NaN(), text == "NaN"};
  if (lower == "+inf" || lower == "inf") return number{infinity, text == "+Inf"};
  if (lower == "-inf") return number{-infinity, text == "-Inf"};
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      digits.starts_with('+')) {
    return std::nullopt;
  }
  double value = 0;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number{value, true};
}

std::optional<double> checked_exposition::value(
    std::string_view name, std::map<std::string, std::string> const &labels) const {
  for (checked_family const &family : families) {
    for (sample const &one : family.samples) {
      if (one.name == name && one.labels == labels) return one.value;
    }
  }
  return std::nullopt;
}

std::size_t checked_exposition::sample_count() const {
  std::size_t count = 0;
  for (checked_family const &family : families)
    count += family.samples.size();
  return count;
}

std::string checked_exposition::findings_text() const {
  std::string text;
  for (finding const &one : findings) {
    text += "line " + std::to_string(one.line) + ": " + std::string{name_of(one.code)} + ": " +
            one.text + '\n';
  }
  return text;
}

checked_exposition check_exposition(std::string_view bytes) {
  checked_exposition checked;
  reader{checked}.read(bytes);
  return checked;
}

}  // namespace loopmeter::test
