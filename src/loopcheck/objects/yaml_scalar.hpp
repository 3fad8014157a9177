// SPDX-License-Identifier: Apache-2.0
// What a plain scalar means, in the YAML 1.1 of kubectl's library (go.yaml.in/yaml/v2, resolve.go).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "value.hpp"

namespace loopcheck {

value plain_scalar(std::string text);

/// Whether text must be quoted so that it stays text for readers of YAML 1.1 and of 1.2.
bool needs_quotes(std::string_view text);

/// Bytes of the character that `text` (UTF-8, not empty) begins with, where YAML takes that only as
/// an escape, or as a line break; 0 where it may stand as it is.
std::size_t escaped_size(std::string_view text);

}  // namespace loopcheck
