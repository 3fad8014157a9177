// SPDX-License-Identifier: Apache-2.0
// process_…: what the kernel knows of this process, under the names and with the meaning that all
// Prometheus client libraries give it.
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
#pragma once

#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace loopmeter::collectors {

/// Where to look; tests give folders of their own.
struct process_sources {
  std::string process = "/proc/self";
  std::string machine_stat = "/proc/stat";
};

/// A source of the process_ families. What cannot be read is left out; limits that are not set are
/// 2^64 - 1, as the kernel has them. The network's octets are those of the network namespace: of
/// the whole pod, on Kubernetes.
class process_collector {
 public:
  explicit process_collector(process_sources sources = {}) : sources_{std::move(sources)} {}

  /// Not thread-safe. Cost: about 0.1 ms, of which the kernel takes most to add up the network's
  /// counters; before Linux 6.2 also 0.5 us for each open descriptor.
  std::vector<metrics::foreign_family> operator()();

 private:
  process_sources sources_;
  std::optional<std::uint64_t> boot_time_{};  // read once: /proc/stat is long on large machines
};

/// Exposes them with the registry.
metrics::registry::source_id add_process_collector(metrics::registry &registry);

namespace detail {
/// The entries of a folder of descriptors, without the one by which it is read.
std::optional<std::uint64_t> count_listed_descriptors(std::string const &folder);
}  // namespace detail

}  // namespace loopmeter::collectors
