// SPDX-License-Identifier: Apache-2.0
// Reads a protobuf exposition with protozero's reader, which shares no code with our writer, into
// plain values and a text that can be compared with a golden file.
#pragma once

#include <loopmeter/metrics/gather.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmeter::exposition::test {

using label_pairs = std::vector<std::pair<std::string, std::string>>;

struct read_exemplar {
  label_pairs labels;
  double value = 0;
  std::optional<std::int64_t> timestamp_ms;
};

struct read_bucket {
  std::uint64_t cumulative_count = 0;
  double upper_bound = 0;
  std::optional<read_exemplar> exemplar;
};

struct read_metric {
  label_pairs labels;
  std::string kind;  // the field that has the value
  double value = 0;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::int64_t> created_ms;
  std::optional<read_exemplar> exemplar;
  // Histogram and summary
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<read_bucket> buckets;
  std::vector<std::pair<double, double>> quantiles;
  bool has_native = false;
  bool has_no_op_span = false;
  metrics::native_histogram native;  // without the empty buckets within a span
  std::vector<read_exemplar> native_exemplars;
};

struct read_family {
  std::string name;
  std::string help;
  std::optional<int> type;
  std::string unit;
  std::vector<read_metric> metrics;
};

/// Throws what protozero throws, and std::runtime_error for a message that contradicts itself.
std::vector<read_family> read_protobuf(std::string_view bytes);

/// One line a value.
std::string to_text(std::vector<read_family> const &families);

}  // namespace loopmeter::exposition::test
