// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/standard.hpp>

#include <loopmeter/collectors/allocator.hpp>
#include <loopmeter/collectors/cgroup.hpp>
#include <loopmeter/collectors/process.hpp>

namespace loopmeter::collectors {

void add_standard_collectors(metrics::registry &registry) {
  add_process_collector(registry);
  add_cgroup_collector(registry);
  add_allocator_collector(registry);
}

}  // namespace loopmeter::collectors
