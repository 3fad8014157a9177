// SPDX-License-Identifier: Apache-2.0
// What the kernel lets this process use: the limits of its control groups, v1 and v2, and what has
// been used of them. A parent's limit binds its children, so the tightest up to the root counts.
// https://docs.kernel.org/admin-guide/cgroup-v2.html, …/cgroup-v1/memory.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace loopmeter {

/// Where to look; tests give roots of their own.
struct cgroup_sources {
  std::string file = "/proc/self/cgroup";
  std::string root = "/sys/fs/cgroup";
};

/// A quota of CPU time, with what the kernel counts in the group that has it.
struct cgroup_cpu {
  double quota = 0;                                  ///< in CPUs: 0.5 for 50 ms in 100 ms
  std::optional<std::uint64_t> periods{};            ///< in which something wanted to run
  std::optional<std::uint64_t> throttled_periods{};  ///< of these, how many used up the quota
  std::optional<double> throttled_seconds{};         ///< summed over CPUs
};

struct cgroup_memory {
  std::optional<std::uint64_t> limit_bytes{};
  std::optional<std::uint64_t> usage_bytes{};  ///< of the group with the limit; page cache included
};

/// The smallest quota; nullopt if there is none or it cannot be read. Thread-safe. Cost: some ten
/// microseconds per level of groups.
std::optional<cgroup_cpu> read_cgroup_cpu(cgroup_sources const &sources = {});

/// The smallest limit and what is used of it; without a limit, what the process's own group uses.
/// Thread-safe. Cost: as above.
cgroup_memory read_cgroup_memory(cgroup_sources const &sources = {});

}  // namespace loopmeter
