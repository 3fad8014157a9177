// SPDX-License-Identifier: Apache-2.0
// A kustomization's objects, by the kubectl or kustomize that the user has.
#pragma once

#include <string>

namespace loopcheck {

/// `kubectl kustomize FOLDER`, or `kustomize build FOLDER`. Throws input_error with their words, or
/// where there is neither.
std::string rendered(std::string const &folder);

}  // namespace loopcheck
