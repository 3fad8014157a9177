// SPDX-License-Identifier: Apache-2.0
// A job in the words of prometheus.yml.
#pragma once

#include <loopcheck/objects/value.hpp>

#include "scrape_job.hpp"

namespace loopcheck {

/// An entry of scrape_configs with the fields that the operator writes, and only those. Contents of
/// Secrets are "<secret>", as Prometheus shows them.
value to_configuration(scrape_job const &job);

/// Any entry of scrape_configs, as the operator writes it or as Prometheus shows it at
/// /api/v1/status/config, with each default left out: two that mean the same are equal then.
value normal_configuration(value const &entry);

}  // namespace loopcheck
