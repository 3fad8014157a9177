// SPDX-License-Identifier: Apache-2.0
// The URL of a target, written as Go's net/url writes it.
#pragma once

#include <string>

#include "scrape_job.hpp"

namespace loopcheck {

/// `after`: all labels after relabelling, with those that begin with `__`.
std::string target_url(scrape_job const &job, labels const &after);

}  // namespace loopcheck
