// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/setting.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace loopmeter {

namespace {

struct suffix {
  std::string_view text;
  std::uint64_t scale;
};

// The largest first: so text comes out short.
constexpr std::array no_suffix{suffix{"", 1}};
constexpr std::array byte_suffixes{suffix{"GB", std::uint64_t{1} << 30U},
                                   suffix{"MB", std::uint64_t{1} << 20U},
                                   suffix{"KB", std::uint64_t{1} << 10U}, suffix{"B", 1}};
constexpr std::array time_suffixes{suffix{"m", 60'000}, suffix{"s", 1000}, suffix{"ms", 1}};

std::span<suffix const> suffixes_of(unit u) noexcept {
  switch (u) {
    case unit::bytes:
      return byte_suffixes;
    case unit::milliseconds:
      return time_suffixes;
    default:
      return no_suffix;
  }
}

std::string_view example_of(unit u) noexcept {
  switch (u) {
    case unit::bytes:
      return "a size like 512B, 16KB or 1MB";
    case unit::milliseconds:
      return "a time like 250ms, 10s or 2m";
    default:
      return "a number";
  }
}

std::string number_text(unit u, std::uint64_t value) {
  auto const all = suffixes_of(u);
  auto const fits = [value](suffix const &s) { return value % s.scale == 0 && value >= s.scale; };
  auto const found = std::find_if(all.begin(), all.end(), fits);
  auto const &chosen = found == all.end() ? all.back() : *found;  // 0 has the smallest
  return std::to_string(value / chosen.scale).append(chosen.text);
}

}  // namespace

std::optional<std::uint64_t> parse_quantity(quantity const &what, std::string_view text) noexcept {
  if (!what.zero_word.empty() && text == what.zero_word) return 0;
  std::uint64_t number = 0;
  auto const *const last = text.data() + text.size();
  auto const [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view const rest(end, static_cast<std::size_t>(last - end));
  for (auto const &each : suffixes_of(what.unit)) {
    if (rest != each.text) continue;
    if (number > what.max / each.scale || number * each.scale < what.min) return std::nullopt;
    return number * each.scale;
  }
  return std::nullopt;
}

std::string quantity_text(quantity const &what, std::uint64_t value) {
  if (value == 0 && !what.zero_word.empty()) return std::string(what.zero_word);
  return number_text(what.unit, value);
}

std::string allowed_text(quantity const &what) {
  std::string text;
  if (!what.zero_word.empty()) text.append(what.zero_word).append(" or ");
  text.append(example_of(what.unit));
  text += what.unit == unit::count ? " from " : ", from ";
  text += number_text(what.unit, what.min) + " to " + number_text(what.unit, what.max);
  return text;
}

}  // namespace loopmeter
