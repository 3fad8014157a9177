// SPDX-License-Identifier: Apache-2.0
// The sums of all shards, for the gather that asks for them. Not for users.
#pragma once

#include <loopmeter/metrics/gather.hpp>

namespace loopmeter::metrics::detail {

/// Puts what all shards have by now into a snapshot: values, native parts and exemplars, before
/// resets and schemas are applied. One caller at a time, whatever the registry; what one has read
/// happens before what the next reads.
void add_up(layout const &layout, snapshot &made, gather_statistics &statistics);

}  // namespace loopmeter::metrics::detail
