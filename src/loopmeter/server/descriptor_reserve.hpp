// SPDX-License-Identifier: Apache-2.0
// Descriptors kept back for the time when there are no others: without one, who stands in an accept
// queue can neither be served nor be told so. Of the process, as descriptors are.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include <loopmeter/base/unique_fd.hpp>

namespace loopmeter::server {

/// Thread-safe. Until the process runs out, its cost is a load.
class descriptor_reserve {
 public:
  /// The one of this process.
  static descriptor_reserve &of_process();

  /// A listener comes, and with it one descriptor more is kept; a listener goes.
  void add_listener();
  void remove_listener() noexcept;

  /// The process ran out, and what was given up is not yet kept again. Who accepts then without
  /// taking from here has taken what another one needs.
  // relaxed: whoever learns of it too late takes at most one.
  bool low() const noexcept { return low_.load(std::memory_order_relaxed); }
  void ran_out() noexcept { low_.store(true, std::memory_order_relaxed); }

  /// Gives one descriptor up and accepts with it, at once. False when none is kept, or when there
  /// are enough again: then it is not low any more, and `accepted` is empty, too.
  bool accept(int listener, unique_fd &accepted, int &error);

 private:
  void refill() noexcept;

  std::atomic<bool> low_{false};
  std::mutex mutex_;  // guards what follows, and what accept() has given up
  std::size_t wanted_ = 0;
  std::vector<unique_fd> kept_;
};

}  // namespace loopmeter::server
