// SPDX-License-Identifier: Apache-2.0
// The Date field (RFC 9110 section 6.6.1), made once a second and then only copied.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace loopmeter::http {

class date_cache {
 public:
  /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate) for that many seconds since the epoch; what lies
  /// before 1970 or behind 9999, the last year of four digits, becomes the nearest second in
  /// between. The view is good until the next call. Not thread-safe: one per worker.
  std::string_view at(std::int64_t unix_seconds) noexcept;

 private:
  std::int64_t made_for_ = -1;  // never a time that is asked for
  std::array<char, 29> text_{};
};

}  // namespace loopmeter::http
