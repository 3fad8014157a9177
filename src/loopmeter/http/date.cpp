// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/date.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>

namespace loopmeter::http {

std::string_view date_cache::at(std::int64_t unix_seconds) noexcept {
  constexpr std::int64_t last_of_9999 = 253'402'300'799;
  unix_seconds = std::clamp<std::int64_t>(unix_seconds, 0, last_of_9999);
  std::string_view const text(text_.data(), text_.size());
  if (unix_seconds == made_for_) return text;
  made_for_ = unix_seconds;

  // Not strftime: its names of days and months follow the locale.
  using namespace std::chrono;
  sys_seconds const now{seconds(unix_seconds)};
  auto const day = floor<days>(now);
  year_month_day const date(day);
  hh_mm_ss const time(now - day);
  auto *out = text_.data();
  auto const put = [&out](std::string_view s) {
    std::memcpy(out, s.data(), s.size());
    out += s.size();
  };
  auto const put_two = [&out](auto value) {
    auto const v = static_cast<unsigned>(value);
    *out++ = static_cast<char>('0' + v / 10 % 10);
    *out++ = static_cast<char>('0' + v % 10);
  };
  std::size_t const weekday_index = weekday(day).c_encoding();
  std::size_t const month_index = static_cast<unsigned>(date.month()) - 1;
  auto const year = static_cast<unsigned>(static_cast<int>(date.year()));
  put(std::string_view("SunMonTueWedThuFriSat").substr(weekday_index * 3, 3));
  put(", ");
  put_two(static_cast<unsigned>(date.day()));
  put(" ");
  put(std::string_view("JanFebMarAprMayJunJulAugSepOctNovDec").substr(month_index * 3, 3));
  put(" ");
  put_two(year / 100);
  put_two(year % 100);
  put(" ");
  put_two(time.hours().count());
  put(":");
  put_two(time.minutes().count());
  put(":");
  put_two(time.seconds().count());
  put(" GMT");
  return text;
}

}  // namespace loopmeter::http
