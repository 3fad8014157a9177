// SPDX-License-Identifier: Apache-2.0
// Bounds of buckets and quantiles as OpenMetrics, and so Prometheus 3, writes them.
#pragma once

#include <string>
#include <string_view>

namespace loopcheck {

/// "1" → "1.0", "1e6" → "1e+06", "inf" → "+Inf"; what is no number stays.
std::string canonical_bound(std::string_view written);

}  // namespace loopcheck
