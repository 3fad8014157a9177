// SPDX-License-Identifier: Apache-2.0
// THE table of codes: what `loopcheck explain` prints, and docs/handbook.md has an anchor for.
#pragma once

#include <span>
#include <string_view>

#include "finding.hpp"

namespace loopcheck {

/// A code is "LC", two digits of the link, two digits.
struct code_row {
  std::string_view code;
  severity usual;
  std::string_view title;  ///< a sentence without its dot
  std::string_view cause;
  std::string_view fix;
};

std::span<code_row const> codes() noexcept;  ///< in order
code_row const *find_code(std::string_view code) noexcept;

}  // namespace loopcheck
