// SPDX-License-Identifier: Apache-2.0
// The time of a worker's loop: read once per wake-up and once per finished request, shared by all
// that happens between (a read costs 20–25 ns, more than all metric updates of a request).
#pragma once

#include <chrono>

namespace loopmeter::server {

using clock = std::chrono::steady_clock;

class loop_clock {
 public:
  /// The time of the last update(); never more than one handler old.
  clock::time_point now() const noexcept { return now_; }
  clock::time_point update() noexcept { return now_ = clock::now(); }

 private:
  clock::time_point now_ = clock::now();
};

}  // namespace loopmeter::server
