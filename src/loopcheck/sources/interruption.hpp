// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as something to wait for: whoever waits for a process or a socket waits for
// this descriptor as well, and gives up at once.
#pragma once

#include <chrono>

namespace loopcheck::interruption {

/// Both signals are caught from now on; a second one ends the process at once, as is usual.
void install();

/// Readable for ever after the first signal; -1 before install(). Thread-safe.
int descriptor() noexcept;
bool requested() noexcept;

/// False where a signal came before that time, or before now. At most a day.
bool sleep_until(std::chrono::steady_clock::time_point when) noexcept;

/// Ends the process by the signal that came, as a shell expects of one that was interrupted.
[[noreturn]] void end() noexcept;

}  // namespace loopcheck::interruption
