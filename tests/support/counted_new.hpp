// SPDX-License-Identifier: Apache-2.0
// What this program has on the heap, counted by its own operator new, over all threads. Linked in
// where it is asked for; other programs keep the usual one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace test {

/// Calls of operator new so far.
std::uint64_t allocations() noexcept;
/// Octets in use, as operator new has given them out.
std::int64_t heap_bytes() noexcept;

}  // namespace test
