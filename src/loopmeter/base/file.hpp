// SPDX-License-Identifier: Apache-2.0
// The kernel's files (/proc, /sys): small, made when they are read, of a length that nobody knows
// before.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace loopmeter {

/// The whole file; nullopt if it cannot be read or is longer than `bytes_max`. Cost: three system
/// calls, and what the kernel takes to write it.
std::optional<std::string> read_file(std::string const &path, std::size_t bytes_max = 1 << 20);

}  // namespace loopmeter
