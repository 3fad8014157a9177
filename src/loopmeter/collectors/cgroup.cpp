// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/cgroup.hpp>

#include <loopmeter/collectors/single_value.hpp>

namespace loopmeter::collectors {
namespace {

using detail::single_value;
using metrics::metric_type;
using families = std::vector<metrics::foreign_family>;

void add_cpu(families &all, cgroup_cpu const &cpu) {
  all.push_back(single_value("cgroup_cpu_quota_cores",
                             "CPUs that the tightest quota of the control groups allows.",
                             metric_type::gauge, cpu.quota));
  if (cpu.periods) {
    all.push_back(single_value("cgroup_cpu_periods_total",
                               "Periods of that quota in which there was something to run.",
                               metric_type::counter, *cpu.periods));
  }
  if (cpu.throttled_periods) {
    all.push_back(single_value("cgroup_cpu_throttled_periods_total",
                               "Periods of that quota in which it was used up.",
                               metric_type::counter, *cpu.throttled_periods));
  }
  if (cpu.throttled_seconds) {
    all.push_back(single_value("cgroup_cpu_throttled_seconds_total",
                               "Time that threads had to wait for the next period, over all CPUs.",
                               metric_type::counter, *cpu.throttled_seconds));
  }
}

void add_memory(families &all, cgroup_memory const &memory) {
  if (memory.limit_bytes) {
    all.push_back(single_value("cgroup_memory_limit_bytes",
                               "Tightest memory limit of the control groups.", metric_type::gauge,
                               *memory.limit_bytes));
  }
  if (memory.usage_bytes) {
    all.push_back(single_value("cgroup_memory_usage_bytes",
                               "Memory charged against that limit, page cache included; without a "
                               "limit, to the process's own group.",
                               metric_type::gauge, *memory.usage_bytes));
  }
}

}  // namespace

std::vector<metrics::foreign_family> cgroup_families(cgroup_sources const &sources) {
  families all;
  if (auto const cpu = read_cgroup_cpu(sources)) add_cpu(all, *cpu);
  add_memory(all, read_cgroup_memory(sources));
  return all;
}

metrics::registry::source_id add_cgroup_collector(metrics::registry &registry) {
  return registry.add_source([] { return cgroup_families(); });
}

}  // namespace loopmeter::collectors
