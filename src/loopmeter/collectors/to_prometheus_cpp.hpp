// SPDX-License-Identifier: Apache-2.0
// The bridge to prometheus-cpp: a registry of ours is exposed by whatever exposes theirs, so that
// one can begin to use it in a program that has its endpoint already.
//
//   auto const ours = std::make_shared<collectors::collectable_registry>(registry);
//   exposer.RegisterCollectable(ours);                          // a prometheus::Exposer
#pragma once

#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace loopmeter::collectors {

/// A snapshot in their terms, families by name, what sources gave after our own. Counts become
/// doubles (exact to 2^53) and an info a gauge. What their model does not have is left out: native
/// histograms, of which the count and sum stay, exemplars, units, and names beyond [a-zA-Z0-9_:],
/// which get a _ for each other character. Cost: about 0.3 us per series.
std::vector<prometheus::MetricFamily> to_prometheus_cpp(metrics::snapshot const &snapshot);

/// A registry that they can collect; it must outlive this. Collect() gathers, and is thread-safe.
///
/// In a circle, where bridge() exposes this (or a collectable that asks this) with the same
/// registry, the inner Collect() gives nothing. Two registries must not bridge each other: their
/// gathers would wait for one another until the sources' time is over.
class collectable_registry : public prometheus::Collectable {
 public:
  explicit collectable_registry(metrics::registry const &registry) noexcept : registry_{registry} {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  metrics::registry const &registry_;
};

}  // namespace loopmeter::collectors
