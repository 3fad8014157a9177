// SPDX-License-Identifier: Apache-2.0
// Tests wait for what is to happen, never for a time to pass.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace test {

/// Generous: a sanitizer build on a busy machine is slow, and only failures wait this long.
inline constexpr std::chrono::seconds patience{30};

template <class Condition>
void wait_until(Condition condition, std::string const &what) {
  auto const end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("never came: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Runs an io_context, on this thread, until the condition holds.
template <class Context, class Condition>
void run_until(Context &context, Condition condition, std::string const &what) {
  auto const end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("never came: " + what);
    if (context.stopped()) context.restart();
    context.run_one_for(std::chrono::milliseconds(10));
  }
}

}  // namespace test
