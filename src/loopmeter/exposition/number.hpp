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
}  // namespace detail

/// Writes a number to `out`, which has room for number_bytes_max; returns its end.
inline char *write_number(char *out, std::uint64_t value) noexcept {
  return std::to_chars(out, out + number_bytes_max, value).ptr;
}

inline char *write_number(char *out, std::int64_t value) noexcept {
  return std::to_chars(out, out + number_bytes_max, value).ptr;
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
