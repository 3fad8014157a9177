// SPDX-License-Identifier: Apache-2.0
#include "duration.hpp"

#include <array>
#include <cstdint>
#include <limits>

namespace loopcheck {

namespace {

struct unit {
  std::string_view name;
  std::int64_t milliseconds;
  bool exact;  ///< printed only where nothing remains: 90d reads better than 12w6d
};

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::array<unit, 7> units{{
    {"y", 365 * day, true},
    {"w", 7 * day, true},
    {"d", day, false},
    {"h", hour, false},
    {"m", minute, false},
    {"s", second, false},
    {"ms", 1, false},
}};
/// Go counts in nanoseconds of 63 bits.
constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max() / 1'000'000;

bool digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  if (text == "0") {
    return std::chrono::milliseconds(0);
  }
  std::int64_t sum = 0;
  auto next = units.begin();  // from the biggest to the smallest, each at most once
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    std::int64_t count = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digit(text[digits]); ++digits) {
      if (count > longest) {
        return std::nullopt;
      }
      count = count * 10 + (text[digits] - '0');
    }
    std::size_t end = digits;
    while (end < text.size() && !digit(text[end])) {
      ++end;
    }
    auto const name = text.substr(digits, end - digits);
    while (next != units.end() && next->name != name) {
      ++next;
    }
    if (digits == 0 || next == units.end() || count > (longest - sum) / next->milliseconds) {
      return std::nullopt;
    }
    sum += count * next->milliseconds;
    ++next;
    text.remove_prefix(end);
  }
  return std::chrono::milliseconds(sum);
}

std::string duration_text(std::chrono::milliseconds of) {
  auto rest = of.count();
  std::string result;
  for (auto const &one : units) {
    auto const count = rest / one.milliseconds;
    if (count > 0 && !(one.exact && rest % one.milliseconds != 0)) {
      result += std::to_string(count) + std::string(one.name);
      rest -= count * one.milliseconds;
    }
  }
  return result.empty() ? "0s" : result;
}

std::string seconds_text(double of) {
  constexpr double most = 1e9;
  auto const seconds = of > 0 ? static_cast<std::int64_t>(of < most ? of : most) : 0;
  return duration_text(std::chrono::milliseconds(seconds * second));
}

}  // namespace loopcheck
