// SPDX-License-Identifier: Apache-2.0
#include "label_name.hpp"

#include <algorithm>
#include <cstdint>

namespace loopcheck {

namespace {

constexpr std::size_t name_chars_max = 63;
constexpr std::size_t prefix_chars_max = 253;

bool letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool alphanumeric(char c) noexcept {
  return letter(c) || digit(c);
}

/// Bytes of the character that begins at `at`; 0 where it is not valid UTF-8 (overlong forms and
/// surrogates are not, as for Go).
std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
  auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  unsigned const first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first <= 0xdf) {
    return follows(1) ? 2 : 0;
  }
  if (first >= 0xe0 && first <= 0xef) {
    unsigned const low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned const high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned const low = first == 0xf0 ? 0x90 : 0x80;
    unsigned const high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Letters, digits, `-`, `_` and `.` between a letter or digit and another.
bool name_part(std::string_view text) noexcept {
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool dns_label(std::string_view text) noexcept {
  auto lower = [](char c) { return (c >= 'a' && c <= 'z') || digit(c); };
  return !text.empty() && lower(text.front()) && lower(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return lower(c) || c == '-'; });
}

bool dns_subdomain(std::string_view text) noexcept {
  for (;;) {
    auto const dot = text.find('.');
    if (!dns_label(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool valid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    auto const bytes = character_bytes(text, at);
    if (bytes == 0) {
      return false;
    }
    at += bytes;
  }
  return true;
}

bool valid_label_name(std::string_view name, label_scheme by) noexcept {
  if (name.empty()) {
    return false;
  }
  if (by == label_scheme::utf8) {
    return valid_utf8(name);
  }
  return !digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return alphanumeric(c) || c == '_'; });
}

std::string sanitized(std::string_view name) {
  std::string result;
  result.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    bool const kept = alphanumeric(name[at]) || name[at] == '_';
    result.push_back(kept ? name[at] : '_');
    at += std::max<std::size_t>(1, character_bytes(name, at));
  }
  return result;
}

std::string why_not_qualified_name(std::string_view name) {
  auto const slash = name.find('/');
  if (slash != std::string_view::npos) {
    auto const prefix = name.substr(0, slash);
    name.remove_prefix(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      return "has more than one '/'";
    }
    if (prefix.empty() || prefix.size() > prefix_chars_max || !dns_subdomain(prefix)) {
      return "its prefix must be a lower-case DNS name";
    }
  }
  if (name.empty() || name.size() > name_chars_max) {
    return "the name must have 1 to 63 characters";
  }
  if (!name_part(name)) {
    return "must be letters, digits, '-', '_' or '.', and begin and end with a letter or digit";
  }
  return {};
}

std::string why_not_label_value(std::string_view value) {
  if (value.size() > name_chars_max) {
    return "must have at most 63 characters";
  }
  if (!value.empty() && !name_part(value)) {
    return "must be letters, digits, '-', '_' or '.', and begin and end with a letter or digit";
  }
  return {};
}

}  // namespace loopcheck
