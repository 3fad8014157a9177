// SPDX-License-Identifier: Apache-2.0
// Link 7 where Prometheus runs: its targets beside the predicted ones, and why they are down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "links.hpp"

namespace loopcheck {

/// `predicted`: the active targets of the job, `any_dropped`: whether rules drop others. Nothing
/// where nobody was asked, or where link 6 says why the pool is not there.
void check_seen(chain const &of, scrape_job const &job,
                std::vector<target const *> const &predicted, bool any_dropped,
                context const &known, findings &made);

/// A URL as it may be shown: what stands behind "?" may be a token.
std::string without_query(std::string_view url);

}  // namespace loopcheck
