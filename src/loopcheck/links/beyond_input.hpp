// SPDX-License-Identifier: Apache-2.0
// What a cluster has and files do not: what else runs in a namespace, what operators make.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "near_miss.hpp"

namespace loopcheck {

/// Why files need not have what a selector means: "the input says nothing of these namespaces", or
/// the custom resource whose operator may make it. Empty: they should, since something comes near
/// enough to be a mistake, or nothing there could make it.
std::string beyond_input(inventory const &all, near_labels const &near, bool any_candidate,
                         std::function<bool(std::string_view)> const &in_namespace);

}  // namespace loopcheck
