// SPDX-License-Identifier: Apache-2.0
// CIDR blocks of both families.
#pragma once

#include <optional>
#include <string_view>

namespace loopcheck {

/// Nothing where one of them is not what it should be.
std::optional<bool> within_block(std::string_view address, std::string_view cidr) noexcept;

/// "0.0.0.0/0" and "::/0": all of a family.
bool is_whole_family(std::string_view cidr) noexcept;

}  // namespace loopcheck
