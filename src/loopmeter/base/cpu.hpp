// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may really use: the affinity mask and the cgroup's quota, not the
// machine's count (std::thread::hardware_concurrency ignores quotas).
#pragma once

#include <loopmeter/base/cgroup.hpp>

namespace loopmeter {

/// clamp(ceil(quota), 1, CPUs in the affinity mask).
unsigned usable_cpus(cgroup_sources const &sources = {});

}  // namespace loopmeter
