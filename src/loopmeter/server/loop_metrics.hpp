// SPDX-License-Identifier: Apache-2.0
// How the event loops do: whether they are late, how much of their time they use, what they hold.
#pragma once

#include <cstddef>
#include <cstdint>

#include <loopmeter/metrics/registry.hpp>

namespace loopmeter::server {

/// A value of the label `worker`: its number, or `admin`.
struct worker_label {
  std::uint32_t index = 0;
};
constexpr std::size_t label_index(worker_label worker) noexcept {
  return worker.index;
}

/// Idle: waits for the first octet of a request.
enum class connection_state : std::uint8_t { idle, active };

/// One loop's own handles; those of a loop that nobody measures drop what they get. All cost some
/// nanoseconds, once a wake-up or less.
struct loop_handles {
  metrics::histogram lag;
  metrics::histogram ready;
  metrics::float_counter cpu;
  metrics::float_counter cpu_wait;
  metrics::counter accepted;
  metrics::level idle;
  metrics::level active;
};

/// The families, with a series for each worker. Thread-safe.
class loop_metrics {
 public:
  /// With `admin` there is one more worker, that of the admin address. Throws
  /// metrics::registration_error.
  loop_metrics(metrics::registry &registry, unsigned workers, bool admin = false);

  loop_handles of(unsigned worker) const noexcept;

 private:
  metrics::histogram_family<worker_label> lag_;
  metrics::histogram_family<worker_label> ready_;
  metrics::float_counter_family<worker_label> cpu_;
  metrics::float_counter_family<worker_label> cpu_wait_;
  metrics::counter_family<worker_label> accepted_;
  metrics::level_family<worker_label, connection_state> connections_;
};

}  // namespace loopmeter::server
