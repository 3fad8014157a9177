// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cpu.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <thread>

namespace loopmeter {

unsigned usable_cpus(cgroup_sources const &sources) {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned affinity = std::max(1U, std::thread::hardware_concurrency());
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    affinity = std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
  }
  auto const cpu = read_cgroup_cpu(sources);
  if (!cpu) return affinity;
  auto const wanted = std::ceil(std::min(cpu->quota, 1e6));
  return std::clamp(static_cast<unsigned>(wanted), 1U, affinity);
}

}  // namespace loopmeter
