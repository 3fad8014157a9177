// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace loopmeter {

void assertion_failed(char const *condition, char const *file, int line) noexcept {
  std::fprintf(stderr, "loopmeter: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace loopmeter
