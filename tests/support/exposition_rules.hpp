// SPDX-License-Identifier: Apache-2.0
// What the samples of a family must be, once they are read: the second half of the checker.
#pragma once

#include "exposition_checker.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace loopmeter::test {

struct number {
  double value;
  bool is_canonical;  // spelt as the format's description does: NaN, +Inf, -Inf
};
/// A number of the format; none when it is none.
std::optional<number> parse_number(std::string_view text);

/// Whether a series of this name may be in the family, given its type.
bool is_series_of(std::string_view series, checked_family const &family);

/// Adds what is wrong with a family as a whole.
void check_family(checked_family const &family, std::vector<finding> &findings);

}  // namespace loopmeter::test
