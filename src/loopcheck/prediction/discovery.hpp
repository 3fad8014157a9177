// SPDX-License-Identifier: Apache-2.0
// What Prometheus' Kubernetes service discovery makes of objects: one set of labels for each
// address and port. Source: prometheus/prometheus discovery/kubernetes.
#pragma once

#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "scrape_job.hpp"

namespace loopcheck {

struct discovered {
  labels all;     ///< __address__ and __meta_kubernetes_…
  object_id pod;  ///< empty where the address is not a Pod's
  object_id service;
};

/// Of the job's role, namespaces and selectors, in a stable order. Looks at what the inventory has:
/// see derive().
std::vector<discovered> discover(scrape_job const &job, inventory const &all);

/// Adds what a cluster would have made of manifests: one Pod per workload that wants some and has
/// none in the inventory, running and ready, named as its controller would
/// ("demo-xxxxxxxxxx-xxxxx", "db-0"), and Endpoints and EndpointSlices of each Service with a
/// selector that has none. The address of such a Pod is "<name>.invalid". Offline only.
void derive(inventory &all);

}  // namespace loopcheck
