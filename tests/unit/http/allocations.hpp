// SPDX-License-Identifier: Apache-2.0
// Test support: how often this thread has allocated, counted by this program's own operator new.
#pragma once

#include <cstddef>

namespace test {

std::size_t allocations() noexcept;

}  // namespace test
