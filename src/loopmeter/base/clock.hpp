// SPDX-License-Identifier: Apache-2.0
// The time of day, for what is written with a timestamp. Durations are taken elsewhere, from a
// clock that does not jump.
#pragma once

#include <chrono>
#include <cstdint>

namespace loopmeter {

/// Milliseconds since 1970. About 25 ns.
inline std::int64_t unix_milliseconds() noexcept {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace loopmeter
