// SPDX-License-Identifier: Apache-2.0
// What `loopcheck serve` exposes: the last result, and how the checks go.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include <loopcheck/links/links.hpp>
#include <loopmeter/metrics/registry.hpp>

namespace loopcheck {

/// How a check ended; failed: nothing is known.
enum class check_result : std::uint8_t { whole, broken, undecided, failed };
std::string_view text(check_result of) noexcept;

/// Thread-safe. The registry must outlive it.
class serve_metrics {
 public:
  explicit serve_metrics(loopmeter::metrics::registry &registry);
  ~serve_metrics();
  serve_metrics(serve_metrics const &) = delete;
  serve_metrics &operator=(serve_metrics const &) = delete;

  /// Replaces the series of chains and findings, all at once: those of chains that are gone vanish.
  void show(verdict const &found);
  void count(check_result how, std::chrono::duration<double> took);

 private:
  loopmeter::metrics::registry &registry_;
  loopmeter::metrics::counter_family<check_result> checks_;
  loopmeter::metrics::histogram duration_;
  loopmeter::metrics::gauge last_;
  std::mutex mutex_;  // guards what follows
  std::vector<loopmeter::metrics::foreign_family> shown_;
  loopmeter::metrics::registry::source_id source_;
};

}  // namespace loopcheck
