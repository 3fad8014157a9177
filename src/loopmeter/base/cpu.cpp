// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cpu.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

namespace loopmeter {

namespace {

std::optional<double> quota_of(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return std::nullopt;  // -1 and "max" mean no quota
  return quota / period;
}

std::optional<double> quota_v2(std::string const &directory) {
  std::ifstream file(directory + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max") return std::nullopt;
  std::istringstream number(quota);
  double value = 0;
  return number >> value ? quota_of(value, period) : std::nullopt;
}

std::optional<double> quota_v1(std::string const &directory) {
  std::ifstream quota_file(directory + "/cpu.cfs_quota_us");
  std::ifstream period_file(directory + "/cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  return quota_of(quota, period);
}

// A parent's quota binds its children: the smallest on the way to the root counts.
template <class Quota>
std::optional<double> smallest(std::string const &mount, std::string path, Quota quota) {
  std::optional<double> least;
  for (;;) {
    if (auto const here = quota(mount + path)) least = std::min(least.value_or(*here), *here);
    auto const slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) return least;
    path.erase(slash);
  }
}

}  // namespace

std::optional<double> cgroup_cpu_quota(cpu_sources const &sources) {
  std::ifstream file(sources.cgroup_file);
  std::optional<double> least;
  // Lines are "hierarchy:controllers:path"; hierarchy 0 is v2.
  for (std::string line; std::getline(file, line);) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    auto const controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    auto path = line.substr(second + 1);
    if (path == "/") path.clear();
    std::optional<double> found;
    if (line.starts_with("0::")) {
      found = smallest(sources.cgroup_root, path, quota_v2);
    } else if (controllers.find(",cpu,") != std::string::npos) {
      found = smallest(sources.cgroup_root + "/cpu", path, quota_v1);
    }
    if (found) least = std::min(least.value_or(*found), *found);
  }
  return least;
}

unsigned usable_cpus(cpu_sources const &sources) {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned affinity = std::max(1U, std::thread::hardware_concurrency());
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    affinity = std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
  }
  auto const quota = cgroup_cpu_quota(sources);
  if (!quota) return affinity;
  auto const wanted = std::ceil(std::min(*quota, 1e6));
  return std::clamp(static_cast<unsigned>(wanted), 1U, affinity);
}

}  // namespace loopmeter
