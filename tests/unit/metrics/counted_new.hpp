// SPDX-License-Identifier: Apache-2.0
// How often operator new was called in this program, by any thread; nothing is counted where a
// sanitizer has its own. Replaced in a translation unit of its own: where the compiler sees malloc
// behind new it warns of a mismatch.
#pragma once

#include <cstddef>

namespace loopmeter::test {

std::size_t allocations() noexcept;

}  // namespace loopmeter::test
