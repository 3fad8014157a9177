// SPDX-License-Identifier: Apache-2.0
// The bridge from prometheus-cpp: whatever can be collected there is exposed here, through our
// encoders (which escape HELP, print sums with all digits and never repeat a family).
#pragma once

#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <vector>

namespace loopmeter::collectors {

/// The same families in our terms. An info becomes a gauge whose name ends in _info, as
/// prometheus-cpp writes it.
std::vector<metrics::foreign_family> from_prometheus_cpp(
    std::vector<prometheus::MetricFamily> const &families);

/// Exposes `collectable` with the registry for as long as it lives: one that is gone gives nothing.
/// Weak, since prometheus-cpp's own exposer holds its collectables so, too. The registry
/// calls Collect() at each gather, one gather at a time.
metrics::registry::source_id bridge(metrics::registry &registry,
                                    std::weak_ptr<prometheus::Collectable> collectable);

namespace detail {
/// The registry for which bridge() is calling a Collect() on this thread; null elsewhere.
metrics::registry const *bridged_registry() noexcept;
}  // namespace detail

}  // namespace loopmeter::collectors
