// SPDX-License-Identifier: Apache-2.0
// Where a server is in its life; what the probes answer from.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loopmeter::server {

enum class phase : std::uint8_t {
  starting,
  ready,
  draining,   ///< asked to stop: not ready, still accepting, answers say `Connection: close`
  finishing,  ///< listeners closed, requests under way may end
  stopped,
};

inline constexpr std::array<std::string_view, 5> phase_names{"starting", "ready", "draining",
                                                             "finishing", "stopped"};

/// Shared by the server, its workers and the probes. Thread-safe.
class lifecycle {
 public:
  // relaxed: a worker may learn of a change a moment later; nothing else is published by it.
  server::phase phase() const noexcept { return phase_.load(std::memory_order_relaxed); }
  void enter(server::phase p) noexcept { phase_.store(p, std::memory_order_relaxed); }

  bool ready() const noexcept { return phase() == server::phase::ready; }
  bool draining() const noexcept { return phase() >= server::phase::draining; }

 private:
  std::atomic<server::phase> phase_{server::phase::starting};
};

constexpr std::string_view name_of(phase p) noexcept {
  return phase_names[static_cast<std::size_t>(p)];
}

}  // namespace loopmeter::server
