// SPDX-License-Identifier: Apache-2.0
// The grammars of names and values, as plain loops: std::regex and locales have no part in them.
#include <loopmeter/metrics/labels.hpp>

#include <algorithm>
#include <array>

namespace loopmeter::metrics {
namespace {

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The lowest and highest second byte that may follow a lead byte, and how many bytes follow it.
struct utf8_lead {
  int following;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
};

constexpr utf8_lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {.following = 0};
  if (byte < 0xc2) return {.following = -1};  // a continuation, or an overlong form of ASCII
  if (byte < 0xe0) return {.following = 1};
  if (byte == 0xe0) return {.following = 2, .low = 0xa0};   // below: overlong
  if (byte == 0xed) return {.following = 2, .high = 0x9f};  // above: surrogates
  if (byte < 0xf0) return {.following = 2};
  if (byte == 0xf0) return {.following = 3, .low = 0x90};  // below: overlong
  if (byte < 0xf4) return {.following = 3};
  if (byte == 0xf4) return {.following = 3, .high = 0x8f};  // above: beyond U+10FFFF
  return {.following = -1};
}

constexpr bool is_name_part(char c, bool colon) {
  return is_letter(c) || is_digit(c) || c == '_' || (colon && c == ':');
}

std::string legacy_name(std::string_view name, bool colon) {
  std::string legacy;
  for (std::size_t i = 0; i < name.size(); ++i) {
    bool const continues = (static_cast<unsigned char>(name[i]) & 0xc0U) == 0x80;
    if (continues) continue;  // of a character that has its _ already
    bool const fits = is_name_part(name[i], colon) && !(i == 0 && is_digit(name[i]));
    legacy += fits ? name[i] : '_';
  }
  return legacy;
}

}  // namespace

bool is_metric_name(std::string_view name) noexcept {
  if (name.empty() || is_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_name_part(c, true); });
}

bool is_label_name(std::string_view name) noexcept {
  if (name.empty() || is_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_name_part(c, false); });
}

std::string legacy_metric_name(std::string_view name) {
  return legacy_name(name, true);
}

std::string legacy_label_name(std::string_view name) {
  return legacy_name(name, false);
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    utf8_lead const lead = lead_of(static_cast<unsigned char>(text[i++]));
    if (lead.following < 0) return false;
    for (int k = 0; k < lead.following; ++k) {
      if (i == text.size()) return false;
      auto const byte = static_cast<unsigned char>(text[i++]);
      if (byte < (k == 0 ? lead.low : 0x80) || byte > (k == 0 ? lead.high : 0xbf)) return false;
    }
  }
  return true;
}

bool is_target_label(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 8> names{
      "container", "endpoint", "instance", "job", "namespace", "node", "pod", "service"};
  return std::ranges::find(names, name) != names.end();
}

}  // namespace loopmeter::metrics
