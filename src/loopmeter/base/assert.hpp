// SPDX-License-Identifier: Apache-2.0
// LOOPMETER_ASSERT: for what only a bug of ours can cause; never for what a peer, a file or the
// kernel can bring about. It stays on in every build type, because a wrong count is worse than
// none.
#pragma once

namespace loopmeter {

/// Prints the failed condition with its place on stderr and aborts. Allocates nothing.
[[noreturn]] void assertion_failed(char const *condition, char const *file, int line) noexcept;

}  // namespace loopmeter

#define LOOPMETER_ASSERT(condition)   \
  ((condition) ? static_cast<void>(0) \
               : ::loopmeter::assertion_failed(#condition, __FILE__, __LINE__))
