// SPDX-License-Identifier: Apache-2.0
// The texts of /proc that the process collector reads, as values. Pure: a text that is not as
// proc(5) says gives nothing, never a guess. Not for users.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace loopmeter::collectors::detail {

/// /proc/PID/stat; times in clock ticks, memory as the kernel gives it.
struct process_stat {
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  ///< since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};
std::optional<process_stat> parse_process_stat(std::string_view text);

/// When the machine booted, from /proc/stat, in seconds since 1970.
std::optional<std::uint64_t> parse_boot_time(std::string_view text);

/// Octets of IP packets, from /proc/PID/net/netstat.
struct network_octets {
  std::optional<std::uint64_t> received{};
  std::optional<std::uint64_t> transmitted{};
};
network_octets parse_netstat(std::string_view text);

}  // namespace loopmeter::collectors::detail
