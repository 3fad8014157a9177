// SPDX-License-Identifier: Apache-2.0
// Durations as Prometheus reads and prints them: "1h30m", "90d", "0".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace loopcheck {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;
std::string duration_text(std::chrono::milliseconds of);
/// Whole seconds, as in "4m12s". Negative or not a number: "0s".
std::string seconds_text(double of);

}  // namespace loopcheck
