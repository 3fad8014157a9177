// SPDX-License-Identifier: Apache-2.0
// Words of the exposition formats.
#pragma once

#include <string>
#include <string_view>

namespace loopcheck {

/// The escapes of label values: any other backslash stays.
std::string without_escapes(std::string_view text);

/// In quotes, with those escapes; PromQL knows them, too.
std::string quoted(std::string_view text);

/// As Go's ParseFloat, without its newer forms.
bool is_float(std::string_view word) noexcept;

}  // namespace loopcheck
