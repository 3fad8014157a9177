// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <prometheus/registry.h>

#include <loopmeter/collectors/build_info.hpp>
#include <loopmeter/collectors/prometheus_cpp.hpp>
#include <loopmeter/collectors/standard.hpp>

#include "program_version.hpp"

namespace demo {

metrics::metrics(loopmeter::metrics::registry &registry)
    : foreign_(std::make_shared<prometheus::Registry>()) {
  namespace collectors = loopmeter::collectors;
  collectors::register_build_info(
      *foreign_, "demo_build_info",
      collectors::this_build(program::version, program::revision, program::branch));
  collectors::bridge(registry, foreign_);
  collectors::add_standard_collectors(registry);
}

}  // namespace demo
