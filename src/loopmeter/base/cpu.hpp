// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may really use: the affinity mask and the cgroup's quota, not the
// machine's count (std::thread::hardware_concurrency ignores quotas).
#pragma once

#include <optional>
#include <string>

namespace loopmeter {

/// Where to look; tests give roots of their own.
struct cpu_sources {
  std::string cgroup_file = "/proc/self/cgroup";
  std::string cgroup_root = "/sys/fs/cgroup";
};

/// The cgroup's quota in CPUs (0.5 for 50 ms in 100 ms), v2 or v1, the smallest up to the root;
/// nullopt if there is none or it cannot be read.
std::optional<double> cgroup_cpu_quota(cpu_sources const &sources = {});

/// clamp(ceil(quota), 1, CPUs in the affinity mask).
unsigned usable_cpus(cpu_sources const &sources = {});

}  // namespace loopmeter
