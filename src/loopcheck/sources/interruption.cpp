// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

namespace loopcheck::interruption {

namespace {

// Relaxed is right for both: the descriptor is set before the handler exists, and the flag guards
// no other memory.
std::atomic<int> event{-1};
std::atomic<int> came{0};  // which signal
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  int const saved = errno;
  came.store(number, std::memory_order_relaxed);
  std::uint64_t const one = 1;
  // Nothing could be done about a failure here, and the flag is set.
  [[maybe_unused]] auto const written =
      ::write(event.load(std::memory_order_relaxed), &one, sizeof one);
  errno = saved;
}

}  // namespace

void install() {
  if (descriptor() >= 0) return;
  event.store(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), std::memory_order_relaxed);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int descriptor() noexcept {
  return event.load(std::memory_order_relaxed);
}
bool requested() noexcept {
  return came.load(std::memory_order_relaxed) != 0;
}

bool sleep_until(std::chrono::steady_clock::time_point when) noexcept {
  auto const left =
      std::chrono::ceil<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
  pollfd signal_came{descriptor(), POLLIN, 0};
  // A day is less than what an int holds.
  auto const pause = std::clamp<std::int64_t>(left.count(), 0, 86'400'000);
  return ::poll(&signal_came, 1, static_cast<int>(pause)) <= 0 && !requested();
}

void end() noexcept {
  int const number = came.load(std::memory_order_relaxed);
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::_exit(128 + number);
}

}  // namespace loopcheck::interruption
