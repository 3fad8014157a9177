// SPDX-License-Identifier: Apache-2.0
// Link 7 where Prometheus runs: its targets beside the predicted ones, and why they are down.
#pragma once

#include <vector>

#include "links.hpp"

namespace loopcheck {

/// `predicted`: the active targets of the job. Nothing where nobody was asked, or where link 6 says
/// why the pool is not there.
void check_seen(chain const &of, scrape_job const &job,
                std::vector<target const *> const &predicted, context const &known, findings &made);

}  // namespace loopcheck
