// SPDX-License-Identifier: Apache-2.0
// Numbers as every exposition format writes them. No locale is asked, and each double reads back as
// itself.
#pragma once

#include <loopmeter/metrics/gather.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace loopmeter::exposition {

/// The most characters that a number takes: a sign, 17 digits, a point, "e-308".
inline constexpr std::size_t number_bytes_max = 32;

namespace detail {
inline char *write_word(char *out, std::string_view word) noexcept {
  std::memcpy(out, word.data(), word.size());
  return out + word.size();
}

inline constexpr std::uint64_t eight_digits_end = 100'000'000;

/// The eight decimal digits of a smaller number, one a byte, the first in the lowest. Halves of 4
/// digits, of 2, of 1 are parted in all lanes of the word at once, by multiplying. 10486 / 2^20 is
/// 1/100 for what is below 10^4, 103 / 2^10 is 1/10 for what is below 100.
inline std::uint64_t eight_digits(std::uint64_t value) noexcept {
  std::uint64_t const fours = value / 10'000 | value % 10'000 << 32U;
  std::uint64_t const upper_twos = fours * 10'486 >> 20U & 0x0000'007f'0000'007f;
  std::uint64_t const twos = upper_twos | (fours - 100 * upper_twos) << 16U;
  std::uint64_t const upper_ones = twos * 103 >> 10U & 0x000f'000f'000f'000f;
  return upper_ones | (twos - 10 * upper_ones) << 8U;
}

/// Writes the digits of eight_digits() without the first `left_out`; 8 bytes, whatever is left out.
inline char *write_eight(char *out, std::uint64_t digits, unsigned left_out) noexcept {
  std::uint64_t const text = (digits | 0x3030'3030'3030'3030) >> 8U * left_out;
  std::memcpy(out, &text, sizeof text);
  return out + sizeof text - left_out;
}
}  // namespace detail

/// Writes a number to `out`, which has room for number_bytes_max; returns its end. Cost: 2 ns up to
/// 10^8.
inline char *write_number(char *out, std::uint64_t value) noexcept {
  if constexpr (std::endian::native != std::endian::little) {
    return std::to_chars(out, out + number_bytes_max, value).ptr;
  }
  if (value >= detail::eight_digits_end) {
    out = write_number(out, value / detail::eight_digits_end);
    return detail::write_eight(out, detail::eight_digits(value % detail::eight_digits_end), 0);
  }
  std::uint64_t const digits = detail::eight_digits(value);
  // The bit of the last digit, so that of 0 one is left.
  auto const zero_bits = static_cast<unsigned>(std::countr_zero(digits | std::uint64_t{1} << 56U));
  return detail::write_eight(out, digits, zero_bits / 8);
}

inline char *write_number(char *out, std::int64_t value) noexcept {
  auto const bits = static_cast<std::uint64_t>(value);
  if (value >= 0) return write_number(out, bits);
  *out++ = '-';
  return write_number(out, 0 - bits);
}

/// The shortest form that reads back as the same double; whole numbers up to 2^53 without an
/// exponent; NaN, +Inf, -Inf.
inline char *write_number(char *out, double value) noexcept {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (std::fabs(value) <= exact_max) {
    auto const whole = static_cast<std::int64_t>(value);
    bool const is_negative_zero = whole == 0 && std::signbit(value);
    if (static_cast<double>(whole) == value && !is_negative_zero) return write_number(out, whole);
  }
  if (std::isnan(value)) return detail::write_word(out, "NaN");
  if (std::isinf(value)) return detail::write_word(out, value > 0 ? "+Inf" : "-Inf");
  return std::to_chars(out, out + number_bytes_max, value).ptr;
}

/// As OpenMetrics wants le and quantile, whose text is part of a series' name: a point or an
/// exponent in every number, the exponent below 10^-4 and from 10^6 on.
/// https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers
inline char *write_canonical(char *out, double value) noexcept {
  if (!std::isfinite(value)) return write_number(out, value);
  double const size = std::fabs(value);
  bool const plain = value == 0 || (size >= 1e-4 && size < 1e6);
  auto const form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  char *const end = std::to_chars(out, out + number_bytes_max, value, form).ptr;
  bool const has_point = !plain || std::memchr(out, '.', static_cast<std::size_t>(end - out));
  return has_point ? end : detail::write_word(end, ".0");
}

/// Milliseconds as seconds with three decimals, which is how OpenMetrics writes times.
inline char *write_seconds(char *out, std::int64_t milliseconds) noexcept {
  if (milliseconds < 0) *out++ = '-';
  std::uint64_t const size = milliseconds < 0 ? 0 - static_cast<std::uint64_t>(milliseconds)
                                              : static_cast<std::uint64_t>(milliseconds);
  out = write_number(out, size / 1000);
  *out++ = '.';
  for (std::uint64_t unit = 100; unit > 0; unit /= 10)
    *out++ = static_cast<char>('0' + size / unit % 10);
  return out;
}

/// The bits of a snapshot's value, read as their kind says.
inline char *write_number(char *out, metrics::value_kind kind, std::uint64_t bits) noexcept {
  switch (kind) {
    case metrics::value_kind::f64:
      return write_number(out, std::bit_cast<double>(bits));
    case metrics::value_kind::i64:
      return write_number(out, static_cast<std::int64_t>(bits));
    case metrics::value_kind::u64:
      break;
  }
  return write_number(out, bits);
}

}  // namespace loopmeter::exposition
