// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/negotiate.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace loopmeter::exposition {
namespace {

constexpr int quality_max = 1000;

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view lower_case) noexcept {
  return std::ranges::equal(a, lower_case, {}, lower);
}

std::string_view trim(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

// Takes what is before the next separator off `rest`; one in quotes does not separate.
std::string_view take_element(std::string_view &rest, char separator) noexcept {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\') {
      ++i;  // what it escapes
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (rest[i] == separator && !quoted) {
      break;
    }
  }
  std::string_view const element = rest.substr(0, i);
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return trim(element);
}

// In thousandths; nothing for what is no weight. More digits than the RFC's three are let be, but
// what is above 0 stays so.
std::optional<int> parse_quality(std::string_view text) noexcept {
  std::string_view whole = text.substr(0, text.find('.'));
  std::string_view digits = text.substr(std::min(whole.size() + 1, text.size()));
  auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  bool const any = std::ranges::any_of(digits, [](char c) { return c != '0'; });
  if (whole == "1") return any ? std::nullopt : std::optional{quality_max};
  if (whole != "0" && !(whole.empty() && !digits.empty())) return std::nullopt;
  int quality = 0;
  for (std::size_t i = 0; i < 3; ++i)
    quality = quality * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return any ? std::max(quality, 1) : 0;
}

// An element of Accept or Accept-Encoding.
struct weighted {
  std::string_view name;
  std::string_view version{};
  std::string_view proto{};
  std::string_view encoding{};
  std::string_view escaping{};
  std::optional<int> quality = quality_max;
};

weighted read_element(std::string_view element) noexcept {
  weighted read{.name = take_element(element, ';')};
  while (!element.empty()) {
    std::string_view value = take_element(element, ';');
    std::string_view const name = take_element(value, '=');
    value = trim(value);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    if (same_word(name, "q")) read.quality = parse_quality(value);
    if (same_word(name, "version")) read.version = value;
    if (same_word(name, "proto")) read.proto = value;
    if (same_word(name, "encoding")) read.encoding = value;
    if (same_word(name, "escaping")) read.escaping = value;
  }
  return read;
}

escaping escaping_of(std::string_view word) noexcept {
  if (word == "allow-utf-8") return escaping::allow_utf_8;
  if (word == "dots") return escaping::dots;
  if (word == "values") return escaping::values;
  return escaping::underscores;
}

// How exactly a range names a form.
enum class match { none, anything, any_subtype, type, version };

match match_version(std::string_view asked, std::string_view version, bool is_default) noexcept {
  if (asked.empty()) return is_default ? match::type : match::none;
  return asked == version ? match::version : match::none;
}

match match_range(weighted const &range, protocol offered) noexcept {
  bool const is_text = offered == protocol::text_0_0_4 || offered == protocol::text_1_0_0;
  // Java's URLConnection sends the bare star.
  if (range.name == "*/*" || range.name == "*") return match::anything;
  if (same_word(range.name, is_text ? "text/*" : "application/*")) return match::any_subtype;
  switch (offered) {
    case protocol::text_0_0_4:
    case protocol::text_1_0_0:
      if (!same_word(range.name, "text/plain")) return match::none;
      return offered == protocol::text_0_0_4 ? match_version(range.version, "0.0.4", true)
                                             : match_version(range.version, "1.0.0", false);
    case protocol::openmetrics_0_0_1:
    case protocol::openmetrics_1_0_0:
      if (!same_word(range.name, "application/openmetrics-text")) return match::none;
      return offered == protocol::openmetrics_0_0_1 ? match_version(range.version, "0.0.1", true)
                                                    : match_version(range.version, "1.0.0", false);
    case protocol::protobuf:
      break;
  }
  bool const is_ours = same_word(range.name, "application/vnd.google.protobuf") &&
                       range.proto == "io.prometheus.client.MetricFamily" &&
                       range.encoding == "delimited";
  return is_ours ? match::version : match::none;
}

// The best that is known of one form so far.
struct candidate {
  exposition::protocol protocol;
  match by = match::none;
  int quality = 0;
  std::size_t position = 0;
  exposition::escaping escaping = exposition::escaping::underscores;

  bool is_before(candidate const &other) const noexcept {
    if (quality != other.quality) return quality > other.quality;
    bool const is_named = by >= match::type;
    bool const is_other_named = other.by >= match::type;
    if (is_named != is_other_named) return is_named;
    return position < other.position;
  }
};

}  // namespace

format negotiate(std::string_view accept) noexcept {
  // In the order of what a wildcard gets.
  std::array<candidate, 5> candidates{{{protocol::text_0_0_4},
                                       {protocol::text_1_0_0},
                                       {protocol::openmetrics_1_0_0},
                                       {protocol::openmetrics_0_0_1},
                                       {protocol::protobuf}}};
  for (std::size_t position = 0; !accept.empty(); ++position) {
    weighted const range = read_element(take_element(accept, ','));
    if (!range.quality) continue;
    for (candidate &one : candidates) {
      match const by = match_range(range, one.protocol);
      bool const is_better = by > one.by || (by == one.by && *range.quality > one.quality);
      if (by == match::none || !is_better) continue;
      one = {one.protocol, by, *range.quality, position, escaping_of(range.escaping)};
    }
  }
  candidate const *best = &candidates.front();
  for (candidate const &one : candidates) {
    if (one.is_before(*best)) best = &one;
  }
  if (best->quality == 0) return {};
  format const agreed{best->protocol, best->escaping};
  return {agreed.protocol, name_escaping(agreed)};
}

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  std::optional<int> gzip;
  std::optional<int> anything;
  std::optional<int> identity;
  while (!accept_encoding.empty()) {
    weighted const coding = read_element(take_element(accept_encoding, ','));
    if (!coding.quality) continue;
    if (same_word(coding.name, "gzip") || same_word(coding.name, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), *coding.quality);
    } else if (coding.name == "*") {
      anything = coding.quality;
    } else if (same_word(coding.name, "identity")) {
      identity = coding.quality;
    }
  }
  int const quality = gzip.value_or(anything.value_or(0));
  return quality > 0 && quality >= identity.value_or(0);
}

std::optional<std::chrono::milliseconds> scrape_timeout(std::string_view field) noexcept {
  field = trim(field);
  double seconds = 0;
  auto const [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
  bool const is_number = error == std::errc{} && end == field.data() + field.size();
  if (!is_number || !std::isfinite(seconds) || seconds <= 0) return std::nullopt;
  constexpr std::chrono::duration<double> most{scrape_timeout_max};
  std::chrono::duration<double> const asked{std::min(seconds, most.count())};
  return std::chrono::ceil<std::chrono::milliseconds>(asked);
}

}  // namespace loopmeter::exposition
